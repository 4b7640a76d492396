#include "common/host/slots.h"

#include <algorithm>

#include "common/base/bits.h"

namespace nestwalk {

bool Slot::allows_block(Ipa at, unsigned size_lg2) const {
  if (base.offset(size_lg2) != hva.offset(size_lg2)) return false;
  const Ipa block = at.aligned(size_lg2);
  return block >= base && low_mask(size_lg2) < bytes &&
         block - base <= bytes - 1 - low_mask(size_lg2);
}

std::string_view name_of(SlotError error) {
  switch (error) {
    case SlotError::none:
      return "none";
    case SlotError::bad_id:
      return "bad_id";
    case SlotError::unaligned:
      return "unaligned";
    case SlotError::wraps:
      return "wraps";
    case SlotError::too_large:
      return "too_large";
    case SlotError::out_of_reach:
      return "out_of_reach";
    case SlotError::no_such_slot:
      return "no_such_slot";
    case SlotError::changed:
      return "changed";
    case SlotError::overlap:
      return "overlap";
  }
  return "";
}

SlotError Slots::why_malformed(const SlotRequest& request) const {
  constexpr std::uint64_t most_pages = 0x7fffffff;  // KVM_MEM_MAX_NR_PAGES
  const std::uint64_t in_page = low_mask(spec_.page_lg2);
  if ((request.base.value | request.bytes | request.hva.value) & in_page)
    return SlotError::unaligned;
  if (request.id > spec_.largest_id) return SlotError::bad_id;
  if (request.base.value + request.bytes < request.base.value ||
      request.hva.value + request.bytes < request.hva.value)
    return SlotError::wraps;
  if (request.bytes >> spec_.page_lg2 > most_pages) return SlotError::too_large;
  return SlotError::none;
}

bool Slots::overlaps(const SlotRequest& request) const {
  return std::any_of(by_base_.begin(), by_base_.end(), [&](const auto& entry) {
    const Slot& slot = entry.second;
    return slot.id != request.id && slot.base < request.base + request.bytes &&
           request.base < slot.base + slot.bytes;
  });
}

SlotVerdict Slots::judge(const SlotRequest& request) const {
  if (const SlotError error = why_malformed(request); error != SlotError::none) return {error};
  const Slot* old = with_id(request.id);
  if (!request.bytes)
    return old ? SlotVerdict{SlotError::none, SlotChange::remove}
               : SlotVerdict{SlotError::no_such_slot};
  SlotVerdict verdict{SlotError::none, SlotChange::create};
  if (old) {
    if (old->hva != request.hva || old->bytes != request.bytes ||
        old->read_only != request.read_only)
      return {SlotError::changed};
    verdict.change = old->base != request.base             ? SlotChange::move
                     : old->log_dirty != request.log_dirty ? SlotChange::flags
                                                           : SlotChange::nothing;
  }
  if (verdict.change == SlotChange::create || verdict.change == SlotChange::move) {
    if (overlaps(request)) return {SlotError::overlap};
    // Linux asks the architecture after all else (kvm_arch_prepare_memory_region).
    if (request.base.value + request.bytes - 1 > low_mask(spec_.address_bits))
      return {SlotError::out_of_reach};
  }
  return verdict;
}

SlotVerdict Slots::set(const SlotRequest& request, const std::function<void(const Slot&)>& unmap) {
  const SlotVerdict verdict = judge(request);
  if (verdict.error != SlotError::none || verdict.change == SlotChange::nothing) return verdict;
  if (verdict.change == SlotChange::remove || verdict.change == SlotChange::move) {
    Slot& leaving = by_base_.at(base_of_.at(request.id));
    const Slot before = leaving;
    leaving.invalid = true;
    activated();
    unmap(before);
  }
  erase(request.id);
  if (verdict.change != SlotChange::remove) {
    by_base_[request.base.value] = {request.id,  request.base,      request.bytes,
                                    request.hva, request.read_only, request.log_dirty,
                                    false};
    base_of_[request.id] = request.base.value;
  }
  activated();
  return verdict;
}

void Slots::erase(std::uint16_t id) {
  const auto found = base_of_.find(id);
  if (found == base_of_.end()) return;
  by_base_.erase(found->second);
  base_of_.erase(found);
}

const Slot* Slots::find(Ipa at) const {
  auto next = by_base_.upper_bound(at.value);
  if (next == by_base_.begin()) return nullptr;
  const Slot& slot = std::prev(next)->second;
  return slot.holds(at) ? &slot : nullptr;
}

const Slot* Slots::with_id(std::uint16_t id) const {
  const auto found = base_of_.find(id);
  return found == base_of_.end() ? nullptr : &by_base_.at(found->second);
}

std::vector<Slots::Part> Slots::parts_of(const HvaRange& range) const {
  std::vector<Part> parts;
  for (const auto& [base, slot] : by_base_) {
    const Hva first = std::max(range.first, slot.hva);
    const Hva end = std::min(range.end(), slot.hva + slot.bytes);
    if (first < end) parts.push_back({&slot, {slot.ipa_of(first), end - first}});
  }
  return parts;
}

std::uint64_t Slots::bytes() const {
  std::uint64_t sum = 0;
  for (const auto& [base, slot] : by_base_) sum += slot.bytes;
  return sum;
}

}  // namespace nestwalk
