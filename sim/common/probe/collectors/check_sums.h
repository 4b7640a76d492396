// What must hold for the sums of any run, whatever it simulated.
#pragma once
#include "common/results/results.h"

namespace nestwalk {

// NW_CHECKs that spans, latencies and vCPUs add up to the same, and that no vCPU spent more time in
// fault handlers than it had: exceptions are precise, so that its handlers never overlap. Call it
// when `results` has its times (cli fills them), before anything is written.
void check_sums(const Results& results);

}  // namespace nestwalk
