// The timed machine: vCPUs with private caches, a shared last-level cache and DRAM, as SystemC
// modules. SystemC allows one elaboration per process: build one, run it once.
#pragma once
#include <memory>
#include <systemc>
#include <vector>

#include "common/probe/memory_counts.h"
#include "common/sysc/vcpu.h"

namespace nestwalk {

struct TimedRun {
  bool completed = false;  // false: stopped early on request
  // What is measured begins on all vCPUs here, after warm-up. The counts below are of that part.
  Cycles measured_from_cycle = 0;
  Cycles cycles = 0;                     // until the last vCPU has finished, warm-up included
  std::vector<std::uint64_t> issued;     // accesses per vCPU
  std::vector<Cycles> finish_cycles;     // per vCPU
  MemoryCounts memory;                   // of caches and DRAM, in the measured region
  double dram_peak_bytes_per_cycle = 0;  // all channels
};

class TimedMachine : public sc_core::sc_module {
 public:
  // Everything named outlives the machine. `sources`: one per vCPU. `privileged`: whom faults and
  // system calls enter; null: `vm`.
  TimedMachine(sc_core::sc_module_name name, const MachineSpec& spec, const UnmapSpec& unmaps,
               Sync sync, VirtualMachine& vm,
               const std::vector<std::unique_ptr<AccessSource>>& sources, Observer& observer,
               RunControl& control, TranslationListener* listener,
               PrivilegedSoftware* privileged = nullptr);

  // Runs to the end of all sources. Throws what a vCPU threw (UserErrors).
  TimedRun run();

  // What caches and DRAM have done since time 0. Whoever subtracts two readings takes both while no
  // access is under way: misses count when they begin, their latency when they end.
  MemoryCounts memory_counts() const;
  // What the machine is doing now: the cycle, the process, the accesses of its vCPU.
  std::string doing() const;

 private:
  MachineSpec spec_;
  UnmapSpec unmaps_;
  RunControl& control_;
  Agenda agenda_;
  Locks locks_;
  StartingLine starting_line_;
  Dram dram_;
  DramPort dram_port_;
  std::unique_ptr<Cache> llc_;  // null: none
  std::vector<std::unique_ptr<Vcpu>> vcpus_;
  MemoryCounts memory_at_start_;  // of the measured region
};

}  // namespace nestwalk
