#include "arm64/memory_type.h"

#include <algorithm>

#include "common/base/bits.h"

namespace nestwalk::arm64 {
namespace {

constexpr std::uint8_t read_write_allocate = 3;

MemoryType normal(Cacheability policy) {
  MemoryType type;
  type.outer.policy = type.inner.policy = policy;
  if (policy != Cacheability::non_cacheable)
    type.outer.hints = type.inner.hints = read_write_allocate;
  return type;
}

// A nibble of a MAIR byte that is not Device: 0b0100 Non-cacheable; 0b0xRW transient; [2] of the
// others tells Write-Back from Write-Through.
Caching decode_caching(unsigned nibble) {
  if (nibble == 4) return {};
  return {nibble & 4 ? Cacheability::write_back : Cacheability::write_through,
          static_cast<std::uint8_t>(nibble & 3), nibble < 8};
}
unsigned encode_caching(const Caching& c) {
  if (c.policy == Cacheability::non_cacheable) return 4;
  return (c.transient ? 0u : 8u) | (c.policy == Cacheability::write_back ? 4u : 0u) | c.hints;
}

Shareability decode_shareability(unsigned sh) {
  return sh == 2 ? Shareability::outer : sh == 3 ? Shareability::inner : Shareability::none;
}
// Device and wholly Non-cacheable memory is Outer Shareable, whatever was said.
MemoryType effective(MemoryType type) {
  const bool uncached = type.outer.policy == Cacheability::non_cacheable &&
                        type.inner.policy == Cacheability::non_cacheable;
  if (type.is_device || uncached) type.shareability = Shareability::outer;
  return type;
}

// Stage 2 has no allocation hints: they are stage 1's.
Caching weaker(const Caching& stage1, Cacheability stage2) {
  Caching both = stage1;
  both.policy = std::min(stage1.policy, stage2);
  if (both.policy == Cacheability::non_cacheable) return {};
  return both;
}
Shareability stronger(Shareability a, Shareability b) {
  if (a == Shareability::outer || b == Shareability::outer) return Shareability::outer;
  if (a == Shareability::inner || b == Shareability::inner) return Shareability::inner;
  return Shareability::none;
}

// MemAttr without FWB: [3:2] = 0 Device of type [1:0], else outer and inner cacheability.
MemoryType decode_mem_attr(unsigned mem_attr) {
  MemoryType type;
  const unsigned outer = mem_attr >> 2 & 3, inner = mem_attr & 3;
  type.is_device = outer == 0;
  if (type.is_device) {
    type.device = static_cast<Device>(inner);
    return type;
  }
  const auto policy = [](unsigned two) {  // an inner 0b00 is reserved: taken as Non-cacheable
    return static_cast<Cacheability>(two == 0 ? 0 : two - 1);
  };
  type.outer.policy = policy(outer);
  type.inner.policy = policy(inner);
  return type;
}

MemoryType combine(const MemoryType& one, const MemoryType& two) {
  if (one.is_device && two.is_device) {
    MemoryType both = one;
    both.device = std::min(one.device, two.device);
    return both;
  }
  if (one.is_device) return one;
  if (two.is_device) return two;
  MemoryType both;
  both.outer = weaker(one.outer, two.outer.policy);
  both.inner = weaker(one.inner, two.inner.policy);
  return both;
}

// MemAttr with FWB: 0b0xx Device; 0b101 Non-cacheable; 0b110 Write-Back; 0b111 as stage 1 says.
MemoryType force(const MemoryType& stage1, unsigned mem_attr) {
  if (!(mem_attr & 4)) return combine(stage1, decode_mem_attr(mem_attr & 3));
  switch (mem_attr & 3) {
    case 3:
      return stage1;
    case 2: {
      MemoryType forced = normal(Cacheability::write_back);
      const auto hints_of = [&](const Caching& from, Caching& to) {
        if (stage1.is_device || from.policy == Cacheability::non_cacheable) return;
        to.hints = from.hints;
        to.transient = from.transient;
      };
      hints_of(stage1.outer, forced.outer);
      hints_of(stage1.inner, forced.inner);
      return forced;
    }
    default:
      return combine(stage1, normal(Cacheability::non_cacheable));
  }
}

}  // namespace

MemoryType stage1_memory(std::uint8_t attribute, unsigned sh, bool cacheable) {
  MemoryType type;
  type.shareability = decode_shareability(sh);
  if (attribute >> 4 == 0) {
    type.is_device = true;
    type.device = static_cast<Device>(attribute >> 2 & 3);
  } else if (cacheable) {
    // Inner 0b0000 belongs to features that are left out, and says what the outer nibble says.
    const unsigned outer = attribute >> 4, inner = attribute & 15;
    type.outer = decode_caching(outer);
    type.inner = decode_caching(inner ? inner : outer);
  }
  return effective(type);
}

MemoryType stage1_off_memory(bool default_cacheable) {
  MemoryType type;
  type.is_device = true;
  if (default_cacheable) type = normal(Cacheability::write_back);
  type.shareability = Shareability::none;
  return effective(type);
}

MemoryType combined_memory(const MemoryType& stage1, const Stage2Memory& stage2) {
  MemoryType both;
  if (stage2.cache_disabled)
    both = combine(stage1, normal(Cacheability::non_cacheable));
  else if (stage2.forced)
    both = force(stage1, stage2.mem_attr);
  else
    both = combine(stage1, decode_mem_attr(stage2.mem_attr));
  both.shareability = stronger(stage1.shareability, decode_shareability(stage2.sh));
  return effective(both);
}

std::uint64_t par_attributes(const MemoryType& memory) {
  const unsigned attribute = memory.is_device
                                 ? static_cast<unsigned>(memory.device) << 2
                                 : encode_caching(memory.outer) << 4 | encode_caching(memory.inner);
  return std::uint64_t{attribute} << 56 | static_cast<std::uint64_t>(memory.shareability) << 7;
}

}  // namespace nestwalk::arm64
