// Property tests: rapidcheck draws the inputs and shrinks a failing one, doctest runs and reports.
//   TEST_CASE("decode undoes encode") {
//     property("4K leaf", [] { const auto out = *rc::gen::arbitrary<...>(); RC_ASSERT(...); });
//   }
// Every run draws the same inputs; RC_PARAMS="seed=7 max_success=10000" draws others, and more.
#pragma once
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdlib>
#include <string>
#include <utility>

namespace nestwalk::test {

template <class Property>
void property(const std::string& name, Property&& holds) {
  // rapidcheck reads its parameters once, when it first checks something.
  static const int fixed = setenv("RC_PARAMS", "seed=1 max_success=200", 0);
  REQUIRE(fixed == 0);
  CHECK(rc::check(name, std::forward<Property>(holds)));
}

}  // namespace nestwalk::test
