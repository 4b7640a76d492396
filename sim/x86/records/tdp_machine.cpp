#include "x86/records/tdp_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "common/host/largest_block.h"
#include "common/mmu/walk_port.h"

namespace nestwalk::x86 {
namespace {

constexpr std::uint64_t token_mark = std::uint64_t{0x7e57} << 48;
constexpr std::uint64_t mmio_mark = std::uint64_t{0x3310} << 48;
constexpr std::uint64_t harness_first = 0x10000000, harness_bytes = 0x600000;
constexpr std::uint16_t harness_slot = 31;
constexpr unsigned most_faults = 64;  // of one access: beyond them it makes no progress

// Host memory is its own physical memory: each slot's begins at a place of its own, aligned but for
// the record's offset.
constexpr unsigned slot_space_lg2 = 34;
constexpr Pa zero_frame{0x1000}, first_table{std::uint64_t{1} << 33};

// Defaults of the harness (records' README).
Registers default_registers(GuestMode mode) {
  Registers r;
  r.cr0 = 0x80010011;
  switch (mode) {
    case GuestMode::five_level:
      r.cr4 = 0x1220;
      r.efer = 0xd00;
      break;
    case GuestMode::four_level:
      r.cr4 = 0x220;
      r.efer = 0xd00;
      break;
    case GuestMode::pae:
      r.cr4 = 0x220;
      r.efer = 0x800;
      break;
    case GuestMode::two_level:
      r.cr4 = 0x210;
      break;
    case GuestMode::unpaged:
      r.cr0 = 0x10011;
      break;
  }
  return r;
}

VirtualMachine npt_vm(Pa root, unsigned levels) {
  VirtualMachine vm;
  vm.paging = VirtualMachine::Paging::npt;
  vm.id = 1;
  vm.ncr3 = root.value;
  vm.host.cr0 = one(cr0_pe) | one(cr0_pg) | one(cr0_wp);
  vm.host.cr4 = one(cr4_pae);
  if (levels == 5) vm.host.cr4 |= one(cr4_la57);
  vm.host.efer = one(efer_lme) | one(efer_lma) | one(efer_nxe);
  return vm;
}

std::unique_ptr<MappingPolicy> identity(PolicyKind kind, std::uint8_t huge_lg2) {
  PolicySpec spec;
  spec.kind = kind;
  spec.huge_lg2 = {huge_lg2};
  return make_identity_policy(spec);
}

std::uint64_t masked(std::uint64_t value, unsigned bytes) {
  return bytes >= 8 ? value : value & low_mask(bytes * 8);
}

// Walks read memory that is filled when it is first looked at.
class FillingPort final : public WalkPort {
 public:
  FillingPort(PhysicalMemory& memory, const std::function<void(Pa)>& fill)
      : memory_(memory), fill_(fill) {}
  bool read(Pa at, unsigned bytes, RefPosition, std::uint64_t& word) override {
    fill_(at);
    word = memory_.read(at, bytes);
    return true;
  }
  bool update(Pa at, unsigned bytes, RefPosition, std::uint64_t& word,
              std::uint64_t wanted) override {
    NW_CHECK(memory_.read(at, bytes) == word, "one vCPU at a time");
    memory_.write(at, bytes, wanted);
    return true;
  }

 private:
  PhysicalMemory& memory_;
  const std::function<void(Pa)>& fill_;
};

TdpTraits traits_of(const Record& record) {
  TdpTraits traits;
  traits.nx_huge_pages = record.nx_huge_pages;
  traits.mmio_caching = record.mmio_caching;
  traits.dirty_with_write = record.generation >= 73;
  traits.leaves_what_serves = record.generation >= 73;
  return traits;
}

}  // namespace

TdpMachine::TdpMachine(const Record& record)
    : mode_(record.mode),
      traits_(traits_of(record)),
      generation_(record.generation),
      tables_(memory_, first_table, record.host_levels),
      small_(identity(PolicyKind::base, 21)),
      huge_2m_(identity(PolicyKind::thp, 21)),
      huge_1g_(identity(PolicyKind::thp, 30)),
      backing_(no_frames_, zero_frame),
      vcpus_(4, default_registers(record.mode)) {
  cpu_.vendor = Vendor::amd;
  cpu_.npt_wide_address_faults = false;
  cpu_.maxphyaddr = record.maxphyaddr;
  vm_ = npt_vm(tables_.root(), record.host_levels);
  add_slot({.id = harness_slot,
            .gpa = harness_first,
            .bytes = harness_bytes,
            .backing = SlotBacking::pool_2m});
  build_harness();
  for (const RecordedSlot& slot : record.slots) add_slot(slot);
}

bool TdpMachine::harness(Ipa gpa) const {
  return gpa.value >= harness_first && gpa.value - harness_first < harness_bytes;
}

// The harness's own tables: its program for the supervisor and, 4 MiB on, for the user; a window
// onto the first 16 MiB. In 32-bit mode they are the script's.
void TdpMachine::build_harness() {
  const auto put = [&](std::uint64_t at, std::uint64_t word) { poke(Ipa{at}, 8, word); };
  constexpr std::uint64_t supervisor = 0x100000e3, user = 0x100000e7, first_16m = 0xe3;
  put(0x10402800, 0x10400027);
  put(0x10400000, 0x10401027);
  put(0x10401000, supervisor);
  put(0x10401010, user);
  put(0x10403ff0, supervisor);
  put(0x10403fe0, user);
  for (std::uint64_t i = 0; i < 8; ++i) {
    put(0x10401040 + i * 8, first_16m | i << 21);
    put(0x10403f80 + i * 8, first_16m | i << 21);
  }
}

Va TdpMachine::window(std::uint64_t gpa) const {
  switch (mode_) {
    case GuestMode::unpaged:
      return Va{gpa};
    case GuestMode::two_level:
    case GuestMode::pae:
      return Va{0xfe000000 + gpa};
    default:
      return Va{0xffff800001000000 + gpa};
  }
}

Hva TdpMachine::hva_of(const RecordedSlot& slot) const {
  return Hva{((slot.id + std::uint64_t{1}) << slot_space_lg2) + slot.host_offset};
}

void TdpMachine::add_slot(const RecordedSlot& slot) {
  if (slot.id > harness_slot) throw std::invalid_argument("slot ids go up to 31");
  const Hva hva = hva_of(slot);
  const bool huge_1g = slot.backing == SlotBacking::pool_1g;
  const bool pool = huge_1g || slot.backing == SlotBacking::pool_2m;
  const unsigned lg2 = huge_1g ? 30 : pool ? 21 : 12;
  Area area;
  area.range = {hva.aligned(lg2), align_up(hva.value + slot.bytes, lg2) - hva.aligned(lg2).value};
  area.policy = huge_1g                              ? huge_1g_.get()
                : slot.backing == SlotBacking::small ? small_.get()
                                                     : huge_2m_.get();
  if (pool) area.hugetlb_lg2 = static_cast<std::uint8_t>(lg2);
  area.first_read = FirstRead::zero_page;
  if (!backing_.area_of(area.range.first)) {
    backing_.add_area(area);
    for (std::uint64_t at = 0; at < area.range.bytes;) {  // the harness has filled it
      const Touched touched = backing_.touch(area.range.first + at, true);
      NW_CHECK(touched, "memory without end");
      at = touched.page.base.value + one(touched.page.size_lg2) - area.range.first.value;
    }
  }
  SlotRequest request{slot.id, Ipa{slot.gpa}, slot.bytes, hva, slot.read_only, slot.log_dirty};
  if (const SlotVerdict verdict = slots_.set(request); verdict.error != SlotError::none)
    throw std::invalid_argument(
        fmt::format("slot {} is refused: {}", slot.id, name_of(verdict.error)));
  for (std::uint64_t page = 0; page < slot.bytes; page += 4096)
    token_of_.emplace(hva.value + page, (slot.gpa + page) >> 12);
}

void TdpMachine::delete_slot(std::uint16_t id) {
  slots_.set({id, {}, 0, {}}, [&](const Slot&) { tables_.zap_all(); });
}

void TdpMachine::move_slot(std::uint16_t id, Ipa base) {
  const Slot* slot = slots_.with_id(id);
  if (!slot) throw std::invalid_argument(fmt::format("there is no slot {}", id));
  SlotRequest request{id, base, slot->bytes, slot->hva, slot->read_only, slot->log_dirty};
  slots_.set(request, [&](const Slot&) { tables_.zap_all(); });
}

// Logging on: huge entries are split at once and everything is write-protected (D-14, eager
// splitting). Off: tables whose pages can be one entry again, 2M or 1G, give way to it, with the
// rights of their first entry; before 6.13 they are only zapped (D-16).
void TdpMachine::set_flags(std::uint16_t id, bool log_dirty, bool read_only) {
  const Slot* found = slots_.with_id(id);
  if (!found) throw std::invalid_argument(fmt::format("there is no slot {}", id));
  const Slot before = *found;
  slots_.set({id, before.base, before.bytes, before.hva, read_only, log_dirty});
  if (log_dirty == before.log_dirty) return;
  if (log_dirty) {
    for (std::uint64_t at = 0; at < before.bytes; at += one(21)) tables_.split(before.base + at);
    tables_.change(before.base, before.bytes, [](Ipa, TdpEntry& entry) { entry.writable = false; });
    return;
  }
  const Slot& slot = *slots_.with_id(id);
  for (std::uint64_t at = align_up(slot.base.value, 21), next = 0;
       at < slot.base.value + slot.bytes; at = next) {
    const std::optional<HostPage> page = backing_.find(slot.hva_of(Ipa{at}));
    const unsigned lg2 = page ? largest_block_lg2(slot, *page, Ipa{at}) : 12;
    next = at + one(lg2 > 12 ? lg2 : 21);
    if (lg2 == 12) continue;
    std::optional<TdpEntry> first;
    tables_.change(Ipa{at}, one(lg2), [&](Ipa, TdpEntry& entry) {
      if (entry.size_lg2 < lg2 && !first) first = entry;
    });
    if (!first) continue;
    tables_.zap(Ipa{at}, one(lg2));
    if (generation_ < 73) continue;
    const std::uint64_t offset = slot.hva_of(Ipa{at}) - page->base;
    TdpEntry entry{.kind = TdpEntry::Kind::page,
                   .frame = page->frame + offset,
                   .size_lg2 = static_cast<std::uint8_t>(lg2)};
    entry.writable = first->writable;
    entry.executable = !traits_.nx_huge_pages;
    entry.accessed = entry.dirty = true;
    entry.host_writable = entry.mmu_writable = page->writable;
    tables_.set(Ipa{at}, entry);
  }
}

std::vector<std::uint64_t> TdpMachine::take_dirty(std::uint16_t id) {
  const std::set<std::uint64_t> frames = std::exchange(dirty_[id], {});
  for (const std::uint64_t frame : frames)
    tables_.change(Ipa{frame << 12}, 4096, [](Ipa, TdpEntry& entry) { entry.writable = false; });
  return {frames.begin(), frames.end()};
}

void TdpMachine::discard(Ipa first, std::uint64_t bytes) {
  const Slot* slot = slots_.find(first);
  if (!slot) throw std::invalid_argument("no slot there");
  const HvaRange range{slot->hva_of(first), bytes};
  const HvaRange changed = backing_.changed_by(range);
  notify(slot->ipa_of(changed.first), changed.bytes);
  backing_.discard(range);
  for (std::uint64_t at = 0; at < bytes; at += 4096) {
    memory_.clear_frame(Pa{range.first.value + at});
    token_of_.erase(range.first.value + at);
  }
}

void TdpMachine::refill(Ipa first, std::uint64_t bytes) {
  const Slot* slot = slots_.find(first);
  if (!slot) throw std::invalid_argument("no slot there");
  for (std::uint64_t at = 0; at < bytes; at += 4096) {
    const Hva hva = slot->hva_of(first + at);
    const std::optional<HostPage> page = backing_.find(hva);
    if (page && page->zero_page) notify(first + at, 4096);
    backing_.touch(hva, true);
    memory_.clear_frame(Pa{hva.value});
    token_of_[hva.value] = (first.value + at) >> 12;
  }
}

void TdpMachine::prefault(Ipa first, std::uint64_t bytes, Observed& seen) {
  for (std::uint64_t at = 0; at < bytes; at += 4096)
    answer({.gpa = first + at, .prefetch = true}, seen);
}

std::uint64_t TdpMachine::load(Pa at, unsigned bytes) {
  const std::uint64_t page = at.value & ~std::uint64_t{4095};
  if (const auto token = token_of_.find(page); token != token_of_.end()) {
    if (memory_.read(Pa{page}, 8) == 0) memory_.write(Pa{page}, 8, token_mark | token->second);
  }
  const std::uint64_t word = memory_.read(at.aligned(3), 8);
  return masked(word >> (at.value & 7) * 8, bytes);
}

void TdpMachine::store(Pa at, unsigned bytes, std::uint64_t data) {
  const unsigned shift = static_cast<unsigned>(at.value & 7) * 8;
  const std::uint64_t mask = masked(~std::uint64_t{0}, bytes) << shift;
  const Pa word = at.aligned(3);
  memory_.write(word, 8, (load(word, 8) & ~mask) | (data << shift & mask));
}

bool TdpMachine::poke(Ipa at, unsigned bytes, std::uint64_t word) {
  const Slot* slot = slots_.find(at);
  if (!slot) return false;
  token_of_.erase(slot->hva_of(at).value & ~std::uint64_t{4095});  // written: as it stands
  store(Pa{slot->hva_of(at).value}, bytes, word);
  return true;
}

std::optional<std::uint64_t> TdpMachine::peek(Ipa at, unsigned bytes) {
  const Slot* slot = slots_.find(at);
  if (!slot) return std::nullopt;
  const std::optional<HostPage> page = backing_.find(slot->hva_of(at));
  if (!page || page->zero_page) return 0;
  return load(Pa{slot->hva_of(at).value}, bytes);
}

TdpAnswer TdpMachine::judge(const TdpViolation& fault, const TdpEntry& found) {
  const Slot* slot = slots_.find(fault.gpa);
  const std::uint64_t generation = slots_.generation();
  if (fault.reserved)
    if (const auto answer = mmio_answer(fault, found, generation)) return *answer;
  if (const auto answer = fast_answer(fault, found, slot)) return *answer;
  if (const auto answer = slot_answer(fault, slot, generation, traits_)) return *answer;
  const Touched touched = backing_.touch(slot->hva_of(fault.gpa), fault.write && !slot->read_only);
  if (!touched) return {.act = TdpAct::emulate};
  return page_answer(fault, *slot, {.page = touched.page}, found, traits_);
}

TdpMachine::Progress TdpMachine::answer(const TdpViolation& fault, Observed& seen) {
  return apply(fault, judge(fault, tables_.find(fault.gpa)), seen);
}

TdpMachine::Progress TdpMachine::apply(const TdpViolation& fault, const TdpAnswer& answer,
                                       Observed& seen) {
  const Slot* slot = slots_.find(fault.gpa);
  if (answer.marks_dirty && slot) dirty_[slot->id].insert(fault.gpa.value >> 12);
  switch (answer.act) {
    case TdpAct::map:
    case TdpAct::fix:
      if (answer.splits) tables_.zap(answer.base, 1);
      tables_.set(answer.base, answer.entry);
      if (answer.act == TdpAct::map && !harness(fault.gpa))
        seen.leaves.push_back(
            fmt::format("{:#x}:{}", answer.base.value >> 12, (answer.entry.size_lg2 - 12) / 9 + 1));
      return Progress::retry;
    case TdpAct::cache_and_emulate:
      tables_.set(answer.base, answer.entry);
      return Progress::emulate;
    case TdpAct::emulate:
      return Progress::emulate;
    case TdpAct::spurious:
    case TdpAct::retry:
      break;
  }
  return Progress::retry;
}

Engine TdpMachine::engine_for(unsigned vcpu, bool alignment_check) const {
  Engine engine(cpu_);
  Registers registers = vcpus_.at(vcpu);
  if (alignment_check) registers.rflags = one(rflags_ac);
  engine.set(registers, vm_);
  return engine;
}

void TdpMachine::access(const GuestAccess& access, Observed& seen) {
  Engine engine = engine_for(access.vcpu, access.alignment_check);
  const std::function<void(Pa)> fill = [this](Pa at) { load(at, 1); };
  FillingPort port(memory_, fill);
  for (unsigned faults = 0; faults < most_faults; ++faults) {
    WalkCaches none({}, 0);
    const WalkReply reply = engine.walk(access.va, access.how, none, port);
    if (!reply.fault) return complete(access, reply.pa, seen);
    const Syndrome syndrome = engine.syndrome(reply.fault, access.va, access.how);
    if (syndrome.kind != Syndrome::Kind::nested_page_fault) {
      seen.exception = true;
      seen.vector = syndrome.kind == Syndrome::Kind::page_fault ? 14 : 13;
      seen.error = syndrome.code;
      seen.cr2 = access.va.value;
      return;
    }
    const Ipa gpa = syndrome.guest_physical;
    if (!harness(gpa))
      seen.page_faults.push_back(fmt::format("npf:{:#x}@{:#x}", syndrome.code, gpa.value));
    const TdpViolation fault{.gpa = gpa,
                             .write = bit(syndrome.code, 1),
                             .fetch = bit(syndrome.code, 4),
                             .present = bit(syndrome.code, 0),
                             .reserved = bit(syndrome.code, 3)};
    if (answer(fault, seen) == Progress::retry) continue;
    if (reply.fault.on_table_walk)
      seen.not_modelled = "guest tables outside of memory";
    else
      emulate(access, gpa, seen);
    return;
  }
  seen.not_modelled = "the same fault for ever";
}

void TdpMachine::run_harness(unsigned vcpu, Observed& seen) {
  constexpr std::uint64_t code = 0x1000;
  GuestAccess fetch{.vcpu = vcpu, .how = {.type = AccessType::fetch, .user = false}};
  switch (mode_) {
    case GuestMode::unpaged:
      fetch.va = Va{harness_first + code};
      break;
    case GuestMode::two_level:
    case GuestMode::pae:
      fetch.va = Va{0xffc00000 + code};
      break;
    default:
      fetch.va = Va{0xffff800000000000 + code};
  }
  access(fetch, seen);
  if (seen.exception) seen.not_modelled = "the harness itself is not mapped";
  seen.value.clear();
}

void TdpMachine::complete(const GuestAccess& access, Pa at, Observed& seen) {
  if ((at.value & 7) + access.bytes > 8 && access.how.type != AccessType::fetch) {
    seen.not_modelled = "an access across words";
    return;
  }
  switch (access.how.type) {
    case AccessType::read:
      seen.value = fmt::format("{:#x}", load(at, access.bytes));
      break;
    case AccessType::write:
      store(at, access.bytes, access.data);
      seen.value = "done";
      break;
    case AccessType::fetch: {  // the code of a page gives its number
      const auto token = token_of_.find(at.value & ~std::uint64_t{4095});
      if (token == token_of_.end())
        seen.not_modelled = "code that is not there";
      else
        seen.value = fmt::format("{:#x}", token->second);
    }
  }
}

void TdpMachine::emulate(const GuestAccess& access, Ipa gpa, Observed& seen) {
  if (access.how.type == AccessType::fetch) {
    seen.not_modelled = "code outside of memory";
    return;
  }
  const bool write = access.how.type == AccessType::write;
  const std::uint64_t data =
      write ? masked(access.data, access.bytes) : mmio_mark | gpa.value >> 12;
  seen.mmio.push_back({gpa.value, access.bytes, data, write});
  seen.value = write ? "done" : fmt::format("{:#x}", masked(data, access.bytes));
}

}  // namespace nestwalk::x86
