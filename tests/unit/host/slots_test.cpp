// Memory slots: what KVM refuses and why, look-ups, the window in which a slot is invalid, numbers
// of generations. Linux 6.14, virt/kvm/kvm_main.c, kvm_set_memory_region.
#include "common/host/slots.h"

#include <doctest/doctest.h>

#include "common/base/bits.h"

using namespace nestwalk;

namespace {

SlotRequest request(std::uint16_t id, std::uint64_t base, std::uint64_t bytes,
                    std::uint64_t hva = one(40)) {
  return {id, Ipa{base}, bytes, Hva{hva}, false, false};
}

Slot slot_at(std::uint64_t base, std::uint64_t bytes, std::uint64_t hva) {
  return {0, Ipa{base}, bytes, Hva{hva}, false, false, false};
}

}  // namespace

TEST_CASE("a malformed request is refused, with KVM's reason, and changes nothing") {
  Slots slots({.page_lg2 = 12, .address_bits = 40, .largest_id = 7});
  const auto error = [&](const SlotRequest& wanted) {
    const SlotVerdict verdict = slots.set(wanted);
    CHECK(verdict.change == SlotChange::nothing);
    CHECK(slots.all().empty());
    CHECK(slots.generation() == 0);
    return verdict.error;
  };
  CHECK(error(request(0, 0x800, 0x1000)) == SlotError::unaligned);
  CHECK(error(request(0, 0, 0x1800)) == SlotError::unaligned);
  CHECK(error(request(0, 0, 0x1000, 0x10)) == SlotError::unaligned);
  CHECK(error(request(8, 0, 0x1000)) == SlotError::bad_id);
  CHECK(error(request(0, ~low_mask(12), 0x2000)) == SlotError::wraps);
  CHECK(error(request(0, 0, one(43))) == SlotError::too_large);
  CHECK(error(request(0, 0, 0)) == SlotError::no_such_slot);
  CHECK(error(request(0, one(40) - 0x1000, 0x2000)) == SlotError::out_of_reach);
  CHECK(slots.judge(request(0, one(40) - 0x1000, 0x1000)).change == SlotChange::create);
  CHECK(slots.judge(request(0, 0, one(43) - 0x1000)).error == SlotError::out_of_reach);
}

TEST_CASE("a host of 64K pages wants 64K alignment") {
  Slots slots({.page_lg2 = 16});
  CHECK(slots.set(request(0, 0x1000, 0x10000)).error == SlotError::unaligned);
  CHECK(slots.set(request(0, 0x10000, 0x10000)).change == SlotChange::create);
}

TEST_CASE("slots do not overlap; neighbours may touch") {
  Slots slots;
  REQUIRE(slots.set(request(1, 0x10000, 0x4000)).change == SlotChange::create);
  for (const auto& [base, bytes] :
       {std::pair{0xf000, 0x2000}, {0x10000, 0x4000}, {0x13000, 0x1000}, {0x8000, 0x20000}})
    CHECK(slots.set(request(2, base, bytes)).error == SlotError::overlap);
  CHECK(slots.set(request(2, 0xf000, 0x1000)).error == SlotError::none);
  CHECK(slots.set(request(3, 0x14000, 0x1000)).error == SlotError::none);
  // A slot may be moved over where it was, but not onto another.
  CHECK(slots.set(request(3, 0x14000 + 0x1000, 0x1000)).change == SlotChange::move);
  CHECK(slots.set(request(3, 0x12000, 0x1000)).error == SlotError::overlap);
}

TEST_CASE("of an existing slot only place and logging may change") {
  Slots slots;
  REQUIRE(slots.set(request(1, 0x10000, 0x4000)).error == SlotError::none);
  SlotRequest other = request(1, 0x10000, 0x4000);
  CHECK(slots.set(other).change == SlotChange::nothing);
  CHECK(slots.generation() == 1);
  other.read_only = true;
  CHECK(slots.set(other).error == SlotError::changed);
  CHECK(slots.set(request(1, 0x10000, 0x5000)).error == SlotError::changed);
  CHECK(slots.set(request(1, 0x10000, 0x4000, one(41))).error == SlotError::changed);
  other = request(1, 0x10000, 0x4000);
  other.log_dirty = true;
  CHECK(slots.set(other).change == SlotChange::flags);
  CHECK(slots.find(Ipa{0x10000})->log_dirty);
}

TEST_CASE("look-up by intermediate address and by id") {
  Slots slots;
  slots.set(request(5, 0x10000, 0x4000));
  slots.set(request(2, 0x20000, 0x1000));
  CHECK_FALSE(slots.find(Ipa{0xffff}));
  CHECK(slots.find(Ipa{0x10000})->id == 5);
  CHECK(slots.find(Ipa{0x13fff})->id == 5);
  CHECK_FALSE(slots.find(Ipa{0x14000}));
  CHECK(slots.find(Ipa{0x20fff})->id == 2);
  CHECK(slots.with_id(2)->base == Ipa{0x20000});
  CHECK_FALSE(slots.with_id(0));
  CHECK(slots.bytes() == 0x5000);
  CHECK(slots.find(Ipa{0x11234})->hva_of(Ipa{0x11234}) == Hva{one(40) + 0x1234});
  CHECK(slots.find(Ipa{0x11234})->ipa_of(Hva{one(40) + 0x1234}) == Ipa{0x11234});
}

// While a slot is deleted or moved it is found but invalid; who unmaps sees it as it was.
TEST_CASE("BT05 K-105: deleted and moved slots are invalid first, and count two generations") {
  Slots slots({.generation_step = 2, .first_generation = 2});
  slots.set(request(1, 0x10000, 0x4000));
  CHECK(slots.generation() == 4);
  int unmapped = 0;
  const auto unmap = [&](const Slot& old) {
    ++unmapped;
    CHECK_FALSE(old.invalid);
    REQUIRE(slots.find(old.base));
    CHECK(slots.find(old.base)->invalid);
    CHECK_FALSE(slots.find(Ipa{0x50000}));
    CHECK(slots.generation() % 4 == 2);  // one of the two
  };
  CHECK(slots.set(request(1, 0x50000, 0x4000), unmap).change == SlotChange::move);
  CHECK(slots.generation() == 8);
  CHECK_FALSE(slots.find(Ipa{0x10000}));
  CHECK_FALSE(slots.find(Ipa{0x50000})->invalid);
  CHECK(slots.set(request(1, 0, 0), [&](const Slot&) { ++unmapped; }).change == SlotChange::remove);
  CHECK(slots.generation() == 12);
  CHECK(unmapped == 2);
  CHECK(slots.all().empty());
}

// Executed: x86 6.1 and 7.3, scenario T335-tdp: two slots made the number 4, the third 6.
TEST_CASE("T335: a new slot adds the number of address spaces; other flags too") {
  Slots slots({.generation_step = 2});
  slots.set(request(0, 0, 0x1000000));
  slots.set(request(9, 0x10000000, 0x600000, one(41)));
  CHECK(slots.generation() == 4);
  slots.set(request(2, 0xa000000, 0x200000, one(42)));
  CHECK(slots.generation() == 6);
  SlotRequest logged = request(2, 0xa000000, 0x200000, one(42));
  logged.log_dirty = true;
  int unmapped = 0;
  slots.set(logged, [&](const Slot&) { ++unmapped; });
  CHECK(slots.generation() == 8);
  CHECK(unmapped == 0);
}

TEST_CASE("host memory may stand in several slots, in part") {
  Slots slots;
  slots.set(request(1, 0x10000, 0x4000, one(40)));
  slots.set(request(2, 0x80000, 0x2000, one(40) + 0x3000));
  const auto parts = slots.parts_of({Hva{one(40) + 0x2000}, 0x2000});
  REQUIRE(parts.size() == 2);
  CHECK(parts[0].slot->id == 1);
  CHECK(parts[0].range.first == Ipa{0x12000});
  CHECK(parts[0].range.bytes == 0x2000);
  CHECK(parts[1].range.first == Ipa{0x80000});
  CHECK(parts[1].range.bytes == 0x1000);
  CHECK(slots.parts_of({Hva{one(40) + 0x5000}, 0x1000}).empty());
}

TEST_CASE("K-46 T169 T205 BT08: blocks at the edges and of shifted slots are mapped by pages") {
  const Slot shifted = slot_at(0x4000000, 0x800000, one(40) + 0x1000);
  CHECK(shifted.allows_block(Ipa{0x4200000}, 12));
  CHECK_FALSE(shifted.allows_block(Ipa{0x4200000}, 21));
  // Congruent modulo 1 MiB only.
  CHECK(slot_at(0x4000000, 0x800000, one(40) + MiB).allows_block(Ipa{0x4200000}, 20));
  CHECK_FALSE(slot_at(0x4000000, 0x800000, one(40) + MiB).allows_block(Ipa{0x4200000}, 21));
  // gfn 0x1ff00 .. 0x203ff, congruent: head and tail by pages, what lies between by blocks.
  const Slot odd = slot_at(0x1ff00000, 0x500000, one(40) + 0x1ff00000);
  CHECK_FALSE(odd.allows_block(Ipa{0x1ff00000}, 21));
  CHECK(odd.allows_block(Ipa{0x20000000}, 21));
  CHECK(odd.allows_block(Ipa{0x203fffff}, 21));
  CHECK_FALSE(
      slot_at(0x1ff00000, 0x4ff000, one(40) + 0x1ff00000).allows_block(Ipa{0x20200000}, 21));
  CHECK_FALSE(odd.allows_block(Ipa{0x20000000}, 30));
  CHECK(slot_at(0, one(30), one(40)).allows_block(Ipa{0x3fffffff}, 30));
  CHECK_FALSE(slot_at(0, one(20), one(40)).allows_block(Ipa{0}, 21));
}

TEST_CASE("every error has a name of its own") {
  std::string_view last;
  for (int i = 0; i <= static_cast<int>(SlotError::overlap); ++i) {
    CHECK_FALSE(name_of(static_cast<SlotError>(i)).empty());
    CHECK(name_of(static_cast<SlotError>(i)) != last);
    last = name_of(static_cast<SlotError>(i));
  }
}
