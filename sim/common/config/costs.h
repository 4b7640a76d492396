// Cost tables: what each step of a fault handler costs, each price with its source and kind.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/config/cost_steps.h"
#include "common/config/library.h"
#include "common/config/value.h"

namespace nestwalk::config {

struct Cost {
  std::string step;
  std::uint64_t cycles = 0;
  std::string per;   // event, 4K, target
  std::string kind;  // measured, published, derived, assumed; config: set in the run's config
  std::string source;
};

struct Costs {
  std::string name;  // of the file, without folder and .yaml
  std::string description;
  std::uint64_t clock_mhz = 0;  // by which times were turned into cycles; 0: none were
  std::vector<Cost> steps;

  const Cost* find(std::string_view step) const;
  const Cost& at(std::string_view step) const;  // a missing step is a programmer's error
};

// Reads and checks one file; nothing, and errors, if it is not in order.
std::optional<Costs> load_cost_file(const std::filesystem::path& file, Errors& errors);

// The table that a config's key (hypervisor.guest_costs, .host_costs) names, with the prices under
// `changed` (hypervisor.*_cycles; may be null) laid over it. Has exactly the steps of `set`: one
// that the file does not price is an error.
std::optional<Costs> load_costs(const Value& named, const Value* changed, CostSet set,
                                const Library& library, Errors& errors);

// All cost files of the library by name; throws UserErrors if one of them is not in order.
std::vector<Costs> list_costs(const Library& library);

}  // namespace nestwalk::config
