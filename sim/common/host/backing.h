// What stands behind the host-virtual addresses of a virtual machine's process, apart from any
// stage-2 table: areas (Linux's VMAs), each with a mapping policy, filled at first touch; and what
// the host does to them later (MADV_DONTNEED, MADV_COLLAPSE, mprotect). State only: whoever changes
// pages first tells the VM (notifier.h) and unmaps; see changed_by().
#pragma once
#include <cstdint>
#include <map>
#include <optional>

#include "common/host/host_pages.h"
#include "common/mapping/mapping_policy.h"

namespace nestwalk {

enum class HostRights : std::uint8_t { none, read, read_write };

// Whether the first touch of anonymous memory, when it is a read, brings the shared page of zeroes
// instead of memory (Linux do_anonymous_page), or memory at once (memory written beforehand).
enum class FirstRead : std::uint8_t { zero_page, memory };

struct Area {
  HvaRange range;
  MappingPolicy* policy = nullptr;  // the owner's, outlives the backing
  std::uint8_t hugetlb_lg2 = 0;     // not 0: pages of a pool of this size, none others
  HostRights rights = HostRights::read_write;
  FirstRead first_read = FirstRead::memory;
};

enum class TouchEnd : std::uint8_t {
  present,  // there already, with the rights wanted
  filled,   // taken now; fresh_lg2 has to be zeroed
  refused,  // no area, or it does not allow the access (get_user_pages: EFAULT)
  out_of_memory,
};

struct Touched {
  TouchEnd end = TouchEnd::refused;
  HostPage page;
  std::uint8_t fresh_lg2 = 0;  // lg2 bytes of new memory; 0: none
  bool fell_back = false;      // a larger page was wanted
  explicit operator bool() const { return end == TouchEnd::present || end == TouchEnd::filled; }
};

class Backing {
 public:
  // `page_lg2`: of the host's pages. `zero_page`: a frame that reads as zero, for areas with
  // FirstRead::zero_page. It backs zero pages of every size.
  explicit Backing(FrameAllocator& frames, Pa zero_page = {}, unsigned page_lg2 = 12)
      : frames_(frames), zero_page_(zero_page), page_lg2_(static_cast<std::uint8_t>(page_lg2)) {}
  Backing(const Backing&) = delete;

  // The area must not overlap another.
  void add_area(const Area& area);
  // Takes an area and its pages away (munmap).
  void remove_area(Hva first);
  const Area* area_of(Hva at) const;

  // What stands there now, in no time.
  std::optional<HostPage> find(Hva at) const { return pages_.find(at); }
  // The process, or KVM for it, touches an address (get_user_pages). A write to the zero page
  // brings memory in its place.
  Touched touch(Hva at, bool write);

  // What must be unmapped from the guest before one of the changes below is made to `range`: it,
  // and the rest of the pages that the change would split.
  HvaRange changed_by(const HvaRange& range) const;
  // MADV_DONTNEED: gives the pages of the range back; larger pages are split at its ends. False,
  // and no change: the range begins inside a page of a pool (EINVAL). Pages of a pool at its end
  // that it covers in part stay.
  bool discard(const HvaRange& range);
  // MADV_COLLAPSE: one page of 2^size_lg2 bytes, of new memory, in place of the small ones of that
  // aligned block, whose contents are copied. False: not inside one area, nothing present there, a
  // pool's, already so large, or no memory.
  bool collapse(Hva at, unsigned size_lg2);
  // mprotect: the range has these rights from now on. Large pages are split at its ends, areas too.
  // False, and no change: some of it lies in no area.
  bool protect(const HvaRange& range, HostRights rights);

  // Of memory taken.
  std::uint64_t bytes() const { return pages_.bytes(); }

 private:
  Area* area_at(Hva at);
  void split_area(Hva at);
  // Makes a page boundary at `at`: the page around it becomes base pages.
  void split_page(Hva at);
  void give_back(const HostPage& page, MappingPolicy& policy);
  template <class F>
  void for_each_page(const HvaRange& range, F&& f);

  FrameAllocator& frames_;
  Pa zero_page_;
  std::uint8_t page_lg2_;
  std::map<std::uint64_t, Area> areas_;  // by first address
  HostPages pages_;
};

}  // namespace nestwalk
