// The notifier's sequence number and range: when a fault handler has to begin anew.
#include "common/host/notifier.h"

#include <doctest/doctest.h>

#include "common/base/bits.h"

using namespace nestwalk;

TEST_CASE("D-10, 3.4.4: nothing happened, nothing to repeat") {
  Notifier notifier;
  const auto since = notifier.sequence();
  CHECK_FALSE(notifier.retry(since));
  CHECK_FALSE(notifier.retry(since, Ipa{0x1000}));
}

TEST_CASE("T188: an invalidation that began or ended since the page was looked up") {
  Notifier notifier;
  const auto before = notifier.sequence();
  notifier.begin();
  notifier.add_range({Ipa{0x4000}, 0x2000});
  CHECK(notifier.retry(before));
  CHECK(notifier.retry(before, Ipa{0x4000}));
  CHECK(notifier.retry(before, Ipa{0x5fff}));
  CHECK_FALSE(notifier.retry(before, Ipa{0x3fff}));  // x86 goes on elsewhere, arm64 does not
  CHECK_FALSE(notifier.retry(before, Ipa{0x6000}));
  notifier.end();
  CHECK(notifier.retry(before));
  CHECK(notifier.retry(before, Ipa{0x9000}));  // what has ended is known by number alone
  CHECK_FALSE(notifier.retry(notifier.sequence()));
}

TEST_CASE("an invalidation whose range is not known yet concerns every address") {
  Notifier notifier;
  notifier.begin();
  CHECK(notifier.retry(notifier.sequence(), Ipa{0x9000}));
}

TEST_CASE("ranges under way at the same time are merged until the last has ended") {
  Notifier notifier;
  notifier.begin();
  notifier.add_range({Ipa{0x8000}, 0x1000});
  notifier.begin();
  notifier.add_range({Ipa{0x2000}, 0x1000});
  notifier.end();
  const auto since = notifier.sequence();
  CHECK(notifier.in_progress());
  CHECK(notifier.retry(since, Ipa{0x2000}));  // ended, but still inside the merged range
  CHECK(notifier.retry(since, Ipa{0x5000}));
  CHECK_FALSE(notifier.retry(since, Ipa{0x9000}));
  notifier.end();
  CHECK_FALSE(notifier.in_progress());
  notifier.begin();
  notifier.add_range({Ipa{0x7000}, 0x1000});
  CHECK_FALSE(notifier.retry(notifier.sequence(), Ipa{0x5000}));  // the old range is forgotten
}

TEST_CASE("BT02: no number makes a fault repeat by itself, nor does a wrap hide an invalidation") {
  for (const Notifier::Sequence first :
       {low_mask(31), one(31), low_mask(32), one(32), low_mask(63), ~Notifier::Sequence{0}}) {
    CAPTURE(first);
    Notifier notifier(first);
    const auto since = notifier.sequence();
    CHECK(since == first);
    CHECK_FALSE(notifier.retry(since));
    CHECK_FALSE(notifier.retry(since, Ipa{0}));
    notifier.begin();
    notifier.add_range({Ipa{0}, 0x1000});
    notifier.end();
    CHECK(notifier.retry(since));
    CHECK_FALSE(notifier.retry(notifier.sequence()));
  }
}
