#include "common/scenario/world.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/bits.h"
#include "common/scenario/guest_table_io.h"

namespace nestwalk::scenario {
namespace {

constexpr std::uint64_t table_memory_bytes = std::uint64_t{4} << 30;  // of the host, for tables
constexpr unsigned same_exit_limit = 16;                              // then: no progress

// Arrays large enough that only invalidations empty them. No walk caches: an entry that a table
// lacks has no trace in hardware.
MachineSpec hardware() {
  MachineSpec spec;
  spec.l1d.arrays = {{{12, 21, 30}, {.entries = 256, .ways = 0}}};
  spec.l1i.arrays = spec.l1d.arrays;
  return spec;
}

std::unique_ptr<MappingPolicy> identity(PolicyKind kind, std::uint8_t huge_lg2) {
  PolicySpec spec;
  spec.kind = kind;
  spec.huge_lg2 = {huge_lg2};
  return make_identity_policy(spec);
}

}  // namespace

World::World(const Scene& scene, std::unique_ptr<Dialect> dialect)
    : dialect_(std::move(dialect)),
      frames_({.bytes = table_memory_bytes}),
      software_(memory_),
      small_(identity(PolicyKind::base, 21)),
      huge_2m_(identity(PolicyKind::thp, 21)),
      huge_1g_(identity(PolicyKind::thp, 30)),
      vm_(memory_, frames_, {}),
      host_io_(frames_, memory_, software_, 0),
      port_(memory_) {
  const Architecture& architecture = dialect_->architecture();
  vm_.tables = architecture.make_stage2(host_io_);
  Outcome ignored;
  for (const SlotSpec& slot : scene.slots) {
    add_slot(slot, ignored);
    if (ignored.end == End::refused)
      throw BadStep(fmt::format("slot {} is refused: {}", slot.id, ignored.why));
  }
  guest_io_ = std::make_unique<GuestTableIo>(vm_, scene.guest_tables);
  guest_tables_ = architecture.make_stage1(*guest_io_);
  for (unsigned i = 0; i < scene.vcpus; ++i) {
    vcpus_.push_back(
        std::make_unique<Vcpu>(hardware(), architecture.make_engine(vm_.tables->root())));
    vcpus_.back()->engine->set_space_root(0, guest_tables_->root());
    vcpus_.back()->engine->enter_space(0);
    vcpus_.back()->mmu.registers_written();
  }
  second_ = std::make_unique<SecondStage>(vm_, host_io_, [this](Ipa at, int height) {
    return dialect_->entry_address(Stage::second, *vcpus_[0]->engine, vm_.tables->root(), at.value,
                                   height, host_io_);
  });
}

World::~World() = default;

Outcome World::perform(const Step& step) {
  Outcome outcome;
  switch (*step.act) {
    case Do::map:
      guest_map(step);
      break;
    case Do::unmap:
      guest_unmap(step);
      break;
    case Do::protect:
      guest_protect(step);
      break;
    case Do::write_entry:
      write_entry(step);
      break;
    case Do::invalidate:
      invalidate(step);
      break;
    case Do::access:
      access(step, outcome);
      break;
    case Do::add_slot:
      add_slot(step.slot, outcome);
      break;
    case Do::delete_slot:
      change_slot({step.slot.id, {}, 0, {}}, outcome);
      break;
    case Do::move_slot: {
      const Slot& slot = slot_with(step.slot.id);
      change_slot({slot.id, step.slot.gpa, slot.bytes, slot.hva, slot.read_only, slot.log_dirty},
                  outcome);
      break;
    }
    case Do::set_slot_flags:
      set_slot_flags(step, outcome);
      break;
    case Do::get_dirty_log:
      get_dirty_log(step, outcome);
      break;
    case Do::discard:
    case Do::collapse:
    case Do::protect_host:
      change_host(step, outcome);
      break;
  }
  return outcome;
}

World::Vcpu& World::vcpu(unsigned number) {
  if (number >= vcpus_.size())
    throw BadStep(fmt::format("there is no vCPU {}; allowed: 0..{}", number, vcpus_.size() - 1));
  return *vcpus_[number];
}

bool World::tlb_serves(unsigned number, Va va, const Access& access) {
  return static_cast<bool>(vcpu(number).mmu.look_in_l1(va, access));
}

void World::guest_map(const Step& step) {
  const auto sizes = guest_tables_->leaf_sizes();
  if (std::ranges::find(sizes, step.size_lg2) == sizes.end())
    throw BadStep(fmt::format("the guest's tables have no page of {} bytes", one(step.size_lg2)));
  if ((step.address | step.to) & low_mask(step.size_lg2))
    throw BadStep(fmt::format("{:#x} and {:#x} are not both aligned to {} bytes", step.address,
                              step.to, one(step.size_lg2)));
  if (step.address >> guest_tables_->input_bits())
    throw BadStep(fmt::format("{:#x} lies beyond the guest's tables", step.address));
  if (!guest_tables_->vacant(step.address, step.size_lg2, *guest_io_))
    throw BadStep(fmt::format("{:#x} is mapped already, or lies above a table", step.address));
  guest_tables_->map(step.address, step.to, step.size_lg2, step.rights, *guest_io_);
  guest_granted_.push_back({step.address, step.to, one(step.size_lg2), true});
}

void World::guest_unmap(const Step& step) {
  if (!guest_tables_->unmap(step.address, *guest_io_))
    throw BadStep(fmt::format("{:#x} is not mapped", step.address));
  invalidate(step);
}

void World::guest_protect(const Step& step) {
  if (!guest_tables_->protect(step.address, step.rights, *guest_io_))
    throw BadStep(fmt::format("{:#x} is not mapped", step.address));
  invalidate(step);
}

void World::write_entry(const Step& step) {
  const bool guest = step.stage == Stage::guest;
  TableIo& io = guest ? static_cast<TableIo&>(*guest_io_) : host_io_;
  const std::uint64_t root = guest ? guest_tables_->root() : vm_.tables->root();
  const auto at =
      dialect_->entry_address(step.stage, *vcpus_[0]->engine, root, step.address, step.height, io);
  if (!at) throw BadStep(fmt::format("{:#x} has no table there", step.address));
  io.store(*at, 8, step.word);
  if (!guest) return;
  if (const auto mapping = guest_tables_->lookup(step.address, io))
    guest_granted_.push_back({mapping->in, mapping->out, one(mapping->size_lg2), true});
}

void World::invalidate(const Step& step) {
  if (!step.invalidation) return;
  const UnmappedBlock block{Va{step.address}, step.size_lg2, step.size_lg2};
  const auto on = [&](Vcpu& target) {
    for (const Invalidation& what :
         dialect_->architecture().after_unmap(*step.invalidation, target.mmu.tag(), block).what)
      target.mmu.invalidate(what);
  };
  if (step.reach == Reach::one_vcpu) return on(vcpu(step.vcpu));
  for (const auto& target : vcpus_) on(*target);
}

void World::access(const Step& step, Outcome& outcome) {
  Vcpu& on = vcpu(step.vcpu);
  const Va va{step.address};
  unsigned same = 0;
  for (;;) {
    const WalkReply reply = on.mmu.translate(va, step.access, port_).reply;
    if (!reply.fault) return complete(step, reply, outcome);
    on.mmu.fault_taken(reply.fault, va);
    const Exit exit{*on.engine, reply.fault, va, step.access};
    const FaultFacts facts = dialect_->facts(exit);
    if (reply.fault.stage != 2) {
      outcome.end = End::fault;
      outcome.fault = facts;
      return;
    }
    same = !outcome.exits.empty() && outcome.exits.back() == facts ? same + 1 : 1;
    outcome.exits.push_back(facts);
    ++counters_.exits;
    if (same == same_exit_limit) {
      outcome.end = End::no_progress;
      return;
    }
    if (handle(exit, outcome) == Next::ends) return;
  }
}

World::Next World::handle(const Exit& exit, Outcome& outcome) {
  const Ipa at = exit.fault.ipa;
  const Answer answer = dialect_->answer(exit, vm_, second_->find(at));
  if (answer.marks_dirty) vm_.mark_dirty(at);
  switch (answer.act) {
    case Act::map:
      put_in(answer.leaf, outcome);
      return Next::again;
    case Act::spurious:
      ++counters_.spurious;
      return Next::again;
    case Act::retry:
      return Next::again;
    case Act::mmio:
      ++counters_.mmio;
      outcome.end = End::mmio;
      outcome.gpa = at;
      return Next::ends;
    case Act::skip:
      return Next::ends;
    case Act::external_abort:
      outcome.end = End::external_abort;
      return Next::ends;
    case Act::refuse:
      outcome.end = End::refused;
      outcome.why = "the host's memory does not allow it (EFAULT)";
      return Next::ends;
  }
  return Next::ends;
}

void World::put_in(const Leaf& leaf, Outcome& outcome) {
  ++counters_.mapped;
  if (second_->set(leaf)) flush_all();
  host_granted_.push_back({leaf.base.value, leaf.frame.value, one(leaf.size_lg2), leaf.writable});
  outcome.told.push_back(fmt::format("maps {:#x} -> {:#x}, {} bytes, {}", leaf.base.value,
                                     leaf.frame.value, one(leaf.size_lg2),
                                     leaf.writable ? "writable" : "read-only"));
}

void World::complete(const Step& step, const WalkReply& reply, Outcome& outcome) {
  outcome.pa = reply.pa;
  if (const auto mapping = guest_tables_->lookup(step.address, *guest_io_)) {
    outcome.gpa = Ipa{mapping->out + (step.address - mapping->in)};
    outcome.guest_lg2 = mapping->size_lg2;
    if (const Leaf* leaf = second_->find(outcome.gpa)) outcome.host_lg2 = leaf->size_lg2;
  }
  outcome.violation = judge(Va{step.address}, reply.pa, step.access.writes());
}

// Truth: the guest's tables, and behind them slots over backing. What differs was granted at some
// time, or never.
Violation World::judge(Va va, Pa pa, bool write) const {
  if (const auto mapping = guest_tables_->lookup(va.value, *guest_io_)) {
    const Grant grant = vm_.grant(Ipa{mapping->out + (va.value - mapping->in)});
    if (grant.kind == Grant::Kind::page && grant.pa == pa && (grant.writable || !write))
      return Violation::none;
  }
  for (const Granted& guest : guest_granted_) {
    if (va.value - guest.from >= guest.bytes) continue;
    const std::uint64_t gpa = guest.to + (va.value - guest.from);
    for (const Granted& host : host_granted_)
      if (gpa - host.from < host.bytes && host.to + (gpa - host.from) == pa.value &&
          (host.writable || !write))
        return Violation::stale;
  }
  return Violation::isolation;
}

}  // namespace nestwalk::scenario
