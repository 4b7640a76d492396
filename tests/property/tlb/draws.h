// What the properties of this room draw: tags, array shapes, invalidations; few of each, so that
// things meet.
#pragma once
#include <ostream>

#include "common/tlb/assoc_array.h"
#include "common/tlb/invalidation.h"
#include "property/property.h"

namespace nestwalk {

inline std::ostream& operator<<(std::ostream& out, const Tag& tag) {
  return out << "space " << tag.space << " vm " << tag.vm << " root " << tag.root << " regime "
             << tag.regime;
}

inline std::ostream& operator<<(std::ostream& out, const Invalidation& what) {
  const auto field = [&](const char* name, const auto& value) {
    if (value) out << " " << name << " " << unsigned{*value};
  };
  field("space", what.space);
  field("vm", what.vm);
  field("except vm", what.except_vm);
  field("root", what.root);
  field("regime", what.regime);
  field("leaf", what.size_lg2);
  if (!what.globals) out << " no globals";
  if (what.va) out << std::hex << " va " << what.va->first << "-" << what.va->last << std::dec;
  if (what.ipa) out << std::hex << " ipa " << what.ipa->first << "-" << what.ipa->last << std::dec;
  return out << " walks " << static_cast<int>(what.stage1_walks);
}

}  // namespace nestwalk

namespace nestwalk::test {

inline rc::Gen<Tag> any_tag() {
  return rc::gen::build<Tag>(rc::gen::set(&Tag::space, rc::gen::inRange<std::uint16_t>(0, 3)),
                             rc::gen::set(&Tag::vm, rc::gen::inRange<std::uint16_t>(0, 2)),
                             rc::gen::set(&Tag::root, rc::gen::inRange<std::uint16_t>(0, 2)),
                             rc::gen::set(&Tag::regime, rc::gen::inRange<std::uint16_t>(0, 2)));
}

// Sets of `ways`, full sets, narrow and wide; every policy.
inline ArraySpec any_array() {
  ArraySpec spec;
  spec.ways = *rc::gen::element(0u, 1u, 2u, 3u, 4u, 12u);
  spec.entries = std::max(spec.ways, 1u) * *rc::gen::inRange(1u, spec.ways ? 5u : 25u);
  spec.replacement = *rc::gen::elementOf(
      std::vector<Replacement>(std::begin(all_replacements), std::end(all_replacements)));
  return spec;
}

template <class Value>
rc::Gen<std::optional<Value>> sometimes(rc::Gen<Value> values) {
  return rc::gen::oneOf(
      rc::gen::just(std::optional<Value>()), rc::gen::just(std::optional<Value>()),
      rc::gen::map(std::move(values), [](Value value) { return std::optional<Value>(value); }));
}

inline rc::Gen<AddressRange> any_range() {
  return rc::gen::apply(
      [](std::uint64_t page, std::uint64_t bytes) {
        return AddressRange{page << 12, (page << 12) + bytes};
      },
      rc::gen::inRange<std::uint64_t>(0, 64), rc::gen::inRange<std::uint64_t>(0, 0x4000));
}

inline rc::Gen<Invalidation> any_invalidation() {
  using Id = std::uint16_t;
  using Walks = Invalidation::Walks;
  return rc::gen::build<Invalidation>(
      rc::gen::set(&Invalidation::final_entries, rc::gen::just(true)),
      rc::gen::set(&Invalidation::second_stage, rc::gen::just(true)),
      rc::gen::set(&Invalidation::stage1_walks,
                   rc::gen::element(Walks::none, Walks::path, Walks::all)),
      rc::gen::set(&Invalidation::space, sometimes(rc::gen::inRange<Id>(0, 3))),
      rc::gen::set(&Invalidation::vm, sometimes(rc::gen::inRange<Id>(0, 2))),
      rc::gen::set(&Invalidation::except_vm, sometimes(rc::gen::inRange<Id>(0, 2))),
      rc::gen::set(&Invalidation::root, sometimes(rc::gen::inRange<Id>(0, 2))),
      rc::gen::set(&Invalidation::regime, sometimes(rc::gen::inRange<Id>(0, 2))),
      rc::gen::set(&Invalidation::globals), rc::gen::set(&Invalidation::va, sometimes(any_range())),
      rc::gen::set(&Invalidation::ipa, sometimes(any_range())),
      rc::gen::set(&Invalidation::size_lg2, sometimes(rc::gen::element<std::uint8_t>(12, 14))));
}

// Random work against a list: fill, drop or invalidate at an address, then look there.
struct Step {
  enum class Kind : std::uint8_t { fill, drop, invalidate, look } kind = Kind::fill;
  std::uint64_t address = 0;
  Tag tag{};
  std::uint8_t lg2 = 12;
  std::uint8_t height = 0;
  bool global = false;
  std::uint64_t value = 0;
  Invalidation what{};
};
inline std::ostream& operator<<(std::ostream& out, const Step& step) {
  constexpr std::string_view names[] = {"fill", "drop", "invalidate", "look"};
  out << "\n  " << names[static_cast<unsigned>(step.kind)] << std::hex << " " << step.address
      << std::dec << " (" << step.tag << ")";
  if (step.kind == Step::Kind::invalidate) return out << step.what;
  return out << " 2^" << unsigned{step.lg2} << " height " << unsigned{step.height}
             << (step.global ? " global" : "") << " value " << step.value;
}
inline rc::Gen<Step> any_step() {
  using K = Step::Kind;
  return rc::gen::build<Step>(
      rc::gen::set(&Step::kind,
                   rc::gen::weightedElement<K>(
                       {{5, K::fill}, {1, K::drop}, {1, K::invalidate}, {2, K::look}})),
      rc::gen::set(&Step::address, rc::gen::inRange<std::uint64_t>(0, 64 * 0x1000)),
      rc::gen::set(&Step::tag, any_tag()),
      rc::gen::set(&Step::lg2, rc::gen::element<std::uint8_t>(12, 14, 16)),
      rc::gen::set(&Step::height, rc::gen::inRange<std::uint8_t>(0, 3)),
      rc::gen::set(&Step::global, rc::gen::weightedElement<bool>({{4, false}, {1, true}})),
      rc::gen::set(&Step::value, rc::gen::inRange<std::uint64_t>(0, 1000)),
      rc::gen::set(&Step::what, any_invalidation()));
}
inline std::vector<Step> any_steps() {
  return *rc::gen::scale(4, rc::gen::container<std::vector<Step>>(any_step()));
}

inline bool same_owner(Tag a, Tag b, bool global) {
  return a.vm == b.vm && a.root == b.root && a.regime == b.regime && (global || a.space == b.space);
}

}  // namespace nestwalk::test
