// Which pages of a slot have been written since user space last asked: KVM's dirty bitmap. Both
// protocols: KVM_GET_DIRTY_LOG clears what it gives; with KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2 user
// space clears, range by range. Whoever clears a bit makes the next write to that page fault, or be
// recorded by hardware, again: clear() and take() name the pages.
// Linux 6.14, virt/kvm/kvm_main.c: kvm_get_dirty_log_protect, kvm_clear_dirty_log_protect.
#pragma once
#include <cstdint>
#include <optional>
#include <vector>

namespace nestwalk {

// How a write to a page of a logged slot is seen.
enum class DirtyTracking : std::uint8_t {
  write_protect,  // the page is mapped read-only: the write faults
  dirty_bit       // the hardware's dirty flag is clear: hardware logs the address (x86 PML)
};

class DirtyLog {
 public:
  // `all_set`: every page counts as dirty at first (KVM_DIRTY_LOG_INITIALLY_SET).
  explicit DirtyLog(std::uint64_t pages, bool all_set = false) : dirty_(pages, all_set) {}

  std::uint64_t pages() const { return dirty_.size(); }
  // Pages are numbered within the slot.
  void mark(std::uint64_t page) { dirty_.at(page) = true; }
  bool is_dirty(std::uint64_t page) const { return dirty_.at(page); }

  // The dirty pages, ascending.
  std::vector<std::uint64_t> read() const {
    std::vector<std::uint64_t> all;
    for (std::uint64_t page = 0; page < dirty_.size(); ++page)
      if (dirty_[page]) all.push_back(page);
    return all;
  }
  // Gives and clears them.
  std::vector<std::uint64_t> take() {
    const std::vector<std::uint64_t> taken = read();
    for (const std::uint64_t page : taken) dirty_[page] = false;
    return taken;
  }
  // Clears those of [first, first + count) that `wanted` names; gives those that were dirty.
  // Nothing and no change: `first` is no multiple of 64, the range leaves the slot, or `count` is
  // neither a multiple of 64 nor reaches to the slot's end (EINVAL).
  std::optional<std::vector<std::uint64_t>> clear(std::uint64_t first, std::uint64_t count,
                                                  const std::vector<std::uint64_t>& wanted) {
    if (first % 64 || first > pages() || count > pages() - first ||
        (count % 64 && count < pages() - first))
      return std::nullopt;
    std::vector<std::uint64_t> cleared;
    for (const std::uint64_t page : wanted) {
      if (page < first || page - first >= count || !dirty_[page]) continue;
      dirty_[page] = false;
      cleared.push_back(page);
    }
    return cleared;
  }

 private:
  std::vector<bool> dirty_;
};

}  // namespace nestwalk
