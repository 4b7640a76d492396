// Plays scenarios: performs the steps of one after another and compares what came of each with what
// the file expects.
#pragma once
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "common/scenario/dialect.h"
#include "common/scenario/scene.h"

namespace nestwalk::scenario {

// One thing that was expected and not found.
struct Miss {
  Place place;
  std::string what, expected, found;
};

struct PlayedStep {
  std::uint64_t line = 0;
  std::string text;               // the step and what came of it
  std::vector<std::string> told;  // exits and changes on the way, a line each
};

struct Played {
  std::string file, name;
  std::vector<PlayedStep> steps;
  std::vector<Miss> misses;
  bool passed() const { return misses.empty(); }
};

// An end that no step expects (no progress, a violation) is a miss, too. Throws UserErrors for a
// step that cannot be made on this machine.
Played play(const Scene& scene, std::unique_ptr<Dialect> dialect);

std::string_view name_of(Do act);
std::string_view name_of(End end);
std::string_view name_of(Violation violation);

// Steps as text, with what was met on the way if `trace`; then the misses.
void print(const Played& played, bool trace, std::ostream& out);

}  // namespace nestwalk::scenario
