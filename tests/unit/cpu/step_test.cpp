// Step tables and prices.
#include <doctest/doctest.h>

#include "common/cpu/repeat_limit.h"
#include "unit/cpu/contract.h"

using namespace nestwalk;
using namespace nestwalk::test;

TEST_CASE("a path's rows give the keys of its prices, in order") {
  CHECK(step_count<SmallPath> == 2);
  CHECK(step_names<SmallPath>() == std::array<std::string_view, 2>{"look", "clear"});
  CHECK(SmallPath::steps[1].per == Per::page_4k);
  const Prices<SmallPath> prices = small_prices();
  CHECK(prices[SmallPath::Step::look].cycles == 3);
  CHECK(prices[SmallPath::Step::clear].cycles == 10);
  CHECK(prices[SmallPath::Step::clear].path == "small");
  CHECK(prices[SmallPath::Step::clear].step == "clear");
}

TEST_CASE("a list without a step's price is the user's mistake: the list and the step are named") {
  CostTable list{"my-costs", {}};
  list.steps["look"] = {};
  CHECK_THROWS_WITH_AS(
      Prices<SmallPath>{list},
      "price list 'my-costs' has no price for step 'clear' of 'small' (clear_page, 6.12)",
      UserErrors);
  list.steps.clear();
  try {
    Prices<SmallPath> prices(list);
    FAIL("was accepted");
  } catch (const UserErrors& errors) {
    CHECK(errors.all().size() == 2);
  }
}

TEST_CASE("the same once too often in a row is found; progress and something else count anew") {
  RepeatLimit limit(3);
  for (int i = 0; i < 3; ++i) CHECK_FALSE(limit.too_often(5));
  CHECK(limit.too_often(5));
  CHECK_FALSE(limit.too_often(6));
  CHECK_FALSE(limit.too_often(6));
  limit.progress();
  for (int i = 0; i < 3; ++i) CHECK_FALSE(limit.too_often(6));
  CHECK(limit.too_often(6));
}
