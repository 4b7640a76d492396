// One virtual machine put together: memory, the host's stage 2, the guest kernel and per vCPU the
// translation hardware. Has no clock; the functional and the timed machine both run it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "common/guest/guest_kernel.h"
#include "common/host/host.h"
#include "common/hyp/architecture.h"
#include "common/hyp/privileged_software.h"
#include "common/machine/touched_pages.h"
#include "common/mmu/machine_spec.h"
#include "common/workload/touched_areas.h"

namespace nestwalk {

struct SideSpec {
  std::uint64_t memory_bytes = 0;
  PolicySpec policy;
  double fragmentation = 0;
  FrameOrder order = FrameOrder::lowest;
  bool populate = false;  // will be, by one of the functions below
};

struct VirtualMachineSpec {
  SideSpec guest, host;
  bool stage2_identity = false;  // intermediate and physical addresses are equal; stage 2 is walked
  CostTable guest_costs, host_costs;
  std::uint64_t seed = 0;
};

class VirtualMachine : public PrivilegedSoftware {
 public:
  // Throws UserErrors when a reserved pool does not fit into its side's memory.
  VirtualMachine(const VirtualMachineSpec& spec, const Architecture& architecture);

  std::unique_ptr<TranslationEngine> make_engine() const;
  // Makes `space` current on `engine`, and makes the space itself when it is new.
  void enter_space(TranslationEngine& engine, std::uint16_t space);

  // Maps all of the guest's memory in stage 2, in no time, as the host's policy has it. Before the
  // first access; throws UserErrors when host memory runs out.
  void populate_host();
  // Maps the areas in their spaces, in no time, as the guest's policy has it; the host backs what
  // that touches. As above.
  void populate_guest(const std::vector<TouchedArea>& areas);

  // Watches, from now on, what software does to the tables. Before the first access.
  void watch_tables();
  // A broadcast invalidation is on its way; all vCPUs have done it.
  void invalidating(const std::vector<Invalidation>& what);
  void invalidated(const std::vector<Invalidation>& what);
  // One line for each of the first changes of tables that were made too early; empty: none.
  std::vector<std::string> table_violations() const;

  // Handles a fault that hardware has met at `va`, so that a new walk can go on. Throws UserErrors
  // for one that software cannot mend (an address outside the tables or outside the guest's
  // memory).
  void handle(const Fault& fault, std::uint16_t space, Va va, const Access& access,
              const TranslationEngine& engine, Software& software);
  FaultResponse handle_fault(const Fault& fault, std::uint16_t space, Va va, const Access& access,
                             Processor& processor) override {
    handle(fault, space, va, access, processor.engine(), processor);
    return FaultResponse::retry;
  }
  // Ends the run with a fault that software cannot mend: throws UserErrors.
  [[noreturn]] void refuse(const Fault& fault, Va va, const Access& access,
                           const TranslationEngine& engine) const;

  // What the tables of guest and host, put together, say about `va`, in no time. Nothing: not
  // mapped.
  std::optional<Pa> truth(std::uint16_t space, Va va);
  // Whether software is changing the mapping of `va` right now, so that hardware may differ from
  // the tables: a page unmapped but not yet invalidated everywhere, a run of entries half written.
  bool changing(std::uint16_t space, Va va);

  // Counts the 4 KiB pages that the workload has accessed, where mapped pages may be larger.
  void touch(Pa pa) {
    if (tracks_touched_) touched_.touch(pa);
  }
  // The guest's page has been unmapped: what was accessed in it counts no more.
  void forget(const PlacedPage& page);
  // Bytes of the pages that the workload has accessed. Where only 4 KiB pages are mapped, at their
  // first access, all were.
  std::uint64_t touched_bytes() const;

  const Architecture& architecture() const { return architecture_; }
  PhysicalMemory& physical() { return physical_; }
  GuestKernel* kernel() { return kernel_.get(); }
  HostVm* host() { return host_; }

 private:
  void make_host(const VirtualMachineSpec& spec);
  void make_kernel(const VirtualMachineSpec& spec);
  std::vector<TableWatch*> watches() const;
  void populate_area(std::uint16_t space, Va first, Va last);

  const Architecture& architecture_;
  PhysicalMemory physical_;
  std::unique_ptr<Host> host_machine_;  // null: one stage
  HostVm* host_ = nullptr;              // its only virtual machine
  std::unique_ptr<HostFaultPath> host_faults_;
  std::unique_ptr<GuestKernel> kernel_;  // null: stage 1 is off
  bool tracks_touched_, watched_ = false;
  TouchedPages touched_;
};

}  // namespace nestwalk
