#include "arm64/records/canonical_stage2.h"

#include <fmt/format.h>

#include <stdexcept>

#include "common/base/bits.h"
#include "common/base/check.h"

namespace nestwalk::arm64 {
namespace {

// Host memory is its own physical memory. Each slot's begins at a place of its own, congruent with
// the guest's addresses modulo 1 GiB but for the record's offset.
constexpr unsigned slot_space_lg2 = 40;

Hva hva_of(const RecordedSlot& slot) {
  return Hva{((slot.number + std::uint64_t{1}) << slot_space_lg2) + (slot.ipa & low_mask(30)) +
             slot.host_offset};
}

unsigned page_lg2(const RecordedSlot& slot) {
  if (slot.backing == SlotBacking::pool) return slot.pool_lg2;
  return slot.backing == SlotBacking::transparent_huge ? 21 : 12;
}

}  // namespace

CanonicalStage2::CanonicalStage2(const Record& record) : backing_(no_frames_) {
  for (const RecordedSlot& slot : record.slots) {
    const unsigned lg2 = page_lg2(slot);
    auto& policy = policies_[lg2];
    if (!policy) {
      PolicySpec spec;
      spec.kind = lg2 > 12 ? PolicyKind::thp : PolicyKind::base;
      spec.huge_lg2 = {static_cast<std::uint8_t>(lg2)};
      policy = make_identity_policy(spec);
    }
    const bool pool = slot.backing == SlotBacking::pool;
    const Hva hva = hva_of(slot), first = pool ? hva.aligned(lg2) : hva;
    const std::uint64_t end = pool ? align_up(hva.value + slot.bytes, lg2) : hva.value + slot.bytes;
    backing_.add_area({.range = {first, end - first.value},
                       .policy = policy.get(),
                       .hugetlb_lg2 = static_cast<std::uint8_t>(pool ? lg2 : 0)});
    const SlotVerdict verdict =
        slots_.set({slot.number, Ipa{slot.ipa}, slot.bytes, hva, slot.read_only, slot.log_dirty});
    if (verdict.error != SlotError::none)
      throw std::invalid_argument(
          fmt::format("slot {} is refused: {}", slot.number, name_of(verdict.error)));
  }
}

bool CanonicalStage2::holds(Ipa at) const {
  auto next = entries_.upper_bound(at.value);
  if (next == entries_.begin()) return false;
  --next;
  return at.value - next->first < next->second;
}

CanonicalStage2::Outcome CanonicalStage2::access(Ipa at, bool write) {
  Outcome outcome;
  const Slot* slot = slots_.find(at);
  if (holds(at) && !(write && slot && slot->read_only)) return outcome;
  outcome.faulted = true;
  const Stage2Abort abort{.ipa = at,
                          .status = holds(at) ? AbortStatus::permission : AbortStatus::translation,
                          .write = write};
  if (abort_route(abort, slot) != AbortRoute::map) {
    outcome.end = End::device;
    return outcome;
  }
  const Touched touched = backing_.touch(slot->hva_of(at), write);
  NW_CHECK(touched, "memory without end");
  const Stage2Answer answer = page_answer(abort, *slot, {.page = touched.page}, {});
  if (answer.act == Stage2Act::refuse) {
    outcome.end = End::refused;
    return outcome;
  }
  const Mapping mapping{answer.base.value, one(answer.size_lg2)};
  mapped(mapping);
  outcome.maps.push_back(mapping);
  return outcome;
}

}  // namespace nestwalk::arm64
