// The host's side of a scenario's machine: slots, dirty logs, and what the host does to the memory
// of the virtual machine's process.
#include <fmt/format.h>

#include "common/base/bits.h"
#include "common/host/largest_block.h"
#include "common/scenario/guest_table_io.h"
#include "common/scenario/world.h"

namespace nestwalk::scenario {
namespace {

// A slot that is added gets memory of its own, at an address congruent with the guest's addresses
// modulo 1 GiB but for the offset that the scenario asks for. Frames have the process's addresses.
constexpr unsigned slot_space_lg2 = 35;

constexpr unsigned most_areas = 512;

Hva hva_of(const SlotSpec& slot, std::uint64_t area) {
  return Hva{((area + 1) << slot_space_lg2) + (slot.gpa.value & low_mask(30)) +
             slot.host_offset_bytes};
}

// Contents follow the pages: a discarded page reads as zero, a collapsed one as what it replaced.
std::vector<Pa> frames_of(const Backing& backing, const HvaRange& range) {
  std::vector<Pa> frames;  // of each 4 KiB; 0: nothing there
  for (std::uint64_t at = 0; at < range.bytes; at += 4096) {
    const Hva hva = range.first + at;
    const auto page = backing.find(hva);
    frames.push_back(page ? page->frame + (hva - page->base) : Pa{});
  }
  return frames;
}

unsigned pool_lg2(BackingKind kind) {
  if (kind == BackingKind::pool_1g) return 30;
  return kind == BackingKind::pool_2m ? 21 : 0;
}

}  // namespace

const Slot& World::slot_around(Ipa at) const {
  const Slot* slot = vm_.slots.find(at);
  if (!slot) throw BadStep(fmt::format("{:#x} lies in no slot", at.value));
  return *slot;
}

const Slot& World::slot_with(std::uint16_t id) const {
  const Slot* slot = vm_.slots.with_id(id);
  if (!slot) throw BadStep(fmt::format("there is no slot {}", id));
  return *slot;
}

void World::add_slot(const SlotSpec& wanted, Outcome& outcome) {
  if (vm_.slots.with_id(wanted.id)) throw BadStep(fmt::format("slot {} exists", wanted.id));
  if (areas_ == most_areas) throw BadStep(fmt::format("more than {} slots are added", most_areas));
  const Hva hva = hva_of(wanted, areas_);
  const SlotRequest request{wanted.id, wanted.gpa,       wanted.bytes,
                            hva,       wanted.read_only, wanted.log_dirty};
  if (const SlotVerdict verdict = vm_.slots.judge(request); verdict.error != SlotError::none) {
    outcome.end = End::refused;
    outcome.why = name_of(verdict.error);
    return;
  }
  const unsigned lg2 = pool_lg2(wanted.backing);
  const unsigned align_lg2 = lg2 ? lg2 : 12;
  const Hva first = hva.aligned(align_lg2);
  Area area;
  area.range = {first, align_up(hva.value + wanted.bytes, align_lg2) - first.value};
  area.policy = lg2 == 30                              ? huge_1g_.get()
                : wanted.backing == BackingKind::small ? small_.get()
                                                       : huge_2m_.get();
  area.hugetlb_lg2 = static_cast<std::uint8_t>(lg2);
  vm_.backing.add_area(area);
  ++areas_;
  change_slot(request, outcome);
}

void World::change_slot(const SlotRequest& request, Outcome& outcome) {
  const SlotVerdict verdict = vm_.set_slot(request, [&](const Slot& slot) {
    zap(dialect_->unmaps_all_with_a_slot() ? IpaRange{Ipa{}, ~std::uint64_t{0}}
                                           : IpaRange{slot.base, slot.bytes},
        true, outcome);
  });
  if (verdict.error == SlotError::none) return;
  outcome.end = End::refused;
  outcome.why = name_of(verdict.error);
}

void World::set_slot_flags(const Step& step, Outcome& outcome) {
  const Slot before = slot_with(step.slot.id);
  change_slot(
      {before.id, before.base, before.bytes, before.hva, step.slot.read_only, step.slot.log_dirty},
      outcome);
  if (outcome.end == End::refused || step.slot.log_dirty == before.log_dirty) return;
  const Slot& slot = slot_with(step.slot.id);
  if (before.log_dirty) {
    if (dialect_->recovers_large_entries()) recover_large_entries(slot, outcome);
    return;
  }
  if (dialect_->splits_when_logging_begins())
    for (std::uint64_t at = 0; at < slot.bytes; at += one(21)) second_->split(slot.base + at);
  second_->write_protect({slot.base, slot.bytes});
  flush_all();
}

// kvm_tdp_mmu_recover_huge_pages: blocks that are mapped by small entries and whose host page
// is large become one entry, in place, with the rights of the first small one (D-16; real KVM, 7.3:
// read-only and writable by the MMU where that had not been written; the fast path does the rest).
void World::recover_large_entries(const Slot& slot, Outcome& outcome) {
  bool changed = false;
  for (std::uint64_t at = align_up(slot.base.value, 21), next = 0;
       at < slot.base.value + slot.bytes; at = next) {
    const std::optional<HostPage> page = vm_.backing.find(slot.hva_of(Ipa{at}));
    const unsigned lg2 = page ? largest_block_lg2(slot, *page, Ipa{at}) : 12;
    next = at + one(lg2 > 12 ? lg2 : 21);
    if (lg2 == 12) continue;
    const auto first = second_->all().lower_bound(at);
    if (first == second_->all().end() || first->first >= next || first->second.size_lg2 >= lg2)
      continue;
    Leaf leaf = first->second;
    leaf.base = Ipa{at};
    leaf.frame = page->frame + (slot.hva_of(Ipa{at}) - page->base);
    leaf.size_lg2 = static_cast<std::uint8_t>(lg2);
    put_in(leaf, outcome);
    changed = true;
  }
  if (changed) flush_all();
}

void World::get_dirty_log(const Step& step, Outcome& outcome) {
  const Slot& slot = slot_with(step.slot.id);
  const auto log = vm_.dirty_logs.find(slot.id);
  if (log == vm_.dirty_logs.end()) throw BadStep(fmt::format("slot {} has no dirty log", slot.id));
  outcome.dirty = log->second.take();
  for (const std::uint64_t page : outcome.dirty)
    second_->write_protect({slot.base + (page << 12), 4096});
  if (!outcome.dirty.empty() && step.flush) flush_all();
}

void World::change_host(const Step& step, Outcome& outcome) {
  if ((step.address | step.bytes) & 4095)
    throw BadStep(fmt::format("{:#x} and {} are not whole pages", step.address, step.bytes));
  const Slot& slot = slot_around(Ipa{step.address});
  const Hva hva = slot.hva_of(Ipa{step.address});
  const HvaRange range =
      *step.act == Do::collapse ? HvaRange{hva.aligned(21), one(21)} : HvaRange{hva, step.bytes};
  const auto unmap = [&](const IpaRange& part) { zap(part, step.flush, outcome); };
  const bool done = vm_.change_host(range, unmap, [&](Backing& backing) {
    if (*step.act == Do::protect_host)
      return backing.protect(range, !step.readable  ? HostRights::none
                                    : step.writable ? HostRights::read_write
                                                    : HostRights::read);
    if (*step.act == Do::collapse) return collapse(backing, range.first);
    return discard(backing, range);
  });
  if (done) return;
  outcome.end = End::refused;
  outcome.why = "the host cannot do that there (EINVAL)";
}

bool World::discard(Backing& backing, const HvaRange& range) {
  const std::vector<Pa> frames = frames_of(backing, range);
  if (!backing.discard(range)) return false;
  for (const Pa frame : frames)
    if (frame != Pa{}) memory_.clear_frame(frame);
  return true;
}

bool World::collapse(Backing& backing, Hva at) {
  const HvaRange block{at.aligned(21), one(21)};
  const std::vector<Pa> from = frames_of(backing, block);
  if (!backing.collapse(at, 21)) return false;
  const std::vector<Pa> to = frames_of(backing, block);
  for (std::size_t page = 0; page < from.size(); ++page)
    for (std::uint64_t word = 0; from[page] != Pa{} && word < 4096; word += 8)
      memory_.write(to[page] + word, 8, memory_.read(from[page] + word, 8));
  return true;
}

void World::zap(const IpaRange& range, bool flush, Outcome& outcome) {
  const unsigned zapped = second_ ? second_->zap(range) : 0;
  counters_.zapped += zapped;
  if (!zapped) return;
  outcome.told.push_back(fmt::format("unmaps {} entries", zapped));
  if (flush) flush_all();
}

void World::flush_all() {
  ++counters_.flushes;
  for (const auto& target : vcpus_)
    for (const Invalidation& what :
         dialect_->architecture().after_unmap(UnmapInvalidation::all, target->mmu.tag(), {}).what)
      target->mmu.invalidate(what);
}

}  // namespace nestwalk::scenario
