// Which values of a WorkloadSpec are impossible. Says nothing about whether a trace file is there
// or readable: opening it does (make_source.h).
#pragma once
#include <vector>

#include "common/base/user_error.h"
#include "common/workload/workload_spec.h"

namespace nestwalk {

// All mistakes; key is the field's path below the workload ("footprint_bytes",
// "phases[1].zipf.exponent"), file and line are left to the caller, who knows them.
std::vector<UserError> workload_problems(const WorkloadSpec& spec);
// Throws UserErrors when there are any.
void validate(const WorkloadSpec& spec);

}  // namespace nestwalk
