#include "common/measure/page_size.h"

#include <fmt/format.h>

#include <charconv>

namespace nestwalk {
namespace {

// The lines of the area from `address` to `end`, whose header begins "from-to " in hexadecimal.
std::string_view area_text(std::string_view smaps, std::uint64_t address, std::uint64_t end) {
  const std::string header = fmt::format("{:08x}-{:08x} ", address, end);
  std::size_t at = smaps.find(header);
  while (at != std::string_view::npos && at != 0 && smaps[at - 1] != '\n')
    at = smaps.find(header, at + 1);
  if (at == std::string_view::npos) return {};
  // VmFlags is the last line of each area.
  const std::size_t flags = smaps.find("VmFlags:", at);
  return smaps.substr(at, flags == std::string_view::npos ? flags : flags - at);
}

// The bytes of a line "Key:   123 kB"; 0 where there is none.
std::uint64_t kilobytes(std::string_view area, std::string_view key) {
  const std::string line = fmt::format("\n{}:", key);
  const std::size_t at = area.find(line);
  if (at == std::string_view::npos) return 0;
  const std::size_t digits = area.find_first_not_of(' ', at + line.size());
  std::uint64_t kib = 0;
  if (digits != std::string_view::npos)
    std::from_chars(area.data() + digits, area.data() + area.size(), kib);
  return kib * 1024;
}

}  // namespace

std::optional<std::uint64_t> mapped_page_bytes(std::string_view smaps, std::uint64_t address,
                                               std::uint64_t bytes, std::uint64_t huge_bytes) {
  const std::string_view area = area_text(smaps, address, address + bytes);
  const std::uint64_t kernel_page = kilobytes(area, "KernelPageSize");
  if (kernel_page == 0) return std::nullopt;
  const std::uint64_t huge = kilobytes(area, "AnonHugePages") + kilobytes(area, "ShmemPmdMapped") +
                             kilobytes(area, "FilePmdMapped");
  if (huge == 0) return kernel_page;  // hugetlb areas show their page here
  if (huge >= bytes - bytes / 100) return huge_bytes;
  return std::nullopt;
}

}  // namespace nestwalk
