// Invalidation instructions as a kernel issues them together.
#pragma once
#include <vector>

#include "common/tlb/invalidation.h"

namespace nestwalk {

// What they remove, and how many there are.
struct FlushSequence {
  std::vector<Invalidation> what;
  unsigned instructions = 0;
};

}  // namespace nestwalk
