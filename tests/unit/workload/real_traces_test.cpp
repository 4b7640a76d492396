// The traces that ship with the project; the counts are those of `xz -dc FILE | grep -c`.
#include <doctest/doctest.h>

#include <array>
#include <set>

#include "support.h"

using namespace workload_test;

namespace {

struct Found {
  std::uint64_t records = 0;
  std::array<std::uint64_t, 3> by_kind{};
  std::size_t pages = 0;
};

Found read_shipped(const std::string& name) {
  const auto reader =
      make_trace_reader(TraceFormat::automatic,
                        ByteStream(std::string(NESTWALK_SOURCE_DIR "/workloads/traces/") + name));
  Found found;
  std::set<std::uint64_t> pages;
  std::uint64_t last_page = 0;
  std::vector<MemoryAccess> out(4096);
  while (const std::size_t got = reader->next(out)) {
    for (const auto& access : std::span(out).first(got)) {
      ++found.by_kind[static_cast<std::size_t>(access.kind)];
      const std::uint64_t page = access.va.value >> 12;
      if (page != last_page) pages.insert(page);
      last_page = page;
    }
  }
  found.records = reader->records();
  found.pages = pages.size();
  return found;
}

}  // namespace

TEST_CASE("sqlite-lookups: 5,544,754 lackey records") {
  const Found found = read_shipped("sqlite-lookups.lackey.xz");
  CHECK(found.records == 5'544'754);
  // 3,197,016 L, 1,334,147 S, 107,656 M (a read and a write each), 905,935 I; 14 pieces more for
  // what crosses pages.
  CHECK(found.by_kind[0] + found.by_kind[1] + found.by_kind[2] ==
        3'197'016 + 1'334'147 + 2 * 107'656 + 905'935 + 14);
  CHECK(found.by_kind[2] >= 905'935);
  CHECK(found.pages == 3241);
}

TEST_CASE("hash-48M: 1,000,000 plain records") {
  const Found found = read_shipped("hash-48M.txt.xz");
  CHECK(found.records == 1'000'000);
  CHECK(found.by_kind == std::array<std::uint64_t, 3>{547'862, 440'293, 11'845});
  CHECK(found.pages == 12'498);
}
