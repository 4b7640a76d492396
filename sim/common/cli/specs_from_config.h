// From a checked config to the plain spec structs that each room owns. The only place that knows
// both; architectures are added in main.
#pragma once
#include "common/config/config.h"
#include "common/machine/virtual_machine.h"
#include "common/sysc/vcpu.h"
#include "common/workload/workload_spec.h"

namespace nestwalk::cli {

MachineSpec machine_spec(const config::Config& config);
// `architecture` gives the granules. Throws UserErrors for sides that cannot hold what they must.
VirtualMachineSpec virtual_machine_spec(const config::Config& config,
                                        const Architecture& architecture);
UnmapSpec unmap_spec(const config::Config& config);
WorkloadSpec workload_spec(const config::Config& config);
// The virtual machine as it is before the first access: watched if the run is checked, populated
// where the config says so. Throws UserErrors when memory runs out.
std::unique_ptr<VirtualMachine> make_virtual_machine(const config::Config& config,
                                                     const Architecture& architecture);

}  // namespace nestwalk::cli
