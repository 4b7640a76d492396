// Generators: endless streams by a law (workload_spec.h), handed out by count.
#pragma once
#include <cstdint>
#include <memory>

#include "common/workload/access_source.h"
#include "common/workload/workload_spec.h"

namespace nestwalk {

class Generator : public AccessSource {
 public:
  // Allows `count` further accesses; next() returns 0 when all that was granted is used up.
  virtual void grant(std::uint64_t count) = 0;
};

// What lies in the footprint (the linked list, which pages are hot) follows from the seeds alone,
// so all vCPUs and all phases with the same seed share it. Draws follow from the vCPU and the phase
// too; stride and chase start at the beginning on vCPU 0 and at a drawn place on the others.
// The spec is valid; nothing is granted yet.
std::unique_ptr<Generator> make_generator(const GeneratorSpec& spec, unsigned vcpu,
                                          std::uint64_t run_seed, std::uint64_t phase = 0);

std::unique_ptr<AccessSource> make_phases(const PhasesSpec& spec, unsigned vcpu,
                                          std::uint64_t run_seed);

}  // namespace nestwalk
