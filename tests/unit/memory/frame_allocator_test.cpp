// FrameAllocator: aligned, lowest first, coalescing; what it gives never overlaps and all comes
// back.
#include "common/memory/frame_allocator.h"

#include <doctest/doctest.h>

#include <map>
#include <vector>

#include "common/base/bits.h"
#include "common/base/random.h"
#include "unit/base/death.h"

using namespace nestwalk;

TEST_CASE("the lowest free block of the smallest order that serves") {
  FrameAllocator frames({16 * MiB});
  CHECK(frames.allocate(12) == 0);
  CHECK(frames.allocate(12) == 0x1000);
  CHECK(frames.allocate(21) == 2 * MiB);  // the first 2 MiB are broken
  CHECK(frames.allocate(13) == 0x2000);
  CHECK(frames.allocate(12) == 0x4000);
  CHECK(frames.free_bytes() == 16 * MiB - 2 * MiB - 5 * 4 * KiB);
  frames.free(0x1000, 12);
  CHECK(frames.allocate(12) == 0x1000);
}

TEST_CASE("a size that is no power of two is used to the last frame") {
  FrameAllocator frames({5 * MiB + 12 * KiB + 77});  // 77 bytes make no frame
  CHECK(frames.bytes() == 5 * MiB + 12 * KiB);
  CHECK(frames.free_bytes() == frames.bytes());
  CHECK_FALSE(frames.has_block(23));
  CHECK(frames.has_block(22));
  std::uint64_t given = 0;
  while (frames.allocate(12)) given += 4 * KiB;
  CHECK(given == frames.bytes());
  CHECK_FALSE(frames.has_block(12));
  CHECK(frames.free_bytes() == 0);
}

TEST_CASE("the lowest bytes can belong to somebody else") {
  FrameAllocator frames({8 * MiB, 0, 0, 3 * MiB + 1});
  CHECK(frames.free_bytes() == 5 * MiB - 4 * KiB);
  CHECK(frames.allocate(12) == 3 * MiB + 4 * KiB);
  CHECK(frames.allocate(21) == 4 * MiB);
  FrameAllocator none({8 * MiB, 0.5, 0, 9 * MiB});
  CHECK(none.free_bytes() == 0);
  CHECK_FALSE(none.allocate(12));
}

TEST_CASE("blocks too large, and none left") {
  FrameAllocator frames({4 * MiB});
  CHECK_FALSE(frames.allocate(30));
  CHECK(frames.allocate(22) == 0);
  CHECK_FALSE(frames.allocate(12));
  frames.free(0, 22);
  CHECK(frames.allocate(21) == 0);
}

TEST_CASE("a range above the largest order") {
  FrameAllocator frames({3 * TiB});
  CHECK(frames.allocate(40) == 0);
  CHECK(frames.allocate(40) == TiB);
  CHECK(frames.allocate(40) == 2 * TiB);
  CHECK_FALSE(frames.has_block(12));
  frames.free(TiB, 40);
  CHECK(frames.allocate(12) == TiB);
}

TEST_CASE("fragmentation: exactly the stated fraction of 2 MiB blocks is unusable") {
  for (const double fraction : {0.0, 0.001, 0.25, 0.5, 0.999, 1.0})
    for (const std::uint64_t seed : {1, 2}) {
      constexpr std::uint64_t blocks = 1000;
      const std::uint64_t broken = static_cast<std::uint64_t>(fraction * blocks + 0.5);
      FrameAllocator frames({blocks * 2 * MiB, fraction, seed});
      CHECK(frames.free_bytes() == frames.bytes() - broken * 4 * KiB);
      std::uint64_t usable = 0;
      while (frames.allocate(21)) ++usable;
      CHECK(usable == blocks - broken);
      // Of each broken block all but one frame can still be had.
      std::uint64_t small = 0;
      while (frames.allocate(12)) ++small;
      CHECK(small == broken * 511);
    }
}

TEST_CASE("fragmentation leaves the taken low bytes and a rest below 2 MiB out of the count") {
  FrameAllocator frames({21 * MiB, 1.0, 5, 3 * MiB});  // whole blocks: 4..20 MiB, 8 of them
  CHECK(frames.free_bytes() == 18 * MiB - 8 * 4 * KiB);
}

TEST_CASE("fragmentation depends on its seed and on nothing else") {
  const auto usable = [](std::uint64_t seed) {
    FrameAllocator frames({512 * MiB, 0.5, seed});
    std::vector<std::uint64_t> blocks;
    while (const auto at = frames.allocate(21)) blocks.push_back(*at);
    return blocks;
  };
  CHECK(usable(1) == usable(1));
  CHECK(usable(1) != usable(2));
}

TEST_CASE("random allocation and freeing: aligned, no overlap, and all coalesces back") {
  for (std::uint64_t seed = 1; seed <= 4; ++seed) {
    constexpr std::uint64_t bytes = 64 * MiB;
    FrameAllocator frames({bytes});
    Random random(seed);
    std::map<std::uint64_t, unsigned> held;  // base to lg2
    std::uint64_t held_bytes = 0;
    for (int i = 0; i < 5000; ++i) {
      if (random.below(100) < 55) {
        const unsigned lg2 = 12 + static_cast<unsigned>(random.below(random.below(8) ? 4 : 12));
        const bool promised = frames.has_block(lg2);
        const auto at = frames.allocate(lg2);
        REQUIRE(at.has_value() == promised);
        if (!at) continue;
        REQUIRE(*at % one(lg2) == 0);
        REQUIRE(*at + one(lg2) <= bytes);
        const auto next = held.lower_bound(*at);
        if (next != held.end()) REQUIRE(*at + one(lg2) <= next->first);
        if (next != held.begin()) {
          const auto before = std::prev(next);
          REQUIRE(before->first + one(before->second) <= *at);
        }
        held[*at] = lg2;
        held_bytes += one(lg2);
      } else if (!held.empty()) {
        auto victim = held.lower_bound(random.below(bytes));
        if (victim == held.end()) victim = held.begin();
        frames.free(victim->first, victim->second);
        held_bytes -= one(victim->second);
        held.erase(victim);
      }
      REQUIRE(frames.free_bytes() == bytes - held_bytes);
    }
    for (const auto& [at, lg2] : held) frames.free(at, lg2);
    CHECK(frames.free_bytes() == bytes);
    CHECK(frames.allocate(26) == 0);
  }
}

TEST_CASE("freeing twice is noticed, also when the block has coalesced since") {
  FrameAllocator frames({4 * MiB});
  const std::uint64_t at = *frames.allocate(12);
  frames.free(at, 12);
  const test::Death death = test::death_of([&] { frames.free(at, 12); });
  CHECK(death.signal == SIGABRT);
  CHECK(death.said.find("was free already") != std::string::npos);
  CHECK(test::death_of([&] { frames.free(4 * MiB, 12); }).signal == SIGABRT);
}

TEST_CASE("scattered: aligned, never twice, not in order, the same for the same seed") {
  const FrameAllocatorSpec spec{16 * MiB, 0, 7, 0, FrameOrder::scattered};
  FrameAllocator frames(spec), again(spec), other({16 * MiB, 0, 8, 0, FrameOrder::scattered});
  std::map<std::uint64_t, int> given;
  std::uint64_t previous = 0, neighbours = 0, same = 0;
  for (unsigned i = 0; i < 16 * MiB / (4 * KiB); ++i) {
    const auto at = frames.allocate(12);
    REQUIRE(at);
    CHECK(at == again.allocate(12));
    same += at == other.allocate(12);
    CHECK(*at % (4 * KiB) == 0);
    CHECK(++given[*at] == 1);
    neighbours += *at == previous + 4 * KiB;
    previous = *at;
  }
  CHECK_FALSE(frames.allocate(12));
  CHECK(frames.free_bytes() == 0);
  CHECK(neighbours < 1000);  // of 4096; the last frames are taken from the lowest on
  CHECK(same < 1000);
}

TEST_CASE("scattered: larger blocks are aligned, and freed ones merge again") {
  FrameAllocator frames({64 * MiB, 0, 7, 0, FrameOrder::scattered});
  std::vector<std::uint64_t> blocks;
  for (int i = 0; i < 16; ++i) blocks.push_back(*frames.allocate(21));
  for (const std::uint64_t at : blocks) {
    CHECK(at % (2 * MiB) == 0);
    frames.free(at, 21);
  }
  CHECK(frames.has_block(26));
}
