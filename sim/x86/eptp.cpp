#include "x86/eptp.h"

namespace nestwalk::x86 {

Eptp make_eptp(std::uint64_t table, unsigned levels, bool accessed_dirty) {
  constexpr std::uint64_t write_back = 6;
  return {table | write_back | std::uint64_t{levels - 1} << 3 |
          (accessed_dirty ? one(6) : std::uint64_t{0})};
}

std::optional<std::string_view> eptp_error(Eptp eptp, const Cpu& cpu) {
  const bool type_allowed =
      eptp.memory_type() == 6 || (eptp.memory_type() == 0 && cpu.ept_uncacheable);
  if (!type_allowed) return "memory type";
  if (eptp.levels() != 4 && !(eptp.levels() == 5 && cpu.ept_five_levels)) return "walk length";
  if (eptp.accessed_dirty() && !cpu.ept_accessed_dirty) return "accessed and dirty flags";
  if (eptp.raw & (field_mask(11, 7) | field_mask(63, cpu.maxphyaddr))) return "reserved bits";
  return std::nullopt;
}

}  // namespace nestwalk::x86
