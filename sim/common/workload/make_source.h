// From the description of a workload to its accesses: the door of this room.
#pragma once
#include <cstdint>
#include <memory>
#include <string>

#include "common/workload/access_source.h"
#include "common/workload/workload_spec.h"

namespace nestwalk {

// The accesses of one vCPU. Generators: each vCPU draws its own stream over the same footprint.
// Traces: every vCPU replays the same trace, opened for each. Throws UserErrors for an invalid
// spec and for a trace that cannot be opened; what is wrong further on in a trace is thrown by
// AccessSource::next. Same spec, vCPU and seed: same accesses.
std::unique_ptr<AccessSource> make_source(const WorkloadSpec& spec, unsigned vcpu,
                                          std::uint64_t run_seed);

// One line of text that is equal for equal workloads: every field of a generator; of a trace its
// contents (length and CRC-64 of the file as it lies) but not its path. The run's seed is not in
// it. Reads a trace file once from start to end; throws UserErrors when it cannot.
std::string workload_identity(const WorkloadSpec& spec);

}  // namespace nestwalk
