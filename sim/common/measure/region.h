// A fresh anonymous mapping of pages of a wanted size, with nothing touched yet.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>

namespace nestwalk {

// The sizes that this system can map, in bytes.
struct SystemPages {
  std::uint64_t base_bytes = 4096;
  std::uint64_t huge_bytes = 0;             // of transparent huge pages; 0: none
  std::uint64_t hugetlb_1g_free_pages = 0;  // preallocated pages of 1 GiB that nobody uses
};
SystemPages system_pages();

class Region {
 public:
  // Base pages, transparent huge pages, or anything else from the hugetlb pool of that size.
  // Nothing: the system refuses. That the kernel may have mapped other pages than it was asked for
  // is found out by mapped_page_bytes(), after the first touch.
  static std::optional<Region> map(std::uint64_t pages, std::uint64_t page_bytes,
                                   const SystemPages& system);
  Region(Region&& other) noexcept;
  Region& operator=(Region&&) = delete;
  ~Region();

  std::byte* data() const { return data_; }
  std::uint64_t bytes() const { return bytes_; }

 private:
  Region(void* reserved, std::uint64_t reserved_bytes, std::byte* data, std::uint64_t bytes)
      : reserved_(reserved), reserved_bytes_(reserved_bytes), data_(data), bytes_(bytes) {}

  void* reserved_;
  std::uint64_t reserved_bytes_;
  std::byte* data_;
  std::uint64_t bytes_;
};

}  // namespace nestwalk
