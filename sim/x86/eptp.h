// The EPT pointer (SDM vol. 3, 25.6.11) and whether VM entry accepts it (27.2.1.1).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/bits.h"
#include "x86/cpu.h"

namespace nestwalk::x86 {

struct Eptp {
  std::uint64_t raw = 0;

  unsigned memory_type() const { return static_cast<unsigned>(bits(raw, 2, 0)); }
  unsigned levels() const { return static_cast<unsigned>(bits(raw, 5, 3)) + 1; }
  bool accessed_dirty() const { return bit(raw, 6); }
  std::uint64_t table() const { return raw & field_mask(51, 12); }
};

Eptp make_eptp(std::uint64_t table, unsigned levels, bool accessed_dirty);
// Why VM entry and INVEPT refuse this pointer; nothing: they accept it.
std::optional<std::string_view> eptp_error(Eptp eptp, const Cpu& cpu);

}  // namespace nestwalk::x86
