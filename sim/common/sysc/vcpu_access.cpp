// One access on a vCPU from its L1 TLB lookup to its event; and the vCPU's kernel, where it acts
// between accesses. Issue is in vcpu.cpp.
#include <algorithm>

#include "common/sysc/vcpu.h"

namespace nestwalk {

// Takes a job from the L1 TLB lookup on. `me` stands at the cycle of issue.
void Vcpu::run(Strand& me, Job& job) {
  Passage passage{job.access.va, mmu_.tag(), {}};
  mmu_.in_flight().enter(passage);
  me.pass(job.l1_cycles);
  job.clock.charge(Span::tlb, me.now());
  if (!job.translated) mmu_.translate(me, job);
  if (!job.skipped) reach_data(me, job);
  machine_.agenda.reach(me);
  mmu_.in_flight().leave(passage, me);
  complete(job);
}

void Vcpu::reach_data(Strand& me, Job& job) {
  machine_.vm.touch(job.access.space, job.access.va);
  if (machine_.listener)
    machine_.listener->translated(number_, job.access.space, job.access.va, job.pa);
  if (!machine_.spec.data_accesses || job.wanted.type == AccessType::fetch) return;
  l1_entry_->bring(me, job.pa.value >> line_lg2_);
  job.clock.charge(Span::data, me.now());
}

void Vcpu::complete(const Job& job) {
  if (!observer_) return;
  AccessDone done;
  done.vcpu = static_cast<std::uint16_t>(number_);
  done.space = job.access.space;
  done.type = job.wanted.type;
  done.served = job.served;
  done.skipped = job.skipped;
  done.page_lg2 = job.page_lg2;
  done.entry_reads = job.entry_reads;
  done.walks = job.walks;
  done.guest_faults = job.guest_faults;
  done.host_faults = job.host_faults;
  done.va = job.access.va;
  done.issued_cycle = job.clock.begun();
  done.spans = job.clock.spans();
  done.total_cycles = job.clock.total();
  done.translation_cycles = done.total_cycles - job.clock.of(Span::data);
  Cycles sum = 0;
  for (const Cycles span : done.spans) sum += span;
  NW_CHECK(sum == done.total_cycles, "spans of the access to {:#x} sum to {}, its latency is {}",
           job.access.va.value, sum, done.total_cycles);
  observer_->on(done);
}

void Vcpu::unmap_one() {
  GuestKernel* kernel = machine_.vm.kernel();
  if (!kernel) return;
  drain();  // the kernel runs: what was issued before is done
  machine_.agenda.reach(issue_);
  const Cycles begun = issue_.now();
  SpanClock clock;  // no access pays for this; the ones that wait for it do
  clock.begin(begun);
  TimedSoftware software(ports_, machine_.locks, mmu_, issue_, clock);
  const auto space = static_cast<std::uint16_t>(space_);
  const auto page = kernel->unmap_one(space, unmap_random_, software);
  if (!page) return;
  const FlushSequence flush = machine_.vm.architecture().after_unmap(
      machine_.unmaps.kind, mmu_.tag(), kernel->unmapped_block(space, *page));
  machine_.vm.invalidating(flush.what);
  shoot_down(flush, mmu_, others_, machine_.spec, machine_.agenda, issue_);
  machine_.vm.invalidated(flush.what);
  kernel->release(*page);
  machine_.vm.forget(space, *page);
  if (observer_)
    observer_->on(ShootdownDone{static_cast<std::uint16_t>(number_),
                                static_cast<std::uint16_t>(others_.size()), issue_.now() - begun});
}

// No access pays for it; those that come after it are later.
void Vcpu::system_call() {
  drain();
  SpanClock clock;
  clock.begin(issue_.now());
  mmu_.begin_software(issue_);
  TimedSoftware software(ports_, machine_.locks, mmu_, issue_, clock);
  machine_.privileged.system_call(software);
  mmu_.end_software(issue_);
}

}  // namespace nestwalk
