// What must hold for the sums of any run, whatever it simulated.
#pragma once
#include "common/results/results.h"

namespace nestwalk {

// NW_CHECKs that spans, latencies, handled faults and vCPUs add up to the same. Call it when
// `results` has its times (cli fills them), before anything is written.
void check_sums(const Results& results);

// NW_CHECKs that no vCPU spent more time in fault handlers than it had: exceptions are precise, so
// its handlers never overlap. Called beside check_sums.
void check_handlers_do_not_overlap(const Results& results);

}  // namespace nestwalk
