// The engine's walks: stage 1 over stage 2, either alone, or neither.
#include <algorithm>

#include "arm64/engine.h"
#include "common/mmu/stage1_tables.h"
#include "common/mmu/stage2.h"
#include "common/mmu/stage_cache.h"

namespace nestwalk::arm64 {
namespace {

// lg2 bytes of the TLB entry of a translation that no table limits.
constexpr std::uint8_t flat_size_lg2 = 30;

// The formats and what surrounds them, for one walk.
struct WalkFrame {
  const Engine& engine;
  const TranslationState& state;
  const Stage1Format& stage1;
  const Stage2Format& stage2;
  Va va;                 // canonical
  const Access& access;  // judged
  WalkCaches& caches;
  WalkPort& port;
};

Fault stage1_fault(Fault fault, const Access& access) {
  if (fault.stage == 0) {
    fault.stage = 1;
    fault.wanted_write = access.writes();
  }
  return fault;
}

// Stage 1 of a walk that reads its tables through `tables`.
template <class Tables>
Walked<Stage1Format> walk_stage1(const WalkFrame& f, Tables& tables) {
  StageCache<Stage1Format, Tables> cache(f.stage1, f.caches.stage1, f.state.tag, f.port,
                                         WalkPort::Lookup::stage1_walk_cache, tables);
  Walked<Stage1Format> walked = nestwalk::walk(f.stage1, f.va, f.access, tables, cache);
  if (walked.fault) walked.fault = stage1_fault(walked.fault, f.access);
  return walked;
}

// A reply from what the stages found. `attributes` begins with stage 1's rights.
WalkReply make_reply(const WalkFrame& f, Pa pa, unsigned size_lg2, std::uint64_t attributes) {
  WalkReply reply;
  reply.pa = pa;
  reply.entry.size_lg2 = static_cast<std::uint8_t>(size_lg2);
  reply.entry.page = f.va.aligned(size_lg2);
  reply.entry.frame = pa.aligned(size_lg2);
  reply.entry.tag = f.state.tag;
  reply.entry.global = true;
  reply.entry.attributes = attributes;
  return reply;
}

std::uint64_t stage1_attributes(const WalkFrame& f, const Walked<Stage1Format>& walked) {
  const bool pan = f.stage1.pan_blocks(f.stage1.rights(walked.path, walked.word));
  return f.stage1.clean_rights(walked.path, walked.word) | (pan ? attribute_pan_blocks : 0);
}

// What stage 1 has given, from its tables or from the stage-1 TLB.
struct Stage1Leaf {
  Ipa out{};
  std::uint8_t size_lg2 = 0;  // runs counted as one
  std::uint8_t leaf_lg2 = 0;
  bool global = false, uncached = false;
  std::uint64_t attributes = 0;
  std::uint64_t word = 0;  // the descriptor; 0 from the TLB
};

Stage1Leaf stage1_leaf(const WalkFrame& f, const Walked<Stage1Format>& walked) {
  return {walked.out,
          walked.size_lg2,
          static_cast<std::uint8_t>(f.stage1.leaf_lg2(walked.height)),
          f.stage1.is_global(walked.word),
          walked.uncached,
          stage1_attributes(f, walked),
          walked.word};
}

void add_stage1(WalkReply& reply, const Stage1Leaf& leaf) {
  reply.stage1_size_lg2 = leaf.size_lg2;
  reply.entry.uncached |= leaf.uncached;
  reply.entry.leaf_lg2 = leaf.leaf_lg2;
  reply.entry.global = leaf.global;
}

// AT: its result names the memory's attributes. Other walks are spared their decoding.
void add_memory(WalkReply& reply, const WalkFrame& f, const MemoryType& stage1,
                const Stage2Leaf* leaf = nullptr) {
  const MemoryType memory = leaf ? combined_memory(stage1, f.stage2.memory(leaf->word)) : stage1;
  reply.entry.attributes |= par_attributes(memory);
}
bool names_memory(const WalkFrame& f) { return f.stage1.controls().operation == Operation::at; }

WalkReply failed(const Fault& fault) {
  WalkReply reply;
  reply.fault = fault;
  return reply;
}

WalkReply walk_one_stage(const WalkFrame& f) {
  IdentityTables tables(f.port);
  const Walked<Stage1Format> walked = walk_stage1(f, tables);
  if (walked.fault) return failed(walked.fault);
  const Stage1Leaf stage1 = stage1_leaf(f, walked);
  WalkReply reply = make_reply(f, Pa{walked.out.value}, walked.size_lg2, stage1.attributes);
  add_stage1(reply, stage1);
  if (names_memory(f)) add_memory(reply, f, f.stage1.memory(walked.word));
  return reply;
}

// Stage 2 has denied the update of a stage-1 leaf: reads ask for no right to write. If stage 2 has
// an objection to the final address too, either may be reported (R_LXCKP).
bool reports_final_address(const WalkFrame& f, const Fault& fault) {
  return fault.on_table_walk && fault.wanted_write &&
         f.stage2.geometry().knobs.update_fault == Knobs::UpdateFault::final_address;
}

// Whether the stage-1 TLB is there and serves such operations: others ask for more than rights.
bool uses_stage1_tlb(const WalkFrame& f) {
  return f.caches.stage1_tlb.exists() && f.stage1.controls().operation == Operation::plain;
}

std::optional<Stage1Leaf> from_stage1_tlb(const WalkFrame& f,
                                          TranslatedTables<Stage2Format>& tables) {
  if (!uses_stage1_tlb(f)) return std::nullopt;
  f.port.lookup(WalkPort::Lookup::stage1_tlb);
  const Tlb::Hit hit = f.caches.stage1_tlb.lookup(f.va, f.state.tag);
  if (!hit) return std::nullopt;
  const TlbEntry& entry = *hit.entry;
  if (!f.engine.serves(entry.attributes, f.access)) {  // the tables may allow more by now
    f.caches.stage1_tlb.drop(f.va, f.state.tag);
    return std::nullopt;
  }
  int height = 0;
  while (f.stage1.leaf_lg2(height) < entry.origin_lg2()) ++height;
  tables.begin_below(f.stage1.root_height(), height - 1, {});
  return Stage1Leaf{Ipa{entry.translate(f.va).value},
                    entry.size_lg2,
                    entry.leaf_lg2,
                    entry.global,
                    false,
                    entry.attributes,
                    0};
}

void fill_stage1_tlb(const WalkFrame& f, const Stage1Leaf& leaf) {
  if (!uses_stage1_tlb(f) || leaf.uncached || !f.port.may_fill()) return;
  TlbEntry entry;
  entry.size_lg2 = leaf.size_lg2;
  entry.leaf_lg2 = leaf.leaf_lg2;
  entry.page = f.va.aligned(leaf.size_lg2);
  entry.frame = Pa{leaf.out.aligned(leaf.size_lg2).value};
  entry.tag = f.state.tag;
  entry.global = leaf.global;
  entry.attributes = leaf.attributes;
  f.caches.stage1_tlb.fill(entry, f.va);
}

// Stage 1 over stage 2, its tables read through `tables`. False: `fault` says why not.
bool reach_stage1_leaf(const WalkFrame& f, bool stage1_only, Stage2<Stage2Format>& stage2,
                       TranslatedTables<Stage2Format>& tables, Stage1Leaf& found, Fault& fault) {
  if (const std::optional<Stage1Leaf> known = from_stage1_tlb(f, tables)) {
    found = *known;
    return true;
  }
  const Walked<Stage1Format> walked = walk_stage1(f, tables);
  if (!walked.fault) {
    found = stage1_leaf(f, walked);
    fill_stage1_tlb(f, found);
    return true;
  }
  Stage2Leaf leaf;
  const bool other = reports_final_address(f, walked.fault) && !stage1_only &&
                     !stage2.translate(walked.out, f.access, RefPosition::none, leaf, fault);
  if (!other) fault = walked.fault;
  return false;
}

WalkReply walk_both_stages(const WalkFrame& f, bool stage1_only) {
  Stage2<Stage2Format> stage2(f.stage2, f.state.stage2_tag, f.caches, f.port);
  TranslatedTables<Stage2Format> tables(stage2, f.port, f.stage1.table_lg2(),
                                        f.caches.stage1_holds_physical);
  Stage1Leaf stage1;
  Stage2Leaf leaf;
  Fault fault;
  if (!reach_stage1_leaf(f, stage1_only, stage2, tables, stage1, fault)) return failed(fault);
  if (stage1_only)
    leaf.pa = Pa{stage1.out.value};
  else if (!stage2.translate(stage1.out, f.access, RefPosition::none, leaf, fault))
    return failed(fault);
  std::uint64_t attributes = stage1.attributes;
  if (!stage1_only) attributes &= f.stage2.clean_rights(leaf.word) | attribute_pan_blocks;
  WalkReply reply = make_reply(f, leaf.pa, std::min(stage1.size_lg2, leaf.size_lg2), attributes);
  add_stage1(reply, stage1);
  reply.stage2_size_lg2 = stage1_only ? 0 : leaf.size_lg2;
  reply.entry.uncached |= leaf.uncached;
  if (names_memory(f))
    add_memory(reply, f, f.stage1.memory(stage1.word), stage1_only ? nullptr : &leaf);
  return reply;
}

// Stage 1 off: the input address is the intermediate one, up to PAMax, and data is Device memory
// unless HCR_EL2.DC says otherwise (ASL S1DisabledOutput).
bool flat_stage1_allows(const WalkFrame& f, Fault& fault) {
  const Operation op = f.stage1.controls().operation;
  const bool aligned = op != Operation::unaligned && op != Operation::dc_zva;
  const bool fits = f.va.value >> f.state.pa_bits == 0;
  if (fits && (aligned || f.state.default_cacheable)) return true;
  fault.cause = fits ? FaultCause::alignment : FaultCause::address_size;
  fault.stage = 1;
  fault.before_walk = true;
  fault.wanted_write = f.access.writes();
  return false;
}

WalkReply walk_stage2_only(const WalkFrame& f) {
  Fault fault;
  if (!flat_stage1_allows(f, fault)) return failed(fault);
  Stage2<Stage2Format> stage2(f.stage2, f.state.stage2_tag, f.caches, f.port);
  Stage2Leaf leaf;
  if (!stage2.translate(Ipa{f.va.value}, f.access, RefPosition::none, leaf, fault))
    return failed(fault);
  WalkReply reply = make_reply(f, leaf.pa, leaf.size_lg2, f.stage2.clean_rights(leaf.word));
  reply.stage2_size_lg2 = leaf.size_lg2;
  reply.entry.uncached = leaf.uncached;
  if (names_memory(f)) add_memory(reply, f, stage1_off_memory(f.state.default_cacheable), &leaf);
  return reply;
}

WalkReply flat(const WalkFrame& f) {
  Fault fault;
  if (!flat_stage1_allows(f, fault)) return failed(fault);
  WalkReply reply = make_reply(f, Pa{f.va.value}, flat_size_lg2, all_rights);
  if (names_memory(f)) add_memory(reply, f, stage1_off_memory(f.state.default_cacheable));
  return reply;
}

WalkReply dispatch(const WalkFrame& f, bool stage1_only) {
  if (f.state.stage1_on)
    return f.state.stage2_on ? walk_both_stages(f, stage1_only) : walk_one_stage(f);
  return f.state.stage2_on && !stage1_only ? walk_stage2_only(f) : flat(f);
}

}  // namespace

WalkReply Engine::walk(Va va, const Access& access, WalkCaches& caches, WalkPort& port) {
  Access judged = access;
  judged.user = unprivileged(access);
  const Va in = state_.canonical(va, access.type);
  return dispatch(
      {*this, state_, state_.halves[state_.half_of(va)], state_.stage2, in, judged, caches, port},
      false);
}

WalkReply Engine::walk_for(Operation op, Va va, const Access& access, WalkCaches& caches,
                           WalkPort& port, bool stage1_only) {
  Access judged = access;
  judged.user = unprivileged(access);
  const Va in = state_.canonical(va, access.type);
  Stage1Format::Controls c1 = state_.halves[state_.half_of(va)].controls();
  Stage2Format::Controls c2 = state_.stage2.controls();
  c1.operation = c2.operation = op;
  const Stage1Format stage1(c1);
  const Stage2Format stage2(c2);
  return dispatch({*this, state_, stage1, stage2, in, judged, caches, port}, stage1_only);
}

}  // namespace nestwalk::arm64
