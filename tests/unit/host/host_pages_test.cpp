// The host process's pages, against a plain list of what was put in.
#include "common/host/host_pages.h"

#include <doctest/doctest.h>

#include <map>

#include "common/base/bits.h"
#include "common/base/random.h"

using namespace nestwalk;

namespace {

HostPage page_at(std::uint64_t base, unsigned size_lg2, std::uint64_t frame) {
  return {Hva{base}, Pa{frame}, static_cast<std::uint8_t>(size_lg2), true, false, false};
}

}  // namespace

TEST_CASE("a page of each size is found at its ends and nowhere else") {
  for (const unsigned lg2 : {12u, 13u, 14u, 16u, 20u, 21u, 22u, 25u, 30u, 34u}) {
    CAPTURE(lg2);
    HostPages pages;
    const HostPage page = page_at(one(40), lg2, one(35));
    pages.insert(page);
    CHECK(pages.find(Hva{one(40)}) == page);
    CHECK(pages.find(Hva{one(40) + one(lg2) - 1}) == page);
    CHECK_FALSE(pages.find(Hva{one(40) - 1}));
    CHECK_FALSE(pages.find(Hva{one(40) + one(lg2)}));
    CHECK(pages.bytes() == one(lg2));
    CHECK_FALSE(pages.vacant(Hva{one(40) + one(lg2) - 1}, 12));
    CHECK(pages.vacant(Hva{one(40) + one(lg2)}, 12));
    CHECK(pages.erase(Hva{one(40) + one(lg2) - 1}) == page);
    CHECK_FALSE(pages.find(Hva{one(40)}));
    CHECK(pages.vacant(Hva{one(40)}, 34));
    CHECK(pages.bytes() == 0);
  }
}

TEST_CASE("flags are kept; the zero page owns no memory") {
  HostPages pages;
  HostPage zero{Hva{0x5000}, Pa{0x3000}, 12, false, true, false};
  HostPage pool{Hva{4 * MiB}, Pa{8 * MiB}, 21, true, false, true};
  pages.insert(zero);
  pages.insert(pool);
  CHECK(pages.find(Hva{0x5fff}) == zero);
  CHECK(pages.find(Hva{5 * MiB}) == pool);
  CHECK(pages.bytes() == 2 * MiB);
  pages.erase(Hva{0x5000});
  CHECK(pages.bytes() == 2 * MiB);
}

TEST_CASE("random pages come and go as in a list of them") {
  HostPages pages;
  std::map<std::uint64_t, HostPage> list;
  Random random(7);
  const auto around = [&](std::uint64_t at) {
    for (const auto& [base, page] : list)
      if (at - base < one(page.size_lg2)) return std::optional(page);
    return std::optional<HostPage>();
  };
  const unsigned sizes[] = {12, 12, 12, 14, 16, 21, 23};
  for (int i = 0; i < 4000; ++i) {
    const unsigned lg2 = sizes[random.below(7)];
    const std::uint64_t at = align_down(random.below(32 * MiB), lg2);
    bool vacant = true;
    for (const auto& [base, page] : list)
      vacant &= base >= at + one(lg2) || at >= base + one(page.size_lg2);
    REQUIRE(pages.vacant(Hva{at}, lg2) == vacant);
    if (vacant && random.below(3)) {
      list[at] = page_at(at, lg2, random.below(one(20)) << 23);
      pages.insert(list[at]);
    } else if (const auto page = around(at)) {
      REQUIRE(pages.erase(Hva{at}) == page);
      list.erase(page->base.value);
    }
    const std::uint64_t probe = random.below(32 * MiB);
    REQUIRE(pages.find(Hva{probe}) == around(probe));
  }
  std::uint64_t bytes = 0;
  for (const auto& [base, page] : list) bytes += one(page.size_lg2);
  CHECK(pages.bytes() == bytes);
  CHECK(list.size() > 100);
}
