// The machine of a scenario, without time: guest memory behind slots, the guest's tables, the
// second stage that its hypervisor makes fault by fault, and vCPUs with TLBs that act one after
// another.
#pragma once
#include <memory>
#include <vector>

#include "common/mmu/vcpu_mmu.h"
#include "common/scenario/bad_step.h"
#include "common/scenario/second_stage.h"

namespace nestwalk::scenario {

struct Counters {
  std::uint64_t exits = 0, mapped = 0, zapped = 0, spurious = 0, mmio = 0, flushes = 0;
};

// What a step came to.
struct Outcome {
  End end = End::ok;
  std::string why;  // refused: the reason
  Ipa gpa;          // accesses that end ok or at a device
  Pa pa;
  std::uint8_t guest_lg2 = 0, host_lg2 = 0;  // sizes of the leaves, lg2 bytes
  FaultFacts fault;                          // the guest's
  std::vector<FaultFacts> exits;             // to the hypervisor
  Violation violation = Violation::none;
  std::vector<std::uint64_t> dirty;  // get_dirty_log: pages of the slot
  std::vector<std::string> told;     // what was done, a line each
};

class World {
 public:
  World(const Scene& scene, std::unique_ptr<Dialect> dialect);
  ~World();

  // Throws BadStep.
  Outcome perform(const Step& step);

  // State, for expectations.
  const Leaf* leaf_at(Ipa at) const { return second_->find(at); }
  // A look-up as the access makes it: an entry that does not serve it is dropped.
  bool tlb_serves(unsigned vcpu, Va va, const Access& access);
  const Counters& counters() const { return counters_; }

 private:
  // Memory of the guest as its kernel reaches it for tables: nothing of it exits.
  class GuestTableIo;
  struct Vcpu {
    Vcpu(const MachineSpec& spec, std::unique_ptr<TranslationEngine> made)
        : engine(std::move(made)), mmu(spec, *engine) {}
    std::unique_ptr<TranslationEngine> engine;
    VcpuMmu mmu;
  };
  // What has been granted at some time: addresses [from, from + bytes) at `to`.
  struct Granted {
    std::uint64_t from, to, bytes;
    bool writable;
  };

  Vcpu& vcpu(unsigned number);
  const Slot& slot_around(Ipa at) const;
  const Slot& slot_with(std::uint16_t id) const;

  // The guest's kernel.
  void guest_map(const Step& step);
  void guest_unmap(const Step& step);
  void guest_protect(const Step& step);
  void write_entry(const Step& step);
  void invalidate(const Step& step);

  // An access, and what its exits come to.
  void access(const Step& step, Outcome& outcome);
  enum class Next : std::uint8_t { again, ends };
  Next handle(const Exit& exit, Outcome& outcome);
  void put_in(const Leaf& leaf, Outcome& outcome);
  void complete(const Step& step, const WalkReply& reply, Outcome& outcome);
  Violation judge(Va va, Pa pa, bool write) const;

  // The host.
  void add_slot(const SlotSpec& slot, Outcome& outcome);
  void change_slot(const SlotRequest& request, Outcome& outcome);
  void set_slot_flags(const Step& step, Outcome& outcome);
  void get_dirty_log(const Step& step, Outcome& outcome);
  void change_host(const Step& step, Outcome& outcome);
  bool discard(Backing& backing, const HvaRange& range);
  bool collapse(Backing& backing, Hva at);
  void recover_large_entries(const Slot& slot, Outcome& outcome);
  void zap(const IpaRange& range, bool flush, Outcome& outcome);
  void flush_all();

  std::unique_ptr<Dialect> dialect_;
  PhysicalMemory memory_;
  FrameAllocator frames_;  // for the second stage's tables
  UntimedSoftware software_;
  std::unique_ptr<MappingPolicy> small_, huge_2m_, huge_1g_;
  HostVm vm_;
  HostTableIo host_io_;
  std::unique_ptr<SecondStage> second_;
  std::unique_ptr<GuestTableIo> guest_io_;
  std::unique_ptr<PageTables> guest_tables_;
  unsigned areas_ = 0;  // of host memory that slots have been given
  UntimedPort port_;
  std::vector<std::unique_ptr<Vcpu>> vcpus_;
  std::vector<Granted> guest_granted_, host_granted_;
  Counters counters_;
};

}  // namespace nestwalk::scenario
