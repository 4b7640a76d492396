// The judgement of a second-stage violation, rule by rule; and against what Linux KVM answered in
// executed runs (tests/conformance/kvm).
#include "x86/kvm/tdp_answer.h"

#include <doctest/doctest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "common/base/bits.h"

using namespace nestwalk;
using namespace nestwalk::x86;

namespace {

constexpr Hva process{one(46)};
const TdpTraits newest{};

Slot slot_of(std::uint64_t base, std::uint64_t bytes, std::uint64_t offset = 0) {
  return {1, Ipa{base}, bytes, process + base + offset, false, false, false};
}

HostPage page_around(const Slot& slot, Ipa at, unsigned size_lg2) {
  return {slot.hva_of(at).aligned(size_lg2),
          Pa{one(40)},
          static_cast<std::uint8_t>(size_lg2),
          true,
          false,
          false};
}

TdpAnswer answer(const TdpViolation& fault, const Slot& slot, unsigned page_lg2,
                 const TdpEntry& found = {}, const TdpTraits& traits = newest) {
  return page_answer(fault, slot, {page_around(slot, fault.gpa, page_lg2)}, found, traits);
}

TdpEntry entry_of(const std::string& flags, unsigned size_lg2) {
  const auto has = [&](char flag) { return flags.find(flag) != std::string::npos; };
  TdpEntry entry;
  if (flags == "np" || flags == "-") return entry;
  entry.size_lg2 = static_cast<std::uint8_t>(size_lg2);
  if (flags.starts_with("mmio")) {
    entry.kind = TdpEntry::Kind::mmio;
    entry.writable = true;
    entry.generation = flags == "mmio" ? 6 : 4;
    return entry;
  }
  entry.kind = TdpEntry::Kind::page;
  entry.writable = has('W');
  entry.executable = has('X');
  entry.accessed = has('A');
  entry.dirty = has('D');
  entry.host_writable = has('H');
  entry.mmu_writable = has('M');
  return entry;
}

}  // namespace

TEST_CASE("T370 T371 D-10: a leaf as large as page, alignment and slot allow") {
  const Slot slot = slot_of(one(30), one(31));
  CHECK(answer({.gpa = slot.base + 0x5123}, slot, 12).entry.size_lg2 == 12);
  CHECK(answer({.gpa = slot.base + 3 * MiB}, slot, 21).entry.size_lg2 == 21);
  const TdpAnswer giant = answer({.gpa = slot.base + 5 * MiB}, slot, 30);
  CHECK(giant.entry.size_lg2 == 30);
  CHECK(giant.base == slot.base);
  CHECK(giant.entry.frame == Pa{one(40)});
  // The mapping level is 4K, 2M or 1G, whatever the page is.
  CHECK(answer({.gpa = slot.base + 3 * MiB}, slot, 16).entry.size_lg2 == 12);
  CHECK(answer({.gpa = slot.base + 3 * MiB}, slot, 25).entry.size_lg2 == 21);
  const Slot shifted = slot_of(one(30), one(31), 0x1000);
  const TdpAnswer small = answer({.gpa = shifted.base + 2 * MiB}, shifted, 30);
  CHECK(small.entry.size_lg2 == 12);
  CHECK(small.entry.frame == Pa{one(40) + 2 * MiB + 0x1000});
}

TEST_CASE("K-46: NX huge pages: execution by 4K, data by huge pages that do not execute") {
  const Slot slot = slot_of(one(30), 4 * MiB);
  const TdpTraits nx{.nx_huge_pages = true};
  const TdpAnswer data = answer({.gpa = slot.base}, slot, 21, {}, nx);
  CHECK(data.entry.size_lg2 == 21);
  CHECK_FALSE(data.entry.executable);
  CHECK_FALSE(data.for_nx);
  const TdpAnswer code = answer({.gpa = slot.base, .fetch = true}, slot, 21, data.entry, nx);
  CHECK(code.act == TdpAct::map);
  CHECK(code.entry.size_lg2 == 12);
  CHECK(code.entry.executable);
  CHECK(code.splits);
  CHECK(code.for_nx);
  CHECK_FALSE(answer({.gpa = slot.base, .fetch = true}, slot, 12, {}, nx).for_nx);
  // Beside that table data is mapped by pages too.
  const TdpLookup beside{page_around(slot, slot.base, 21), false, 12};
  CHECK(page_answer({.gpa = slot.base + 0x3000}, slot, beside, {}, nx).entry.size_lg2 == 12);
}

TEST_CASE("T206 D-11: dirty logging maps by 4K; what is mapped writable is marked at once") {
  Slot slot = slot_of(one(30), 4 * MiB);
  slot.log_dirty = true;
  for (const bool write : {false, true}) {
    const TdpAnswer made = answer({.gpa = slot.base, .write = write}, slot, 21);
    CHECK(made.entry.size_lg2 == 12);
    CHECK(made.entry.writable);
    CHECK(made.marks_dirty);
  }
}

TEST_CASE("T380 K-106: a read-only slot: reads map, every write is the device's") {
  Slot slot = slot_of(one(30), 4 * MiB);
  slot.read_only = true;
  CHECK_FALSE(slot_answer({.gpa = slot.base}, &slot, 2, newest));
  const TdpAnswer read = answer({.gpa = slot.base}, slot, 21);
  CHECK_FALSE(read.entry.writable);
  CHECK_FALSE(read.entry.mmu_writable);
  const TdpViolation write{.gpa = slot.base, .write = true, .present = true};
  CHECK_FALSE(fast_answer(write, read.entry, &slot));
  CHECK(slot_answer(write, &slot, 2, newest)->act == TdpAct::emulate);
}

TEST_CASE("T331 T332 T340 K-103: no slot: an MMIO entry, if caching is on and the address fits") {
  const TdpViolation fault{.gpa = Ipa{0x8000123}};
  const auto cached = slot_answer(fault, nullptr, 6, newest);
  CHECK(cached->act == TdpAct::cache_and_emulate);
  CHECK(cached->base == Ipa{0x8000000});
  CHECK(cached->entry.generation == 6);
  CHECK(slot_answer(fault, nullptr, 6, {.mmio_caching = false})->act == TdpAct::emulate);
  CHECK(slot_answer({.gpa = Ipa{one(51)}}, nullptr, 6, newest)->act == TdpAct::emulate);
}

TEST_CASE("T335 K-104: an MMIO entry serves while the slots are those of its time") {
  const TdpViolation again{.gpa = Ipa{0x8000123}, .reserved = true};
  const TdpEntry made = slot_answer({.gpa = again.gpa}, nullptr, 6, newest)->entry;
  CHECK(mmio_answer(again, made, 6)->act == TdpAct::emulate);
  CHECK_FALSE(mmio_answer(again, made, 8));
  CHECK(mmio_answer(again, {}, 6)->act == TdpAct::retry);
}

TEST_CASE("BT05: a slot being deleted answers with retry, whatever the access") {
  Slot slot = slot_of(one(30), 4 * MiB);
  slot.invalid = slot.read_only = true;
  CHECK(slot_answer({.gpa = slot.base, .write = true}, &slot, 2, newest)->act == TdpAct::retry);
}

TEST_CASE("T188 D-10: a page looked up before an invalidation is not entered") {
  const Slot slot = slot_of(one(30), 4 * MiB);
  const TdpLookup lookup{page_around(slot, slot.base, 12), true};
  CHECK(page_answer({.gpa = slot.base}, slot, lookup, {}, newest).act == TdpAct::retry);
}

TEST_CASE("T375 T376 T377 K-110: the fast path gives W back where only logging took it") {
  Slot slot = slot_of(one(30), 4 * MiB);
  slot.log_dirty = true;
  const TdpViolation write{.gpa = slot.base + 0x5010, .write = true, .present = true};
  TdpEntry clean = answer({.gpa = write.gpa}, slot, 12).entry;
  clean.writable = false;
  const auto fixed = fast_answer(write, clean, &slot);
  REQUIRE(fixed);
  CHECK(fixed->act == TdpAct::fix);
  CHECK(fixed->entry.writable);
  CHECK(fixed->marks_dirty);
  CHECK(fast_answer(write, fixed->entry, &slot)->act == TdpAct::spurious);
  TdpEntry huge = clean;
  huge.size_lg2 = 21;
  CHECK_FALSE(fast_answer(write, huge, &slot));
  slot.log_dirty = false;
  CHECK(fast_answer(write, huge, &slot)->act == TdpAct::fix);
  TdpEntry tracked = clean;  // T376: not logging but a shadowed table keeps it read-only
  tracked.mmu_writable = false;
  CHECK_FALSE(fast_answer(write, tracked, &slot));
  CHECK_FALSE(fast_answer({.gpa = write.gpa, .present = true}, clean, &slot));
  CHECK_FALSE(fast_answer({.gpa = write.gpa, .write = true}, clean, &slot));
}

TEST_CASE(
    "T373 T379 D-11: an entry that serves is left alone; kernels before 6.16 compare values") {
  const Slot slot = slot_of(one(30), 4 * MiB);
  const TdpViolation read{.gpa = slot.base};
  const TdpEntry there = answer(read, slot, 12).entry;
  CHECK(answer(read, slot, 12, there).act == TdpAct::spurious);
  const TdpViolation prefetch{.gpa = slot.base, .prefetch = true};
  CHECK(answer(prefetch, slot, 12, there).act == TdpAct::spurious);
  // Executed, 6.12: PWUADHMX becomes PWUAHMX less A and D by a prefetch of a present page.
  const TdpTraits older{.dirty_with_write = false, .leaves_what_serves = false};
  const TdpAnswer rewritten = answer(prefetch, slot, 12, there, older);
  CHECK(rewritten.act == TdpAct::map);
  CHECK_FALSE(rewritten.entry.accessed);
  CHECK_FALSE(rewritten.entry.dirty);
}

TEST_CASE("T335 D-13: D comes with W from 6.14 on; before, not where W stood already") {
  const Slot slot = slot_of(one(30), 4 * MiB);
  const TdpEntry mmio = slot_answer({.gpa = slot.base}, nullptr, 6, newest)->entry;
  CHECK(answer({.gpa = slot.base}, slot, 12, mmio).entry.dirty);
  const TdpTraits older{.dirty_with_write = false, .leaves_what_serves = false};
  CHECK_FALSE(answer({.gpa = slot.base}, slot, 12, mmio, older).entry.dirty);
  CHECK(answer({.gpa = slot.base}, slot, 12, {}, older).entry.dirty);
}

TEST_CASE("T381: the zero page is mapped read-only, and no dirty logging is to blame for it") {
  const Slot slot = slot_of(one(30), 4 * MiB);
  const HostPage zero{slot.hva, Pa{0x3000}, 12, false, true, false};
  const TdpAnswer made = page_answer({.gpa = slot.base}, slot, {zero}, {}, newest);
  TdpEntry executed = entry_of("PUAX", 12);  // scenario THPsplit
  executed.frame = Pa{0x3000};
  CHECK(made.entry == executed);
}

// Every kind of answer to a nested page fault in the executed records.
TEST_CASE("executed: kernels 6.1 and 7.3 answered as these functions do") {
  std::ifstream file(NESTWALK_SOURCE_DIR "/tests/conformance/kvm/x86_tdp_answers.txt");
  REQUIRE(file);
  unsigned rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('#')) continue;
    CAPTURE(line);
    ++rows;
    std::istringstream in(line);
    std::string id, base, old, colon, act, made;
    std::uint64_t bytes = 0, offset = 0, gpa = 0;
    unsigned kernel = 0, nx = 0, caching = 0, kind = 0, flags = 0, most = 0, size = 0;
    unsigned write = 0, fetch = 0, present = 0, reserved = 0;
    in >> id >> kernel >> nx >> caching >> base >> std::hex >> bytes >> offset >> std::dec >>
        kind >> flags >> std::hex >> gpa >> std::dec >> write >> fetch >> present >> reserved >>
        old >> most >> colon >> act >> size >> made;
    REQUIRE(in);

    const TdpTraits traits{.nx_huge_pages = nx != 0,
                           .mmio_caching = caching != 0,
                           .dirty_with_write = kernel >= 7,
                           .leaves_what_serves = kernel >= 7};
    const TdpViolation fault{Ipa{gpa}, write != 0, fetch != 0, present != 0, reserved != 0, false};
    Slot slot;
    if (base != "-") slot = slot_of(std::stoull(base, nullptr, 16), bytes);
    slot.hva = process + offset;  // of the mapping's start, which is aligned to 1 GiB
    slot.log_dirty = flags & 1;
    slot.read_only = flags & 2;
    const Slot* at = base == "-" ? nullptr : &slot;
    const TdpEntry found = entry_of(old, size);
    const unsigned page_lg2 = kind == 4 ? 30 : kind ? 21 : 12;

    std::optional<TdpAnswer> answered;
    if (reserved) answered = mmio_answer(fault, found, 6);
    if (!answered) answered = fast_answer(fault, found, at);
    if (!answered) answered = slot_answer(fault, at, 6, traits);
    if (!answered)
      answered = page_answer(
          fault, slot,
          {page_around(slot, fault.gpa, page_lg2), false, static_cast<std::uint8_t>(most)}, found,
          traits);

    const TdpAct wanted = act == "map"       ? TdpAct::map
                          : act == "fix"     ? TdpAct::fix
                          : act == "emulate" ? TdpAct::emulate
                                             : TdpAct::cache_and_emulate;
    CHECK(answered->act == wanted);
    if (made == "-") continue;
    TdpEntry expected = entry_of(made, size);
    expected.frame = answered->entry.frame;  // records do not tell it
    CHECK(answered->entry == expected);
  }
  CHECK(rows > 250);
}
