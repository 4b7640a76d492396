// The judgement of a stage-2 abort, rule by rule; and against the mappings that Linux KVM made in
// executed runs (tests/conformance/kvm).
#include "arm64/kvm/abort_answer.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "common/base/bits.h"

using namespace nestwalk;
using namespace nestwalk::arm64;

namespace {

constexpr Hva process{one(46)};
const HostSizes sizes_4k{};

Slot slot_of(std::uint64_t base, std::uint64_t bytes, std::uint64_t offset = 0) {
  return {1, Ipa{base}, bytes, process + base + offset, false, false, false};
}

HostPage page_around(const Slot& slot, Ipa at, unsigned size_lg2, bool hugetlb = false) {
  return {slot.hva_of(at).aligned(size_lg2),
          Pa{one(40)},
          static_cast<std::uint8_t>(size_lg2),
          true,
          false,
          hugetlb};
}

unsigned size_of(const Slot& slot, Ipa at, unsigned page_lg2, bool hugetlb, unsigned most_lg2 = 63,
                 const HostSizes& sizes = sizes_4k) {
  return mapping_size_lg2({.ipa = at}, slot,
                          {.page = page_around(slot, at, page_lg2, hugetlb),
                           .most_lg2 = static_cast<std::uint8_t>(most_lg2)},
                          sizes);
}

}  // namespace

TEST_CASE("3.3.6: where there is no memory: to user space, injected, or stepped over") {
  const Stage2Abort load{.ipa = Ipa{0x9000238}};
  CHECK(abort_route(load, nullptr) == AbortRoute::mmio);
  CHECK(abort_route({.ipa = load.ipa, .instruction = true}, nullptr) == AbortRoute::external_abort);
  CHECK(abort_route({.ipa = load.ipa, .on_table_walk = true}, nullptr) ==
        AbortRoute::external_abort);
  CHECK(abort_route({.ipa = load.ipa, .write = true, .cache_maintenance = true}, nullptr) ==
        AbortRoute::skip);
  Slot leaving = slot_of(0x9000000, MiB);
  leaving.invalid = true;
  CHECK(abort_route(load, &leaving) == AbortRoute::mmio);
}

TEST_CASE("T181 T182 T184: a read-only slot: loads map, stores are the device's, DC IVAC too") {
  Slot flash = slot_of(0x8000000, MiB);
  flash.read_only = true;
  CHECK(abort_route({.ipa = flash.base}, &flash) == AbortRoute::map);
  CHECK(abort_route({.ipa = flash.base, .write = true}, &flash) == AbortRoute::mmio);
  CHECK(abort_route({.ipa = flash.base, .write = true, .cache_maintenance = true}, &flash) ==
        AbortRoute::mmio);
  // A walk that wants to set the access flag in a table there (T184b).
  CHECK(abort_route({.ipa = flash.base, .status = AbortStatus::permission, .on_table_walk = true},
                    &flash) == AbortRoute::external_abort);
  CHECK(abort_route({.ipa = flash.base, .on_table_walk = true}, &flash) == AbortRoute::map);
}

TEST_CASE("T185 3.3.7: an access-flag abort makes the entry young") {
  const Slot slot = slot_of(one(30), 4 * MiB);
  CHECK(abort_route({.ipa = slot.base, .status = AbortStatus::access_flag}, &slot) ==
        AbortRoute::make_young);
}

TEST_CASE("BA04: a walk's permission abort is a write, also on behalf of a fetch") {
  const Stage2Abort walk{
      .ipa = {}, .status = AbortStatus::permission, .instruction = true, .on_table_walk = true};
  CHECK(walk.is_write());
  CHECK_FALSE(walk.is_exec());
  CHECK_FALSE(Stage2Abort{.ipa = {}, .write = true, .on_table_walk = true}.is_write());
}

TEST_CASE("3.4.2: sizes by page, pool, alignment and slot") {
  const Slot slot = slot_of(one(31), one(30));
  const Ipa at = slot.base + 5 * MiB;
  CHECK(size_of(slot, at, 12, false) == 12);
  CHECK(size_of(slot, at, 16, false) == 12);
  CHECK(size_of(slot, at, 21, false) == 21);  // T158
  CHECK(size_of(slot, at, 30, false) == 21);  // a transparent page is never mapped by 1G
  CHECK(size_of(slot, at, 16, true) == 12);   // T167
  CHECK(size_of(slot, at, 21, true) == 21);
  CHECK(size_of(slot, at, 25, true) == 21);  // T166
  CHECK(size_of(slot, at, 30, true) == 30);  // T157
  const Slot by_1m = slot_of(one(31), one(30), MiB);
  CHECK(size_of(by_1m, at, 30, true) == 12);
  CHECK(size_of(by_1m, at, 21, false) == 12);
  const Slot by_2m = slot_of(one(31), one(30), 2 * MiB);
  CHECK(size_of(by_2m, at, 30, true) == 21);
  const Slot edge = slot_of(one(30) + MiB, 3 * MiB);  // T169
  CHECK(size_of(edge, edge.base + 0x5000, 21, true) == 12);
  CHECK(size_of(edge, edge.base + MiB, 21, true) == 21);
  // 16K pages: blocks of 32 MiB, and nothing above.
  CHECK(size_of(slot, at, 25, true, 63, {.page = 14, .pmd = 25, .pud = 0}) == 25);
  CHECK(size_of(slot, at, 30, true, 63, {.page = 14, .pmd = 25, .pud = 0}) == 25);
}

TEST_CASE("T154 T155 T160 T161 T170: the leaf of a guest hypervisor bounds all, THP too") {
  const Slot slot = slot_of(one(31), one(30));
  const Ipa at = slot.base + 5 * MiB;
  CHECK(size_of(slot, at, 30, true, 12) == 12);
  CHECK(size_of(slot, at, 30, true, 21) == 21);
  CHECK(size_of(slot, at, 21, false, 12) == 12);
  CHECK(size_of(slot, at, 21, false, 14) == 12);  // of 16K: down to a size that the host has
  CHECK(size_of(slot, at, 21, false, 25) == 21);
  CHECK(size_of(slot, at, 21, false, 29) == 21);
}

TEST_CASE("T163 T164 T228: logging maps by pages; only a write is mapped writable, and marked") {
  Slot slot = slot_of(one(31), one(30));
  slot.log_dirty = true;
  const Ipa at = slot.base + 0x5000;
  const Stage2Lookup lookup{.page = page_around(slot, at, 30, true)};
  const Stage2Answer load = page_answer({.ipa = at}, slot, lookup, sizes_4k);
  CHECK(load.act == Stage2Act::map);
  CHECK(load.size_lg2 == 12);
  CHECK_FALSE(load.writable);
  CHECK_FALSE(load.marks_dirty);
  const Stage2Answer store = page_answer({.ipa = at, .write = true}, slot, lookup, sizes_4k);
  CHECK(store.writable);
  CHECK(store.marks_dirty);
  // The page is there, read-only: rights are added. A block is there: it gives way to a page.
  const Stage2Abort denied{.ipa = at, .status = AbortStatus::permission, .write = true};
  CHECK(page_answer(denied, slot, lookup, sizes_4k).act == Stage2Act::relax);
  Stage2Abort by_block = denied;
  by_block.granule_lg2 = 21;
  const Stage2Answer split = page_answer(by_block, slot, lookup, sizes_4k);
  CHECK(split.act == Stage2Act::map);
  CHECK(split.size_lg2 == 12);
}

TEST_CASE("3.4.2.7: a permission abort on a block keeps the block's size") {
  const Slot slot = slot_of(one(31), one(30));
  const Ipa at = slot.base + 5 * MiB;
  const Stage2Abort denied{
      .ipa = at, .status = AbortStatus::permission, .granule_lg2 = 21, .write = true};
  const Stage2Answer answer =
      page_answer(denied, slot, {.page = page_around(slot, at, 12)}, sizes_4k);
  CHECK(answer.act == Stage2Act::relax);
  CHECK(answer.size_lg2 == 21);
  CHECK(answer.base == slot.base + 4 * MiB);
}

TEST_CASE("T187 P1 3.4.3: rights are those of the host's page; a write that it denies fails") {
  const Slot slot = slot_of(one(31), one(30));
  HostPage read_only = page_around(slot, slot.base, 12);
  read_only.writable = false;
  const Stage2Answer load = page_answer({.ipa = slot.base}, slot, {.page = read_only}, sizes_4k);
  CHECK(load.act == Stage2Act::map);
  CHECK_FALSE(load.writable);
  CHECK(page_answer({.ipa = slot.base, .write = true}, slot, {.page = read_only}, sizes_4k).act ==
        Stage2Act::refuse);
}

TEST_CASE("3.4.3: execution needs an instruction abort where instruction caches are not coherent") {
  const Slot slot = slot_of(one(31), one(30));
  Stage2Lookup lookup{.page = page_around(slot, slot.base, 12)};
  CHECK(page_answer({.ipa = slot.base}, slot, lookup, sizes_4k).executable);
  lookup.coherent_instructions = false;
  CHECK_FALSE(page_answer({.ipa = slot.base}, slot, lookup, sizes_4k).executable);
  CHECK(page_answer({.ipa = slot.base, .instruction = true}, slot, lookup, sizes_4k).executable);
}

TEST_CASE("T188: a page looked up before an invalidation is not entered") {
  const Slot slot = slot_of(one(31), one(30));
  CHECK(page_answer({.ipa = slot.base}, slot,
                    {.page = page_around(slot, slot.base, 12), .stale = true}, sizes_4k)
            .act == Stage2Act::retry);
}

// Every kind of mapping in the executed records, of plain and of nested guests.
TEST_CASE("executed: kernels 7.2 and 7.3 mapped as these functions do") {
  std::ifstream file(NESTWALK_SOURCE_DIR "/tests/conformance/kvm/arm64_stage2_maps.txt");
  REQUIRE(file);
  unsigned rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    CAPTURE(line);
    ++rows;
    std::istringstream in(line);
    std::string id, backing, flags, status, colon;
    std::uint64_t base = 0, bytes = 0, offset = 0, ipa = 0;
    unsigned granule = 0, instruction = 0, write = 0, walk = 0, leaf = 0, size = 0, writable = 0,
             plain = 0;
    in >> id >> std::hex >> base >> bytes >> offset >> backing >> flags >> ipa >> std::dec >>
        status >> granule >> instruction >> write >> walk >> leaf >> colon >> size >> writable >>
        plain;
    REQUIRE(in);

    Slot slot = slot_of(base, bytes, offset);
    slot.log_dirty = flags == "log";
    slot.read_only = flags == "ro";
    const unsigned page_lg2 = backing == "4k"     ? 12
                              : backing == "h64k" ? 16
                              : backing == "h32m" ? 25
                              : backing == "h1g"  ? 30
                                                  : 21;
    const Stage2Abort abort{
        Ipa{ipa},
        status == "permission" ? AbortStatus::permission : AbortStatus::translation,
        static_cast<std::uint8_t>(granule),
        instruction != 0,
        write != 0,
        walk != 0,
        false};
    CHECK(abort_route(abort, &slot) == AbortRoute::map);
    const Stage2Answer answer =
        page_answer(abort, slot,
                    {.page = page_around(slot, abort.ipa, page_lg2, backing[0] == 'h'),
                     .most_lg2 = static_cast<std::uint8_t>(leaf)},
                    sizes_4k);
    CHECK(answer.act == Stage2Act::map);
    CHECK(answer.size_lg2 == size);
    if (plain)
      CHECK(answer.writable == (writable != 0));
    else if (writable)
      CHECK(answer.writable);
  }
  CHECK(rows > 300);
}
