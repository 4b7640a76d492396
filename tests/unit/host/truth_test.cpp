// Slots put over backing.
#include "common/host/truth.h"

#include <doctest/doctest.h>

#include "common/base/bits.h"

using namespace nestwalk;

TEST_CASE("a byte is a device's, absent, or of a page, whatever any table says") {
  FrameAllocator frames({64 * MiB});
  const Pa zero{*frames.allocate(12)};
  const auto policy = make_policy({PolicyKind::thp, 12, {21}}, frames);
  Backing backing(frames, zero);
  const Hva hva{one(40)};
  backing.add_area({{hva, 8 * MiB}, policy.get()});
  Slots slots;
  slots.set({0, Ipa{one(30)}, 4 * MiB, hva + 2 * MiB});
  slots.set({1, Ipa{one(32)}, 2 * MiB, hva + 2 * MiB, true});
  slots.set({2, Ipa{one(33)}, 2 * MiB, Hva{one(42)}});  // no area there

  using Kind = Grant::Kind;
  CHECK(grant_of(slots, backing, Ipa{0}).kind == Kind::device);
  CHECK(grant_of(slots, backing, Ipa{one(30)}).kind == Kind::absent);
  CHECK(grant_of(slots, backing, Ipa{one(33)}).kind == Kind::absent);
  const Pa frame = backing.touch(hva + 2 * MiB, true).page.frame;
  CHECK(grant_of(slots, backing, Ipa{one(30) + 0x12345}) ==
        Grant{Kind::page, frame + 0x12345, true});
  CHECK(grant_of(slots, backing, Ipa{one(32) + 5}) == Grant{Kind::page, frame + 5, false});
  CHECK(grant_of(slots, backing, Ipa{one(30) + 2 * MiB}).kind == Kind::absent);
  backing.protect({hva + 2 * MiB, 0x1000}, HostRights::read);
  CHECK(grant_of(slots, backing, Ipa{one(30) + 5}) == Grant{Kind::page, frame + 5, false});
  backing.protect({hva + 2 * MiB, 0x1000}, HostRights::none);
  CHECK(grant_of(slots, backing, Ipa{one(30) + 5}).kind == Kind::absent);
  slots.set({0, {}, 0, {}}, [&](const Slot& old) {
    CHECK(grant_of(slots, backing, old.base + 0x5000).kind == Kind::device);
  });
}
