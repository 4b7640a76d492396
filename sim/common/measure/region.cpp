#include "common/measure/region.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <fstream>
#include <utility>

#include "common/base/bits.h"

namespace nestwalk {
namespace {

// A number in a file of sysfs; 0 if there is none.
std::uint64_t number_in(const char* file) {
  std::uint64_t number = 0;
  std::ifstream(file) >> number;
  return number;
}

}  // namespace

SystemPages system_pages() {
  return {static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE)),
          number_in("/sys/kernel/mm/transparent_hugepage/hpage_pmd_size"),
          number_in("/sys/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages")};
}

// Transparent huge pages need an aligned part of a larger reservation; what remains of it on both
// sides stays inaccessible and keeps the kernel from merging the area with a neighbour.
std::optional<Region> Region::map(std::uint64_t pages, std::uint64_t page_bytes,
                                  const SystemPages& system) {
  const std::uint64_t bytes = pages * page_bytes;
  const bool pool = page_bytes != system.base_bytes && page_bytes != system.huge_bytes;
  if (pool) {
    const int size_flag = std::countr_zero(page_bytes) << MAP_HUGE_SHIFT;
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | size_flag, -1, 0);
    if (at == MAP_FAILED) return std::nullopt;
    return Region(at, bytes, static_cast<std::byte*>(at), bytes);
  }
  const std::uint64_t reserved_bytes = bytes + 2 * page_bytes;
  void* reserved =
      mmap(nullptr, reserved_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (reserved == MAP_FAILED) return std::nullopt;
  const auto page_lg2 = static_cast<unsigned>(std::countr_zero(page_bytes));
  const auto first = reinterpret_cast<std::uintptr_t>(reserved);
  auto* data = static_cast<std::byte*>(reserved) + (align_up(first + 1, page_lg2) - first);
  Region region(reserved, reserved_bytes, data, bytes);
  const int advice = page_bytes == system.base_bytes ? MADV_NOHUGEPAGE : MADV_HUGEPAGE;
  if (mprotect(data, bytes, PROT_READ | PROT_WRITE) != 0) return std::nullopt;
  (void)madvise(data, bytes, advice);  // a kernel without huge pages refuses, and maps base pages
  return region;
}

Region::Region(Region&& other) noexcept
    : reserved_(std::exchange(other.reserved_, nullptr)),
      reserved_bytes_(other.reserved_bytes_),
      data_(other.data_),
      bytes_(other.bytes_) {}

Region::~Region() {
  if (reserved_) munmap(reserved_, reserved_bytes_);
}

}  // namespace nestwalk
