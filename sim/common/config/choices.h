// What names in a config stand for, where no other room that config may include has a type for it.
#pragma once
#include <cstdint>

namespace nestwalk::config {

enum class Isa : std::uint8_t { x86, arm64 };
enum class Vendor : std::uint8_t { intel, amd, arm, other };
enum class Stages : std::uint8_t { one, two, stage2_only };
enum class X86Paging : std::uint8_t { four_level, five_level };
enum class X86Stage2 : std::uint8_t { automatic, ept, npt };
enum class Contiguous : std::uint8_t { none, stage1, stage2, both };

}  // namespace nestwalk::config
