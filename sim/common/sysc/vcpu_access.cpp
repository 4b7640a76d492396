// One access on a vCPU from its L1 TLB lookup to its event; and the vCPU's kernel, where it acts
// between accesses. Issue is in vcpu.cpp.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "common/sysc/vcpu.h"

namespace nestwalk {

std::string Vcpu::under_way() const {
  constexpr std::array<const char*, 3> verbs{"read of", "write to", "fetch from"};
  std::string text;
  for (const Job* job : order_.under_way())
    text += fmt::format("; {} {:#x} in space {}, issued at cycle {}",
                        verbs[static_cast<std::size_t>(job->wanted.type)], job->access.va.value,
                        job->access.space, job->clock.begun());
  return text;
}

// Takes a job from the L1 TLB lookup on, until it has happened. `me` stands at the cycle of issue.
void Vcpu::run(Strand& me, Job& job) {
  for (;;) {
    attempt(me, job);
    if (job.fate == Fate::under_way || job.fate == Fate::skipped) break;
    issue_again(me, job);
  }
  mmu_.in_flight().leave(job.passage, me);
  order_.leave(job, me);
  complete(job);
}

void Vcpu::attempt(Strand& me, Job& job) {
  mmu_.in_flight().enter(job.passage, mmu_.tag());
  me.pass(job.l1_cycles);
  job.clock.charge(Span::tlb, me.now());
  if (!job.translated)
    if (const Fault fault = mmu_.translate(me, job)) return take_fault(me, job, fault);
  if (job.fate == Fate::under_way) reach_data(me, job);
  machine_.agenda.reach(me);
}

// Exceptions are precise (program_order.h).
void Vcpu::take_fault(Strand& me, Job& job, const Fault& fault) {
  if (!order_.wait_for_older(me, job)) return;
  job.clock.charge(Span::in_order, me.now());
  order_.begin_software(me);
  mmu_.fault_taken(fault, job.access.va);
  TimedSoftware software(ports_, machine_.locks, mmu_, mailbox_, others_, me, job.clock,
                         fault.stage == 1 ? Side::guest : Side::host);
  const FaultResponse response = machine_.privileged.handle_fault(
      fault, job.access.space, job.access.va, job.wanted, software);
  software.finish();
  job.fate = response == FaultResponse::skip ? Fate::skipped : Fate::mended;
  job.guest_faults += software.guest_faults();
  job.host_faults += software.host_faults();
  order_.end_software(me);
}

// An access that was undone has not happened: its time begins only now. One whose fault was mended
// goes on, and what it has waited is part of its time.
void Vcpu::issue_again(Strand& me, Job& job) {
  do {
    order_.wait_for_software(me, job);
    if (job.fate == Fate::undone) job.clock.begin(me.now());
    job.fate = Fate::under_way;
    while (mailbox_.stalled_until() > me.now()) {
      me.pass_until(mailbox_.stalled_until());
      machine_.agenda.reach(me);
    }
    job.clock.charge(Span::invalidation, me.now());
  } while (job.fate == Fate::undone);  // while it was stalled
  const Mmu::L1Hit hit = mmu_.look_in_l1(job.access, job.wanted);
  job.l1_cycles = hit.latency_cycles;
  job.translated = hit.entry != nullptr;
  if (hit.entry) mmu_.finish(job, *hit.entry, Served::l1_tlb);
}

void Vcpu::reach_data(Strand& me, Job& job) {
  machine_.vm.touch(job.pa);
  if (machine_.listener)
    machine_.listener->translated(number_, job.access.space, job.access.va, job.pa);
  if (!machine_.spec.data_accesses || job.wanted.type == AccessType::fetch) return;
  l1_entry_->bring(me, job.pa.value >> line_lg2_);
  job.clock.charge(Span::data, me.now());
}

void Vcpu::complete(const Job& job) {
  if (!observer_) return;
  fault_cycles_ += job.clock.of(Span::guest_fault) + job.clock.of(Span::host_fault);
  AccessDone done;
  done.vcpu = static_cast<std::uint16_t>(number_);
  done.space = job.access.space;
  done.type = job.wanted.type;
  done.skipped = job.fate == Fate::skipped;
  done.served = job.faulted() || done.skipped ? Served::fault : job.served;
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
  order_.begin_software(issue_);
  const Cycles begun = issue_.now();
  SpanClock clock;  // no access pays for this; the ones that wait for it do
  clock.begin(begun);
  TimedSoftware software(ports_, machine_.locks, mmu_, mailbox_, others_, issue_, clock,
                         Side::guest);
  const auto space = static_cast<std::uint16_t>(space_);
  const auto page = kernel->unmap_one(space, unmap_random_, software);
  if (page) {
    const FlushSequence flush = machine_.vm.architecture().after_unmap(
        machine_.unmaps.kind, mmu_.tag(), kernel->unmapped_block(space, *page));
    machine_.vm.invalidating(flush.what);
    software.cpu().flush(flush, Reach::broadcast);
    machine_.vm.invalidated(flush.what);
    machine_.vm.forget(*page);
    kernel->release(*page);
  }
  software.finish();
  order_.end_software(issue_);
  if (page && observer_)
    observer_->on(ShootdownDone{static_cast<std::uint16_t>(number_),
                                static_cast<std::uint16_t>(others_.size()), issue_.now() - begun});
}

// No access pays for it; those that come after it are later.
void Vcpu::system_call() {
  drain();
  SpanClock clock;
  clock.begin(issue_.now());
  order_.begin_software(issue_);
  TimedSoftware software(ports_, machine_.locks, mmu_, mailbox_, others_, issue_, clock,
                         Side::guest);
  machine_.privileged.system_call(software);
  software.finish();
  order_.end_software(issue_);
}

}  // namespace nestwalk
