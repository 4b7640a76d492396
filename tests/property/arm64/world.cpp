#include "world.h"

#include <fmt/format.h>

#include <sstream>

namespace nestwalk::arm64::test {
namespace {

using K = TlbiKind;

constexpr unsigned slots_of_block = 4;

bool only_at_el2(K kind) {
  for (const K one : {K::vmalls12e1, K::alle1, K::alle2, K::vae2, K::vale2, K::rvae2, K::rvale2,
                      K::ipas2e1, K::ipas2le1, K::ripas2e1, K::ripas2le1})
    if (kind == one) return true;
  return false;
}

Outcome outcome_of(const WalkReply& reply) {
  if (!reply.fault) return {.pa = reply.pa.value};
  return {reply.fault.cause, reply.fault.stage, reply.fault.on_table_walk, 0};
}

std::string text(const std::set<Outcome>& outcomes) {
  std::ostringstream out;
  for (const Outcome& outcome : outcomes) out << "  " << outcome << "\n";
  return out.str();
}

}  // namespace

// Stage-2 tables, and EL2's own: at physical addresses.
class World::HostIo final : public TableIo {
 public:
  explicit HostIo(World& world) : world_(world) {}
  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return world_.memory_.read(Pa{at}, bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    world_.memory_.write(Pa{at}, bytes, word);
  }
  std::uint64_t allocate_table(unsigned size_lg2) override {
    // Concatenated start tables: frames side by side.
    world_.next_frame_ = align_up(world_.next_frame_, std::max(size_lg2, world_.page_));
    const std::uint64_t at = world_.next_frame_;
    world_.next_frame_ += one(std::max(size_lg2, world_.page_));
    return at;
  }
  void free_table(std::uint64_t, unsigned) override {}

 private:
  World& world_;
};

// Stage-1 tables of a virtual machine: wherever its stage 2 has them now.
class World::GuestIo final : public TableIo {
 public:
  GuestIo(World& world, Machine& machine) : world_(world), machine_(machine) {}
  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return world_.memory_.read(behind(at), bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    world_.memory_.write(behind(at), bytes, word);
  }
  std::uint64_t allocate_table(unsigned) override {
    const std::uint64_t ipa = world_.table_ipa(machine_.table_ipas++);
    HostIo host(world_);
    machine_.host->map(ipa, world_.new_frame(), world_.page_, {}, host);
    return ipa;
  }
  void free_table(std::uint64_t, unsigned) override {}

 private:
  Pa behind(std::uint64_t ipa) {
    HostIo host(world_);
    return Pa{machine_.host->lookup(ipa, host).value().out + (ipa & low_mask(world_.page_))};
  }
  World& world_;
  Machine& machine_;
};

World::World(Granule granule, bool walk_caches_hold_physical, bool has_stage1_tlb,
             bool force_broadcast)
    : page_(row(granule).lg2), stride_(row(granule).stride) {
  spec_.features.bbm = 0;
  spec_.stage1->granule = spec_.stage2->granule = granule;
  spec_.stage1->va_bits = row(granule).span_lg2(granule == Granule::k4 ? 2 : 1);
  MachineSpec hardware;
  hardware.l1d.arrays = small_tlb();
  hardware.walk_caches = small_caches();
  hardware.walk_caches.stage1_holds_physical = walk_caches_hold_physical;
  if (has_stage1_tlb) hardware.walk_caches.stage1_tlb = {{{12, 14, 21, 25}, {.entries = 16}}};
  for (; hardware.seed < 2; ++hardware.seed) cpus_.emplace_back(memory_, hardware, spec_.features);
  for (unsigned number = 0; number < machines_.size(); ++number) make_machine(number);
  if (force_broadcast)
    for (Machine& machine : machines_) machine.regs.hcr_el2 |= one(9);
  HostIo host(*this);
  el2_ = build_guest_tables(engine(el2_space), host);
  el2_->map(va_of(0), pa_of(0, 0), page_, {}, host);
}

void World::make_machine(unsigned number) {
  Machine& machine = machines_[number];
  spec_.stage2->vmid = static_cast<std::uint16_t>(1 + number);
  Registers& regs = machine.regs = build_registers(spec_);
  // EL2: 4K, 16K, 64K are numbered alike in TCR_EL2 and TCR_EL1.
  regs.sctlr_el2 = 1;
  regs.tcr_el2 = (regs.tcr_el1 & (low_mask(6) | field_mask(15, 14))) | 5 << 16 | one(23) | one(31);
  HostIo host(*this);
  const Engine before(spec_.features, {}, regs);
  machine.host = build_host_tables(before, host);
  Engine rooted = before;
  use_host_tables(rooted, machine.host->root());
  regs = rooted.registers();
  GuestIo guest(*this, machine);
  for (auto& tables : machine.guest) {
    tables = build_guest_tables(rooted, guest);
    for (unsigned slot = 0; slot < 3; ++slot)
      tables->map(va_of(slot), ipa_of(slot), page_, {}, guest);
  }
  for (unsigned slot = 0; slot < 3; ++slot)
    machine.host->map(ipa_of(slot), pa_of(number, slot), page_, {}, host);
}

// Slots 0 to 3 lie in one block, 4 to 7 in the next.
std::uint64_t World::va_of(unsigned slot) const {
  return (std::uint64_t{slot / slots_of_block} << lg2(true)) +
         (std::uint64_t{slot % slots_of_block} << page_);
}
std::uint64_t World::ipa_of(unsigned slot) const { return (8 << lg2(true)) + va_of(slot); }
std::uint64_t World::pa_of(unsigned machine, unsigned slot) const {
  return (std::uint64_t{32 + 16 * machine} << lg2(true)) + va_of(slot);
}
std::uint64_t World::table_ipa(std::uint64_t page) const {
  return (std::uint64_t{16} << lg2(true)) + (page << page_);
}
std::uint64_t World::new_frame() {
  const std::uint64_t at = next_frame_ = align_up(next_frame_, page_);
  next_frame_ += one(page_);
  return at;
}

PageTables& World::stage1(unsigned space) {
  return space == el2_space ? *el2_ : *machines_[space / 2].guest[space % 2];
}
std::unique_ptr<TableIo> World::io(unsigned space) {
  if (space == el2_space) return std::make_unique<HostIo>(*this);
  return std::make_unique<GuestIo>(*this, machines_[space / 2]);
}
Registers World::registers(unsigned space) const {
  if (space == el2_space) {
    Registers regs = machines_[0].regs;
    if (el2_) regs.ttbr0_el2 = el2_->root();
    return regs;
  }
  Registers regs = machines_[space / 2].regs;
  regs.ttbr0_el1 = machines_[space / 2].guest[space % 2]->root() | std::uint64_t{7 + space % 2}
                                                                       << 48;
  return regs;
}
ProcessorState World::state(unsigned space) const {
  return {.el = space == el2_space ? std::uint8_t{2} : std::uint8_t{1}};
}

Engine World::engine(unsigned space) const {
  return Engine(spec_.features, {}, registers(space), state(space));
}

NaiveSpace World::naive_space(unsigned space) const {
  NaiveSpace s;
  s.page_lg2 = page_;
  s.stride = stride_;
  s.stage1_height = page_ == 12 ? 2 : 1;
  if (space == el2_space) {
    s.owner.regime = static_cast<std::uint16_t>(Regime::el2);
    s.two_stages = false;
    s.one_privilege = true;
    s.stage1_root = el2_->root();
    return s;
  }
  const Machine& machine = machines_[space / 2];
  s.owner.vm = static_cast<std::uint16_t>(1 + space / 2);
  s.owner.space = static_cast<std::uint16_t>(7 + space % 2);
  s.stage1_root = machine.guest[space % 2]->root();
  s.stage2_root = machine.host->root();
  // 40 bits: as few levels as 16 start tables side by side allow.
  s.stage2_height = page_ == 12 ? 2 : 1;
  return s;
}

std::string World::run(const Command& command) {
  if (command.kind == Command::Kind::access) return access(command);
  if (command.kind == Command::Kind::tlbi)
    invalidate(command);
  else
    edit(command);
  return {};
}

void World::edit(const Command& c) {
  using enum Command::Kind;
  const unsigned space = c.space;
  if (c.kind <= replace) {
    const std::uint64_t out = space == el2_space ? pa_of(0, c.target) : ipa_of(c.target);
    edit_stage(stage1(space), *io(space), c, va_of(c.slot), out);
  } else if (space != el2_space) {
    const unsigned number = space / 2;
    if (c.kind == move_table) return move_stage1_table(c);
    HostIo host(*this);
    Command as_stage1 = c;
    as_stage1.kind = static_cast<Command::Kind>(static_cast<int>(c.kind) - static_cast<int>(map2));
    edit_stage(*machines_[number].host, host, as_stage1, ipa_of(c.slot), pa_of(number, c.target));
  }
}

// `command` as one of the first four kinds.
void World::edit_stage(PageTables& tables, TableIo& io, const Command& c, std::uint64_t in,
                       std::uint64_t out) {
  using enum Command::Kind;
  const unsigned size = lg2(c.block);
  const MapRights rights{.write = c.write, .global = c.global};
  switch (c.kind) {
    case map:
      if (tables.vacant(in, size, io))
        tables.map(align_down(in, size), align_down(out, size), size, rights, io);
      break;
    case unmap:
      tables.unmap(in, io);
      break;
    case protect:
      tables.protect(in, rights, io);
      break;
    default: {
      const bool stage2 = &tables == machines_[0].host.get() || &tables == machines_[1].host.get();
      // Valid, shareable, AF; at stage 2 Normal and read-write; at stage 1 for EL0, nG, PXN.
      const std::uint64_t attributes = 0x701 | (stage2 ? 0xfc : 0x40 | one(11) | one(53));
      toggle_block(tables, io, in, align_down(out, lg2(true)) | attributes);
      break;
    }
  }
}

// The entry one level above the last, if a table, becomes a block, and later itself again.
void World::toggle_block(PageTables& tables, TableIo& io, std::uint64_t in, std::uint64_t leaf) {
  std::uint64_t at = tables.root();
  if (page_ == 12) {  // one level more, at both stages
    const std::uint64_t word = io.load(at + 8 * (in >> (lg2(true) + stride_)), 8);
    if ((word & 3) != 3) return;
    at = (word & field_mask(47, page_)) + 8 * (in >> lg2(true) & low_mask(stride_));
  } else {
    at += 8 * (in >> lg2(true));
  }
  const std::pair key{static_cast<const PageTables*>(&tables), in >> lg2(true)};
  const std::uint64_t now = io.load(at, 8);
  if (const auto was = replaced_.find(key); was != replaced_.end()) {
    io.store(at, 8, was->second);
    replaced_.erase(was);
  } else if ((now & 3) == 3) {
    replaced_[key] = now;
    io.store(at, 8, leaf);
  }
}

void World::move_stage1_table(const Command& c) {
  Machine& machine = machines_[c.space / 2];
  const std::uint64_t ipa = table_ipa(c.target % machine.table_ipas);
  HostIo host(*this);
  const Mapping now = machine.host->lookup(ipa, host).value();
  const std::uint64_t frame = new_frame();
  for (std::uint64_t at = 0; at < one(page_); at += 8)
    if (const std::uint64_t word = memory_.read(Pa{now.out + at}, 8))
      memory_.write(Pa{frame + at}, 8, word);
  memory_.write(Pa{now.entry_at}, 8, (now.word & ~field_mask(47, page_)) | frame);
}

std::string World::access(const Command& c) {
  Processor& cpu = cpus_[c.cpu];
  const Va va{va_of(c.slot) + 0x18};
  Access how = c.access;
  if (c.space == el2_space) how.user = false;
  const NaiveSpace space = naive_space(c.space);
  const std::set<Outcome> allowed = cpu.naive.access(space, va.value, how);
  cpu.engine.set_registers(registers(c.space));
  cpu.engine.set_processor_state(state(c.space));
  cpu.mmu.registers_written();
  const Outcome given = outcome_of(cpu.mmu.translate(va, how, port_).reply);
  ++accesses;
  choices += allowed.size() > 1;
  faults += given.cause != FaultCause::none;

  // Without caches there is one answer, and both models give it.
  WalkCaches none({}, 0);
  const Outcome cold = outcome_of(cpu.engine.walk(va, how, none, port_));
  const std::set<Outcome> naive_cold = NaiveMmu(memory_).access(space, va.value, how);
  if (naive_cold != std::set{cold}) {
    std::ostringstream out;
    out << "a cold walk gives " << cold << ", the naive one\n" << text(naive_cold);
    return out.str();
  }
  if (allowed.contains(given)) return {};
  std::ostringstream out;
  out << "given " << given << "; a cold walk gives " << cold << "; allowed:\n" << text(allowed);
  return out.str();
}

void World::invalidate(const Command& c) {
  const bool el1 = c.at_el1 && !only_at_el2(c.tlbi.kind) && c.space != el2_space;
  Tlbi op = c.tlbi;
  op.address = op.by_ipa() ? ipa_of(c.slot) : va_of(c.slot);
  const Registers regs = registers(c.space);
  const TlbiEffect effect =
      tlbi({op.kind, op.scope, op.nxs}, op.operand(), regs, el1 ? 1 : 2, spec_.features, {});
  for (unsigned i = 0; i < cpus_.size(); ++i) {
    if (i != c.cpu && effect.scope == TlbiScope::local) continue;
    for (const Invalidation& what : effect.what) cpus_[i].mmu.invalidate(what);
  }
  // The manual: this processor alone, unless IS, OS or HCR_EL2.FB at EL1.
  const bool broadcast = op.scope != TlbiScope::local || (el1 && (regs.hcr_el2 >> 9 & 1));
  const auto vmid = static_cast<std::uint16_t>(c.space == el2_space ? 1 : 1 + c.space / 2);
  for (unsigned i = 0; i < cpus_.size(); ++i)
    if (i == c.cpu || broadcast) cpus_[i].naive.invalidate(op, vmid);
}

std::string World::settle() {
  for (const K kind : {K::alle1, K::alle2}) {
    Command all;
    all.kind = Command::Kind::tlbi;
    all.tlbi.kind = kind;
    invalidate(all);
  }
  for (const Processor& cpu : cpus_)
    if (cpu.naive.held() || !cpu.mmu.empty()) return "something is left after ALLE1 and ALLE2";
  Command last;
  for (last.space = 0; last.space <= el2_space; ++last.space)
    for (last.slot = 0; last.slot < 2 * slots_of_block; ++last.slot)
      if (const std::string wrong = access(last); !wrong.empty()) return wrong;
  return {};
}

}  // namespace nestwalk::arm64::test
