// Random sequences of invalidations on a TLB, walk caches and a nested TLB, against lists of
// entries and the rules said once more, one predicate for each operation.
#include <doctest/doctest.h>

#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "common/base/random.h"
#include "common/tlb/tlb.h"
#include "common/tlb/walk_caches.h"
#include "x86/engine.h"
#include "x86/implicit_invalidation.h"
#include "x86/tlb_instructions.h"

namespace nestwalk::x86 {
namespace {

// Any cached item, as the rules see it.
struct Item {
  enum class Kind { tlb, walk, nested, ept_walk } kind = Kind::tlb;
  std::uint64_t address = 0;  // linear, or guest-physical for the last two kinds
  unsigned lg2 = 12;          // what it covers
  Tag tag{};
  bool global = false;
  unsigned height = 0;  // of walk-cache items

  bool linear_or_combined() const { return kind == Kind::tlb || kind == Kind::walk; }
  bool covers(std::uint64_t at) const { return at >> lg2 == address >> lg2; }
};

using Goes = std::function<bool(const Item&)>;
struct Operation {
  std::string name;
  std::vector<Invalidation> list;
  Goes goes;
};

class Structures {
 public:
  Structures()
      : tlb_({{{12, 21}, {256, 0}}}, 1),
        caches_({{{0, {256, 0}}, {1, {256, 0}}}, {{0, {256, 0}}, {1, {256, 0}}}, true, {256, 0}},
                1) {}

  void put(const Item& item) {
    const auto height = static_cast<std::uint8_t>(item.height);
    switch (item.kind) {
      case Item::Kind::tlb: {
        TlbEntry entry;
        entry.page = Va{item.address};
        entry.tag = item.tag;
        entry.size_lg2 = static_cast<std::uint8_t>(item.lg2);
        entry.global = item.global;
        tlb_.fill(entry, entry.page);
        break;
      }
      case Item::Kind::walk:
        caches_.stage1.fill(height, item.address, item.lg2, item.tag, {});
        break;
      case Item::Kind::nested: {
        NestedEntry entry;
        entry.page = Ipa{item.address};
        entry.size_lg2 = static_cast<std::uint8_t>(item.lg2);
        caches_.nested.fill(entry, item.tag);
        break;
      }
      case Item::Kind::ept_walk:
        caches_.stage2.fill(height, item.address, item.lg2, item.tag, {});
        break;
    }
  }
  bool holds(const Item& item) {
    const auto height = static_cast<std::uint8_t>(item.height);
    switch (item.kind) {
      case Item::Kind::tlb: {
        bool found = false;
        tlb_.for_each([&](const TlbEntry& entry) {
          found |= entry.page.value == item.address && entry.tag == item.tag &&
                   entry.size_lg2 == item.lg2 && entry.global == item.global;
        });
        return found;
      }
      case Item::Kind::walk:
        return caches_.stage1.lookup(height, item.address, item.lg2, item.tag) != nullptr;
      case Item::Kind::nested:
        return caches_.nested.lookup(Ipa{item.address}, item.tag) != nullptr;
      case Item::Kind::ept_walk:
        return caches_.stage2.lookup(height, item.address, item.lg2, item.tag) != nullptr;
    }
    return false;
  }
  void apply(const std::vector<Invalidation>& list) {
    for (const Invalidation& what : list) {
      tlb_.invalidate(what);
      caches_.invalidate(what);
    }
  }

 private:
  Tlb tlb_;
  WalkCaches caches_;
};

constexpr unsigned pcids = 3, vms = 3, roots = 2, places = 4;
std::uint64_t place(Random& random) { return random.below(places) << 21 | random.below(2) << 12; }

// Roots 1 and 2 are EPTs; root 0 means none, and then linear mappings.
Item random_item(Random& random) {
  Item item;
  item.kind = static_cast<Item::Kind>(random.below(4));
  item.address = place(random);
  const auto root = static_cast<std::uint16_t>(random.below(roots + 1));
  const auto vm = static_cast<std::uint16_t>(random.below(vms));
  if (item.linear_or_combined()) {
    item.tag = {static_cast<std::uint16_t>(random.below(pcids)), vm, root,
                static_cast<std::uint16_t>(root ? regime_second_stage : regime_linear)};
  } else {
    item.tag = {0, 0, static_cast<std::uint16_t>(1 + root % roots), regime_second_stage};
  }
  if (item.kind == Item::Kind::tlb) {
    item.global = random.below(3) == 0;
    item.lg2 = random.below(3) == 0 ? 21 : 12;
  } else if (item.kind != Item::Kind::nested) {
    item.height = static_cast<unsigned>(random.below(2));
    item.lg2 = 21 + 9 * item.height;
  }
  item.address = item.address >> item.lg2 << item.lg2;
  return item;
}

struct World {
  Cpu cpu;
  Registers registers;
  VirtualMachine vm;
  Ep4taIds ids;
  std::uint64_t eptp_of[roots + 1] = {0, make_eptp(0x1000, 4, false).raw,
                                      make_eptp(0x2000, 4, true).raw};

  explicit World(Random& random) {
    for (unsigned root = 1; root <= roots; ++root) REQUIRE(ids.id_of(Eptp{eptp_of[root]}) == root);
    registers.cr0 = one(cr0_pg) | one(cr0_pe);
    registers.cr4 = one(cr4_pae) | one(cr4_pcide);
    registers.efer = one(efer_lme) | one(efer_lma);
    registers.cr3 = random.below(pcids);
    vm.id = static_cast<std::uint16_t>(random.below(vms));
  }
};

// The processor's own state names the current VPID and PCID.
Operation linear_operation(World& world, Random& random) {
  const std::uint64_t at = place(random);
  const std::uint16_t vm = world.vm.id, pcid = world.registers.pcid();
  const auto other = static_cast<std::uint16_t>(random.below(pcids));
  const Va va{at};
  const auto walk_on_path = [=](const Item& i) {
    return i.kind == Item::Kind::walk && i.covers(at);
  };
  const auto mine = [vm](Goes goes) {
    return [=](const Item& i) { return i.linear_or_combined() && i.tag.vm == vm && goes(i); };
  };
  const auto of = [](std::uint16_t space) {
    return [space](const Item& i) { return !i.global && i.tag.space == space; };
  };
  const auto cr3 = [&](std::uint64_t value) {
    return write_cr3(world.registers, value, world.cpu, world.vm).invalidations;
  };
  const auto cr4 = [&](std::uint64_t value) {
    return write_cr4(world.registers, value, world.cpu, world.vm).invalidations;
  };
  switch (random.below(12)) {
    case 0:
      return {"INVLPG", invlpg(va, world.registers, world.vm, world.cpu).invalidations,
              mine([=](const Item& i) {
                if (i.kind == Item::Kind::walk) return i.tag.space == pcid;
                return i.covers(at) && (i.global || i.tag.space == pcid);
              })};
    case 1:
      return {"INVPCID 0", invpcid(0, {other, at}, world.registers, world.vm).invalidations,
              mine([=](const Item& i) { return of(other)(i) && i.covers(at); })};
    case 2:
      return {"INVPCID 1", invpcid(1, {other, at}, world.registers, world.vm).invalidations,
              mine(of(other))};
    case 3:
      return {"INVPCID 2", invpcid(2, {other, at}, world.registers, world.vm).invalidations,
              mine([](const Item&) { return true; })};
    case 4:
      return {"INVPCID 3", invpcid(3, {other, at}, world.registers, world.vm).invalidations,
              mine([](const Item& i) { return !i.global; })};
    case 5:
      return {"MOV CR3", cr3(other), mine(of(other))};
    case 6:
      return {"MOV CR3, bit 63", cr3(other | one(63)), [](const Item&) { return false; }};
    case 7:
      return {"MOV CR4, PGE", cr4(world.registers.cr4 ^ one(cr4_pge)),
              mine([](const Item&) { return true; })};
    case 8:
      return {"MOV CR4, SMEP", cr4(world.registers.cr4 | one(cr4_smep)),
              mine([=](const Item& i) { return i.global || i.tag.space == pcid; })};
    case 9:
      return {"task switch",
              task_switch_cr3(world.registers, 0x5000, world.cpu, world.vm).invalidations,
              mine(of(0))};
    case 10:
      return {"#PF", page_fault_invalidation(va, {pcid, vm, 0, regime_linear}),
              mine([=](const Item& i) {
                if (i.kind == Item::Kind::walk) return i.tag.space == pcid && walk_on_path(i);
                return i.covers(at) && (i.global || i.tag.space == pcid);
              })};
    default:
      return {"VM transition without VPID", vm_transition(false),
              [](const Item& i) { return i.linear_or_combined() && i.tag.vm == 0; }};
  }
}

Operation vmx_operation(World& world, Random& random) {
  const std::uint64_t at = place(random);
  const auto vpid = static_cast<std::uint16_t>(1 + random.below(vms - 1));
  const auto root = static_cast<std::uint16_t>(1 + random.below(roots));
  const auto pcid = static_cast<std::uint16_t>(random.below(pcids));
  const auto vvpid = [&](std::uint64_t type) {
    return invvpid(type, {vpid, at}, world.registers).invalidations;
  };
  const auto of = [vpid](const Item& i) { return i.linear_or_combined() && i.tag.vm == vpid; };
  switch (random.below(7)) {
    case 0:
      return {"INVVPID 0", vvpid(0), [=](const Item& i) { return of(i) && i.covers(at); }};
    case 1:
      return {"INVVPID 1", vvpid(1), of};
    case 2:
      return {"INVVPID 2", vvpid(2),
              [](const Item& i) { return i.linear_or_combined() && i.tag.vm != 0; }};
    case 3:
      return {"INVVPID 3", vvpid(3), [=](const Item& i) { return of(i) && !i.global; }};
    case 4:
      return {"INVEPT 1", invept(1, {world.eptp_of[root], 0}, world.cpu, world.ids).invalidations,
              [=](const Item& i) { return i.tag.root == root; }};
    case 5:
      return {"INVEPT 2", invept(2, {}, world.cpu, world.ids).invalidations,
              [](const Item& i) { return i.tag.root != 0; }};
    default: {
      const std::uint64_t ipa = place(random);
      return {"EPT violation",
              ept_violation_invalidation(Ipa{ipa}, Va{at}, {pcid, vpid, root, regime_second_stage}),
              [=](const Item& i) {
                if (i.tag.root != root) return false;
                if (!i.linear_or_combined()) return i.covers(ipa);
                return i.tag.vm == vpid && i.covers(at) && (i.global || i.tag.space == pcid);
              }};
    }
  }
}

}  // namespace

TEST_CASE("A-70 to A-91: random invalidations drop exactly what the rules say") {
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    World world(random);
    Structures structures;
    std::vector<Item> model;
    std::string history;
    for (int step = 0; step < 12; ++step) {
      for (int i = 0; i < 12; ++i) {
        const Item item = random_item(random);
        // One global entry stands for the address in every space, whoever made it.
        const auto same = [&](const Item& held) {
          return held.kind == item.kind && held.address == item.address && held.lg2 == item.lg2 &&
                 held.tag.vm == item.tag.vm && held.tag.root == item.tag.root &&
                 held.global == item.global && (item.global || held.tag.space == item.tag.space);
        };
        if (std::any_of(model.begin(), model.end(), same)) continue;
        structures.put(item);
        model.push_back(item);
      }
      const Operation operation =
          random.below(2) ? linear_operation(world, random) : vmx_operation(world, random);
      history += " " + operation.name;
      structures.apply(operation.list);
      std::erase_if(model, [&](const Item& item) {
        const bool goes = operation.goes(item);
        CAPTURE(seed);
        CAPTURE(history);
        CAPTURE(static_cast<int>(item.kind));
        CAPTURE(item.address);
        REQUIRE(structures.holds(item) == !goes);
        return goes;
      });
    }
  }
}

}  // namespace nestwalk::x86
