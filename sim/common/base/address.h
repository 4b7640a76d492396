// Address types: a virtual address, an intermediate physical address (x86: guest-physical) and a
// physical address are different types, so that mixing them does not compile.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace nestwalk {

// A byte address in one address space. `value` is public: geometry is arithmetic on it.
template <class Space>
struct Address {
  std::uint64_t value = 0;

  constexpr Address() = default;
  constexpr explicit Address(std::uint64_t v) : value(v) {}
  constexpr auto operator<=>(const Address&) const = default;

  constexpr Address operator+(std::uint64_t bytes) const { return Address{value + bytes}; }
  constexpr std::uint64_t operator-(Address other) const { return value - other.value; }
  // The lowest address of the aligned block of 2^lg2 bytes that holds this one.
  constexpr Address aligned(unsigned lg2) const { return Address{value >> lg2 << lg2}; }
  constexpr std::uint64_t offset(unsigned lg2) const {
    return value & ((std::uint64_t{1} << lg2) - 1);
  }
};

using Va = Address<struct VirtualSpace>;
using Ipa = Address<struct IntermediateSpace>;
using Pa = Address<struct PhysicalSpace>;

}  // namespace nestwalk

template <class Space>
struct std::hash<nestwalk::Address<Space>> {
  std::size_t operator()(nestwalk::Address<Space> a) const noexcept {
    return std::hash<std::uint64_t>{}(a.value);
  }
};
