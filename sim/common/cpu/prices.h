// The prices of a path's steps, found once in a price list.
#pragma once
#include <fmt/format.h>

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "common/base/user_error.h"
#include "common/cpu/cost_table.h"
#include "common/cpu/step.h"

namespace nestwalk {

struct Price {
  std::string_view path, step;  // names that outlive every run
  Cycles cycles = 0;            // for one of what the step's row says
};

template <class Path>
class Prices {
 public:
  using Step = typename Path::Step;

  // Throws UserErrors that name the list and every step that it does not price.
  explicit Prices(const CostTable& list) {
    std::vector<UserError> missing;
    for (std::size_t i = 0; i < prices_.size(); ++i) {
      const auto& row = Path::steps[i];
      const auto found = list.steps.find(row.name);
      if (found == list.steps.end())
        missing.push_back({"", 0, "",
                           fmt::format("price list '{}' has no price for step '{}' of '{}' ({})",
                                       list.name, row.name, Path::name, row.abstracts)});
      else
        prices_[i] = {Path::name, row.name, found->second.cycles};
    }
    if (!missing.empty()) throw UserErrors(std::move(missing));
  }
  const Price& operator[](Step step) const { return prices_[static_cast<std::size_t>(step)]; }

 private:
  std::array<Price, step_count<Path>> prices_{};
};

}  // namespace nestwalk
