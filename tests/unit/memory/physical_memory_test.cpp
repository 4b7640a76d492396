// PhysicalMemory: words, sparseness, reuse of cleared frames, and how much host memory it takes.
#include "common/memory/physical_memory.h"

#include <doctest/doctest.h>

#include <unordered_map>

#include "common/base/bits.h"
#include "common/base/random.h"

using namespace nestwalk;

TEST_CASE("memory never written reads as zero and costs nothing") {
  const PhysicalMemory memory;
  CHECK(memory.read(Pa{0}, 8) == 0);
  CHECK(memory.read(Pa{low_mask(52) & ~7u}, 8) == 0);
  CHECK(memory.resident_bytes() == 0);
}

TEST_CASE("words of 4 bytes are the halves of words of 8, little-endian") {
  PhysicalMemory memory;
  memory.write(Pa{0x1000}, 8, 0x1122334455667788);
  CHECK(memory.read(Pa{0x1000}, 4) == 0x55667788);
  CHECK(memory.read(Pa{0x1004}, 4) == 0x11223344);
  memory.write(Pa{0x1004}, 4,
               0xffff'ffff'dead'beef);  // the upper half of the value is not part of it
  CHECK(memory.read(Pa{0x1000}, 8) == 0xdeadbeef55667788);
  memory.write(Pa{0x1000}, 4, 0);
  CHECK(memory.read(Pa{0x1000}, 8) == 0xdeadbeef00000000);
  CHECK(memory.resident_bytes() == 4 * KiB);
}

TEST_CASE("a cleared frame reads as zero, and its host memory serves the next frame, zeroed") {
  PhysicalMemory memory;
  memory.write(Pa{0x5ff8}, 8, 7);
  memory.write(Pa{0x6000}, 8, 8);
  memory.clear_frame(Pa{0x5000});
  memory.clear_frame(Pa{0x9000});  // never written
  CHECK(memory.read(Pa{0x5ff8}, 8) == 0);
  CHECK(memory.read(Pa{0x6000}, 8) == 8);
  CHECK(memory.resident_bytes() == 4 * KiB);
  memory.write(Pa{0xa000}, 8, 1);
  CHECK(memory.read(Pa{0xaff8}, 8) == 0);
  CHECK(memory.resident_bytes() == 8 * KiB);
}

TEST_CASE("10^5 frames scattered over 1 TiB: right contents, 4 KiB of host memory each") {
  PhysicalMemory memory;
  std::unordered_map<std::uint64_t, std::uint64_t> model;
  Random random(3);
  while (model.size() < 100'000) {
    const std::uint64_t frame = random.below(TiB >> 12) << 12;
    const std::uint64_t at = frame + random.below(512) * 8;
    if (!model.emplace(at, random.bits64()).second) continue;
    memory.write(Pa{at}, 8, model[at]);
  }
  CHECK(memory.resident_bytes() <= 100'000 * 4 * KiB);
  for (const auto& [at, value] : model) REQUIRE(memory.read(Pa{at}, 8) == value);
}
