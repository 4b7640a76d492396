// Which addresses a workload may touch, for mapping them before its first access.
#pragma once
#include <cstdint>
#include <vector>

#include "common/base/address.h"
#include "common/workload/workload_spec.h"

namespace nestwalk {

struct TouchedArea {
  std::uint16_t space = 0;
  Va first{}, last{};  // both inside
  bool operator==(const TouchedArea&) const = default;
};

// Generators: their footprints and, where they fetch, their code, in the order of the phases.
// Traces, which do not tell their areas: the 4 KiB pages that the part in use touches, neighbours
// joined, ascending by space and address; for that the trace is read once from end to end, with
// memory for the pages it touches. Throws UserErrors for a bad spec or trace.
std::vector<TouchedArea> touched_areas(const WorkloadSpec& spec);

}  // namespace nestwalk
