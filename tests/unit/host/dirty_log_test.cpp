// The dirty bitmap of a slot and both protocols of reading it.
#include "common/host/dirty_log.h"

#include <doctest/doctest.h>

using namespace nestwalk;
using Pages = std::vector<std::uint64_t>;

TEST_CASE("pages marked are read, and stay until they are taken") {
  DirtyLog log(200);
  CHECK(log.read().empty());
  for (const std::uint64_t page : {5, 0, 199, 5}) log.mark(page);
  CHECK(log.read() == Pages{0, 5, 199});
  CHECK(log.take() == Pages{0, 5, 199});
  CHECK(log.read().empty());
  log.mark(5);
  CHECK(log.take() == Pages{5});
}

TEST_CASE("user space may start from all dirty") {
  DirtyLog log(65, true);
  CHECK(log.read().size() == 65);
}

TEST_CASE("clearing names what was dirty in its range, and leaves the rest") {
  DirtyLog log(200);
  for (const std::uint64_t page : {1, 63, 64, 100, 190}) log.mark(page);
  CHECK(log.clear(64, 64, {1, 64, 65, 100, 190}) == Pages{64, 100});
  CHECK(log.read() == Pages{1, 63, 190});
  CHECK(log.clear(128, 72, {190, 400}) == Pages{190});  // up to the slot's end, any number
}

TEST_CASE("ranges that KVM refuses") {
  DirtyLog log(200);
  log.mark(1);
  CHECK_FALSE(log.clear(1, 64, {1}));
  CHECK_FALSE(log.clear(0, 63, {1}));
  CHECK_FALSE(log.clear(256, 0, {1}));
  CHECK_FALSE(log.clear(128, 128, {1}));
  CHECK(log.read() == Pages{1});
  CHECK(log.clear(192, 8, {}));
}
