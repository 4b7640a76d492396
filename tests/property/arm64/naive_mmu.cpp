#include "naive_mmu.h"

#include <algorithm>

namespace nestwalk::arm64::test {
namespace {

constexpr std::uint64_t low(unsigned count) { return (std::uint64_t{1} << count) - 1; }
constexpr bool flag(std::uint64_t word, unsigned position) { return word >> position & 1; }
constexpr std::uint64_t address_in(std::uint64_t word, unsigned lg2) {
  return (word & low(48)) >> lg2 << lg2;
}
constexpr unsigned rwx(bool r, bool w, bool x) {
  return unsigned{r} | unsigned{w} << 1 | unsigned{x} << 2;
}
bool is_table(std::uint64_t word, int height) { return height > 0 && flag(word, 1); }
// A page, or a block (spec 1.1: the 4K granule has them one level higher).
bool is_leaf(const NaiveSpace& s, std::uint64_t word, int height) {
  return height == 0 ? flag(word, 1) : !flag(word, 1) && height <= (s.page_lg2 == 12 ? 2 : 1);
}

// Spec 1.2.1, without WXN, PAN and rights of tables; [2:0] privileged, [5:3] unprivileged.
unsigned stage1_rights(std::uint64_t d, bool one_privilege) {
  const bool write = !flag(d, 7), user = flag(d, 6);
  if (one_privilege) return rwx(true, write, !flag(d, 54));
  return rwx(true, write, !flag(d, 53) && !(user && write)) | rwx(user, user && write, !flag(d, 54))
                                                                  << 3;
}
unsigned stage2_rights(std::uint64_t d) {
  const unsigned rights = rwx(flag(d, 6), flag(d, 7), !flag(d, 54));
  return rights | rights << 3;
}
unsigned needed_by(const Access& access) {
  const unsigned need = access.type == AccessType::read    ? 1
                        : access.type == AccessType::write ? 2
                                                           : 4;
  return access.user ? need << 3 : need;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Outcome& o) {
  if (o.cause == FaultCause::none) return out << std::hex << "0x" << o.pa << std::dec;
  return out << (o.cause == FaultCause::permission ? "Permission" : "Translation")
             << " fault of stage " << o.stage << (o.on_table_walk ? " on a table walk" : "");
}

bool NaiveMmu::Held::serves(const NaiveSpace& s, Fact::Kind kind, std::uint64_t address) const {
  if (fact.kind != kind || fact.owner.vm != s.owner.vm || fact.owner.regime != s.owner.regime)
    return false;
  const bool second = kind == Fact::Kind::second_stage || kind == Fact::Kind::stage2_walk;
  if (!second && !fact.global && fact.owner.space != s.owner.space) return false;
  return address >> fact.lg2 == fact.base >> fact.lg2;
}

void NaiveMmu::hold(const Held& held) {
  const bool known = std::any_of(held_.begin(), held_.end(), [&](const Held& h) {
    return h.fact.kind == held.fact.kind && h.fact.owner == held.fact.owner &&
           h.fact.global == held.fact.global && h.fact.base == held.fact.base &&
           h.fact.lg2 == held.fact.lg2 && h.fact.leaf_lg2 == held.fact.leaf_lg2 &&
           h.out == held.out && h.height == held.height && h.table_pa == held.table_pa &&
           h.rights == held.rights;
  });
  if (!known) held_.push_back(held);
}

std::vector<NaiveMmu::Held> NaiveMmu::holding(const NaiveSpace& space, Fact::Kind kind,
                                              std::uint64_t address) const {
  std::vector<Held> all;
  for (const Held& held : held_)
    if (held.serves(space, kind, address)) all.push_back(held);
  return all;
}

void NaiveMmu::invalidate(const Tlbi& op, std::uint16_t vmid) {
  std::erase_if(held_, [&](const Held& h) { return must_go(h.fact, op, vmid, Regime::el2); });
}

std::set<Outcome> NaiveMmu::access(const NaiveSpace& space, std::uint64_t va,
                                   const Access& access) {
  space_ = space;
  va_ = va;
  needed_ = needed_by(access);
  outcomes_.clear();
  for (const Held& h : holding(space, Fact::Kind::final_entry, va))
    if ((needed_ & ~h.rights) == 0) outcomes_.insert({.pa = h.out + (va & low(h.fact.lg2))});
  const std::vector<Held> walks = holding(space, Fact::Kind::stage1_walk, va);
  for (const Held& h : holding(space, Fact::Kind::stage1_entry, va))
    if ((needed_ & ~h.rights) == 0)
      second_of_final(h.out + (va & low(h.fact.lg2)), h.fact.lg2, h.fact.global, h.rights);
  visit(space.stage1_height, space.stage1_root, {});
  for (const Held& h : walks) visit(h.height, h.out, h.table_pa);
  return outcomes_;
}

std::vector<NaiveMmu::Second> NaiveMmu::second_stage(std::uint64_t ipa) {
  if (!space_.two_stages) return {{.pa = ipa}};
  std::vector<Second> answers;
  for (const Held& h : holding(space_, Fact::Kind::second_stage, ipa))
    answers.push_back(
        {.pa = h.out + (ipa & low(h.fact.lg2)), .lg2 = h.fact.lg2, .rights = h.rights});
  const std::vector<Held> walks = holding(space_, Fact::Kind::stage2_walk, ipa);
  answers.push_back(walk_second(ipa, space_.stage2_height, space_.stage2_root));
  for (const Held& h : walks) answers.push_back(walk_second(ipa, h.height, h.out));
  return answers;
}

NaiveMmu::Second NaiveMmu::walk_second(std::uint64_t ipa, int height, std::uint64_t table) {
  Tag owner = space_.owner;
  owner.space = 0;
  for (;; --height) {
    const unsigned lg2 = space_.shift(height);
    // Concatenated start tables: one wide index.
    const std::uint64_t index =
        height == space_.stage2_height ? ipa >> lg2 : ipa >> lg2 & low(space_.stride);
    const std::uint64_t word = read(table + 8 * index);
    if (!flag(word, 0)) return {.cause = FaultCause::not_present};
    if (is_table(word, height)) {
      table = address_in(word, space_.page_lg2);
      hold({{Fact::Kind::stage2_walk, owner, false, ipa >> lg2 << lg2, lg2, lg2},
            table,
            height - 1,
            {},
            0});
      continue;
    }
    if (!is_leaf(space_, word, height)) return {.cause = FaultCause::not_present};
    const std::uint64_t base = address_in(word, lg2);
    hold({{Fact::Kind::second_stage, owner, false, ipa >> lg2 << lg2, lg2, lg2},
          base,
          0,
          {},
          stage2_rights(word)});
    return {.pa = base + (ipa & low(lg2)), .lg2 = lg2, .rights = stage2_rights(word)};
  }
}

// One stage-1 table: `table_pa` is where it lies behind stage 2, if a walk cache says so.
void NaiveMmu::visit(int height, std::uint64_t table, std::optional<std::uint64_t> table_pa) {
  const std::uint64_t offset = 8 * (va_ >> space_.shift(height) & low(space_.stride));
  if (table_pa) return enter(height, read(*table_pa + offset));
  for (const Second& answer : second_stage(table + offset)) {
    if (answer.cause != FaultCause::none || !(answer.rights & 1)) {
      const bool fault = answer.cause != FaultCause::none;
      outcomes_.insert({fault ? answer.cause : FaultCause::permission, 2, true, 0});
      continue;
    }
    if (height < space_.stage1_height) {
      const unsigned lg2 = space_.shift(height + 1);
      Held walk{{Fact::Kind::stage1_walk, space_.owner, false, va_ >> lg2 << lg2, lg2, lg2},
                table,
                height,
                {},
                0};
      hold(walk);
      walk.table_pa = answer.pa - offset;
      hold(walk);
    }
    enter(height, read(answer.pa));
  }
}

void NaiveMmu::enter(int height, std::uint64_t word) {
  if (!flag(word, 0) || (!is_table(word, height) && !is_leaf(space_, word, height)))
    outcomes_.insert({FaultCause::not_present, 1, false, 0});
  else if (is_table(word, height))
    visit(height - 1, address_in(word, space_.page_lg2), {});
  else
    final_address(height, word);
}

void NaiveMmu::final_address(int height, std::uint64_t word) {
  const unsigned leaf = space_.shift(height);
  const std::uint64_t ipa = address_in(word, leaf) + (va_ & low(leaf));
  const unsigned rights = stage1_rights(word, space_.one_privilege);
  if (needed_ & ~rights) {
    outcomes_.insert({FaultCause::permission, 1, false, 0});
    return;
  }
  const bool global = space_.one_privilege || !flag(word, 11);
  if (space_.two_stages)
    hold({{Fact::Kind::stage1_entry, space_.owner, global, va_ >> leaf << leaf, leaf, leaf},
          ipa >> leaf << leaf,
          0,
          {},
          rights});
  second_of_final(ipa, leaf, global, rights);
}

void NaiveMmu::second_of_final(std::uint64_t ipa, unsigned leaf, bool global, unsigned rights) {
  for (const Second& answer : second_stage(ipa)) {
    if (answer.cause != FaultCause::none) {
      outcomes_.insert({answer.cause, 2, false, 0});
    } else if (needed_ & ~answer.rights) {
      outcomes_.insert({FaultCause::permission, 2, false, 0});
    } else {
      const unsigned lg2 = std::min(leaf, answer.lg2);
      hold({{Fact::Kind::final_entry, space_.owner, global, va_ >> lg2 << lg2, lg2, leaf},
            answer.pa >> lg2 << lg2,
            0,
            {},
            rights & answer.rights});
      outcomes_.insert({.pa = answer.pa});
    }
  }
}

}  // namespace nestwalk::arm64::test
