// A processor without time: TLB, walk caches and engine over one memory, as the machine joins them.
#pragma once
#include "arm64/tlbi.h"
#include "env.h"

namespace nestwalk::arm64::test {

inline std::vector<TlbArraySpec> small_tlb() {
  return {{{12, 14, 16, 21, 25, 29, 30}, {.entries = 64}}};
}
inline WalkCachesSpec small_caches() {
  WalkCachesSpec spec;
  spec.stage1 = {{0, {.entries = 8}}, {1, {.entries = 4}}, {2, {.entries = 4}}};
  spec.stage2 = {{0, {.entries = 8}}, {1, {.entries = 4}}};
  spec.stage2_tlb = {.entries = 16};
  return spec;
}

struct Cpu {
  explicit Cpu(Env& environment, const WalkCachesSpec& spec = small_caches())
      : env(environment), caches(spec, 1) {}

  Env& env;
  Engine engine = env.engine();
  Tlb tlb{small_tlb(), 2};
  WalkCaches caches;

  // Through the TLB, or walked and filled. Reads are counted by the environment's port.
  WalkReply access(std::uint64_t va_value, const Access& how = load) {
    env.port.fetches.clear();
    env.port.updates = 0;
    const Va va = engine.cached_address(Va{va_value}, how);
    if (const Tlb::Hit hit = tlb.lookup(va, engine.tag())) {
      if (const Fault conflict = engine.tlb_conflict(); conflict && tlb.conflict(va, engine.tag()))
        return {.fault = conflict};
      if (engine.serves(hit.entry->attributes, how)) {
        WalkReply reply;
        reply.entry = *hit.entry;
        reply.pa = hit.entry->translate(va);
        return reply;
      }
      tlb.drop(va, engine.tag());
    }
    const WalkReply reply = engine.walk(Va{va_value}, how, caches, env.port);
    if (!reply.fault) tlb.fill(reply.entry, va);
    return reply;
  }
  void invalidate(const TlbiEffect& effect) {
    for (const Invalidation& what : effect.what) {
      tlb.invalidate(what);
      caches.invalidate(what);
    }
  }
  // A TLBI by name at EL2, e.g. "IPAS2E1IS".
  void tlbi(std::string_view name, std::uint64_t operand = 0) {
    const std::optional<TlbiOperation> op = parse_tlbi(name);
    invalidate(arm64::tlbi(op.value(), operand, engine.registers(), 2, env.features, env.knobs));
  }
  bool holds(std::uint64_t va) { return static_cast<bool>(tlb.lookup(Va{va}, engine.tag())); }
};

inline std::uint64_t ipa_operand(std::uint64_t ipa, unsigned ttl = 0) {
  return ipa >> 12 | std::uint64_t{ttl} << 44;
}
inline std::uint64_t va_operand(std::uint64_t va, unsigned asid = 0, unsigned ttl = 0) {
  return std::uint64_t{asid} << 48 | std::uint64_t{ttl} << 44 | bits(va, 55, 12);
}

}  // namespace nestwalk::arm64::test
