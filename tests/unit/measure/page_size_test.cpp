// What the kernel says of an area's pages.
#include "common/measure/page_size.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <string>

#include "common/measure/loops.h"
#include "common/measure/region.h"

using namespace nestwalk;

namespace {

constexpr std::uint64_t huge = 2 << 20;

// An area as proc(5) describes it.
std::string area(const char* range, unsigned kernel_page_kib, unsigned huge_kib) {
  return fmt::format(
      "{} rw-p 00000000 00:00 0 \nSize:               4096 kB\nKernelPageSize:     {:>4} kB\n"
      "MMUPageSize:           4 kB\nRss:                4096 kB\nAnonHugePages:      {:>4} kB\n"
      "ShmemPmdMapped:        0 kB\nFilePmdMapped:         0 kB\nVmFlags: rd wr mr \n",
      range, kernel_page_kib, huge_kib);
}

const char* const range = "7f0000000000-7f0000400000";
constexpr std::uint64_t address = 0x7f0000000000, bytes = 4 << 20;

}  // namespace

TEST_CASE("base pages, huge pages, pool pages, and a mixture") {
  CHECK(mapped_page_bytes(area(range, 4, 0), address, bytes, huge) == 4096);
  CHECK(mapped_page_bytes(area(range, 4, 4096), address, bytes, huge) == huge);
  CHECK(mapped_page_bytes(area(range, 1 << 20, 0), address, bytes, huge) == 1 << 30);
  CHECK_FALSE(mapped_page_bytes(area(range, 4, 2048), address, bytes, huge));
}

TEST_CASE("only the area itself counts") {
  const std::string others = area("7effffc00000-7f0000000000", 4, 4096) + area(range, 4, 0) +
                             area("7f0000400000-7f0000800000", 4, 4096);
  CHECK(mapped_page_bytes(others, address, bytes, huge) == 4096);
  CHECK_FALSE(mapped_page_bytes(others, address, bytes / 2, huge));
  CHECK_FALSE(mapped_page_bytes("", address, bytes, huge));
}

TEST_CASE("a region of base pages of this system really has them") {
  const SystemPages system = system_pages();
  const auto region = Region::map(256, system.base_bytes, system);
  REQUIRE(region);
  CHECK(region->bytes() == 256 * system.base_bytes);
  CHECK(touch_ns(region->data(), region->bytes(), system.base_bytes) > 0);
  std::ifstream file("/proc/self/smaps");
  const std::string smaps{std::istreambuf_iterator<char>(file), {}};
  CHECK(mapped_page_bytes(smaps, reinterpret_cast<std::uintptr_t>(region->data()), region->bytes(),
                          system.huge_bytes) == system.base_bytes);
}

TEST_CASE("a region of huge pages is aligned to them") {
  SystemPages system = system_pages();
  if (!system.huge_bytes) return;  // a kernel without them
  const auto region = Region::map(2, system.huge_bytes, system);
  REQUIRE(region);
  CHECK(reinterpret_cast<std::uintptr_t>(region->data()) % system.huge_bytes == 0);
}
