// How lines are spread over channels and banks.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "dram_rig.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint32_t channel_counts[] = {1, 2, 3, 4, 6, 8, 12};

DramSpec with_channels(std::uint32_t channels) {
  DramSpec spec = ddr4_3200();
  spec.channels = channels;
  return spec;
}

}  // namespace

TEST_CASE("each line has a place of its own") {
  for (const std::uint32_t channels : channel_counts) {
    const DramAddress address(with_channels(channels), line_bytes);
    std::map<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>, unsigned> lines;
    const std::uint64_t rows = 40;
    const std::uint64_t count = channels * 32 * 128 * rows;
    for (std::uint64_t line = 0; line < count; ++line) {
      const DramPlace place = address.place_of(line);
      REQUIRE(place.channel < channels);
      REQUIRE(place.bank < 32);
      ++lines[{place.channel, place.bank, place.row}];
    }
    CHECK(lines.size() == channels * 32 * rows);
    for (const auto& [place, held] : lines) REQUIRE(held == 128);  // a row's worth each
  }
}

TEST_CASE("a stream visits all channels in turn, and stays in a row") {
  for (const std::uint32_t channels : channel_counts) {
    const DramAddress address(with_channels(channels), line_bytes);
    std::set<std::pair<std::uint32_t, std::uint64_t>> rows;
    for (std::uint64_t line = 0; line < channels * 128; line += channels) {
      std::set<std::uint32_t> seen;
      for (std::uint64_t i = 0; i < channels; ++i) {
        const DramPlace place = address.place_of(line + i);
        seen.insert(place.channel);
        rows.insert({place.bank, place.row});
      }
      REQUIRE(seen.size() == channels);
    }
    CHECK(rows.size() == 1);
  }
}

TEST_CASE("strides of a power of two spread over channels, and over banks when they leave rows") {
  for (const std::uint32_t channels : channel_counts)
    for (unsigned stride_lg2 = 0; stride_lg2 <= 24; ++stride_lg2) {
      const DramAddress address(with_channels(channels), line_bytes);
      std::vector<unsigned> by_channel(channels), by_bank(32);
      std::set<std::tuple<std::uint32_t, std::uint32_t, std::uint64_t>> rows;
      const unsigned count = 4096;
      for (std::uint64_t i = 0; i < count; ++i) {
        const DramPlace place = address.place_of(i << stride_lg2);
        ++by_channel[place.channel];
        ++by_bank[place.bank];
        rows.insert({place.channel, place.bank, place.row});
      }
      CAPTURE(channels);
      CAPTURE(stride_lg2);
      // No channel has more than twice its share.
      CHECK(*std::max_element(by_channel.begin(), by_channel.end()) <= 2 * count / channels);
      if (rows.size() >= 1024)
        CHECK(*std::max_element(by_bank.begin(), by_bank.end()) <= 2 * count / 32);
    }
}
