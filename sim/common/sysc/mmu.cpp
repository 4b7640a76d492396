#include "common/sysc/mmu.h"

namespace nestwalk {
namespace {

// A data access looks L1D up at the same time, if that is indexed by virtual address. Also when the
// L1 TLB then misses: what the L2 TLB and a walk take comes on top of an L1D hit's latency.
Cycles hidden_cycles(const MachineSpec& spec) {
  const bool at_once = spec.data_accesses && spec.l1d_cache.bytes != 0 &&
                       spec.l1d_index == L1dIndex::virtual_address;
  return at_once ? spec.l1d_cache.latency_cycles : 0;
}

}  // namespace

Mmu::Mmu(sc_core::sc_module_name name, const PortSetting& setting, VirtualMachine& vm,
         PrivilegedSoftware& privileged, Locks& locks)
    : sc_module(name),
      set_(setting),
      vm_(vm),
      privileged_(privileged),
      locks_(locks),
      engine_(vm.make_engine()),
      hidden_cycles_(hidden_cycles(setting.spec)),
      l1d_(setting.spec.l1d.arrays, setting.spec.seed),
      l1i_(setting.spec.l1i.arrays, setting.spec.seed + 1),
      l2_(setting.spec.l2.arrays, setting.spec.seed + 2),
      caches_(setting.spec.walk_caches, setting.spec.seed + 3),
      walkers_(setting.agenda, setting.spec.walkers),
      processor_(setting.agenda, 1),
      in_flight_(setting.agenda) {}

void Mmu::enter_space(std::uint16_t space) {
  vm_.enter_space(*engine_, space);
  space_ = space;
  tag_ = engine_->tag();
  conflict_ = engine_->tlb_conflict();
  for (const Invalidation& what : engine_->take_invalidations()) invalidate(what);
}

void Mmu::check_conflict(const Tlb& tlb, Va va, const Access& wanted) const {
  if (tlb.conflict(va, tag_)) vm_.refuse(conflict_, va, wanted, *engine_);
}

void Mmu::finish(Job& job, const TlbEntry& entry, Served served) {
  job.pa = entry.translate(job.access.va);
  job.page_lg2 = entry.size_lg2;
  job.served = served;
}

bool Mmu::look_in_l2(Strand& me, Job& job) {
  const TlbSpec& spec = set_.spec.l2;
  if (spec.arrays.empty()) {
    set_.agenda.reach(me);
    return false;
  }
  if (spec.extra_size_cycles) {
    set_.agenda.reach(me);
    me.pass(l2_.lookup(job.access.va, tag_).extra_probes * spec.extra_size_cycles);
  }
  me.pass(spec.latency_cycles);
  set_.agenda.reach(me);
  job.clock.charge(Span::tlb, me.now());
  // What is there at the end of the lookup counts: an invalidation may have come between, or the
  // end of another access's walk.
  const Tlb::Hit hit = l2_.lookup(job.access.va, tag_);
  if (!hit) return false;
  if (conflict_) check_conflict(l2_, job.access.va, job.wanted);
  if (!engine_->serves(hit.entry->attributes, job.wanted)) {
    l2_.drop(job.access.va, tag_);
    return false;
  }
  const TlbEntry entry = *hit.entry;
  l1_for(job.wanted).fill(entry, job.access.va);
  finish(job, entry, Served::l2_tlb);
  return true;
}

// Exceptions are precise: an access that waited for a walk which then faulted has not happened. It
// issues again when the handler has returned, and its latency counts from there.
bool Mmu::wait_for_other(Strand& me, Job& job) {
  Merged merged{&me, job.access.va, {}, false, false};
  in_flight_.find(job.access.va, tag_)->merged.push_back(&merged);
  set_.agenda.block(me);
  const bool given =
      in_flight_.take(merged) && engine_->serves(merged.entry.attributes, job.wanted);
  if (merged.faulted) {
    job.clock.begin(me.now());
    me.pass(exposed_cycles(job.wanted, spec_for(job.wanted).latency_cycles));
    job.clock.charge(Span::tlb, me.now());
  } else {
    job.clock.charge(Span::merged, me.now());
  }
  if (!given) return false;
  l1_for(job.wanted).fill(merged.entry, job.access.va);
  finish(job, merged.entry, merged.faulted ? Served::l1_tlb : Served::merged);
  return true;
}

void Mmu::translate(Strand& me, Job& job) {
  while (!look_in_l2(me, job)) {
    if (in_flight_.find(job.access.va, tag_)) {
      if (wait_for_other(me, job)) return;
      continue;
    }
    Translation translation;
    translation.va = job.access.va;
    translation.tag = tag_;
    in_flight_.add(translation);
    const std::optional<WalkReply> reply = walk_until_mapped(me, job, translation);
    if (!reply) {
      job.skipped = true;
      job.served = Served::fault;
      translation.overtaken = true;  // those that wait for it have to walk, and fault, themselves
      in_flight_.end(translation, {}, me);
      return;
    }
    if (!translation.overtaken) {
      l2_.fill(reply->entry, job.access.va);
      l1_for(job.wanted).fill(reply->entry, job.access.va);
    }
    finish(job, reply->entry, job.guest_faults + job.host_faults ? Served::fault : Served::walk);
    in_flight_.end(translation, reply->entry, me);
    return;
  }
}

std::optional<WalkReply> Mmu::walk_until_mapped(Strand& me, Job& job, Translation& translation) {
  for (;;) {
    // A new walk reads what the tables hold now.
    translation.overtaken = translation.walks_overtaken = false;
    walkers_.acquire(me);
    job.clock.charge(Span::walker_queue, me.now());
    const Cycles begun = me.now();
    TimedPort port(set_, me, job.clock, translation);
    const WalkReply reply = engine_->walk(job.access.va, job.wanted, caches_, port);
    set_.agenda.reach(me);
    walkers_.release(me);
    ++job.walks;
    job.entry_reads += port.reads();
    if (set_.observer)
      set_.observer->on(WalkDone{set_.vcpu, static_cast<bool>(reply.fault), translation.overtaken,
                                 port.reads(), reply.fault ? std::uint8_t{0} : reply.entry.size_lg2,
                                 me.now() - begun});
    if (!reply.fault) return reply;
    translation.faulted = true;
    if (handle_fault(me, job, reply.fault) == FaultResponse::skip) return std::nullopt;
  }
}

FaultResponse Mmu::handle_fault(Strand& me, Job& job, const Fault& fault) {
  begin_software(me);
  TimedSoftware software(set_, locks_, *this, me, job.clock);
  // Waiting for another fault's handler on this vCPU is part of what this fault costs.
  job.clock.charge(fault.stage == 1 ? Span::guest_fault : Span::host_fault, me.now());
  for (const Invalidation& what : engine_->dropped_by_fault(fault, job.access.va)) invalidate(what);
  const FaultResponse response =
      privileged_.handle_fault(fault, space_, job.access.va, job.wanted, software);
  // What the handler has spent outside enter() and leave().
  job.clock.charge(fault.stage == 1 ? Span::guest_fault : Span::host_fault, me.now());
  job.guest_faults += software.guest_faults();
  job.host_faults += software.host_faults();
  end_software(me);
  return response;
}

// All walkers are taken first: a walk reads the registers, and must find them as they were when it
// began. Walkers are never held while software runs, so that they do come free.
void Mmu::execute(Strand& me, SpanClock& clock, const Processor::Instruction& instruction) {
  for (std::uint32_t i = 0; i < set_.spec.walkers; ++i) walkers_.acquire(me);
  const Translation none;
  TimedPort port(set_, me, clock, none);
  const std::vector<Invalidation> invalidations = instruction(*engine_, caches_, port);
  tag_ = engine_->tag();
  for (const Invalidation& what : invalidations) {
    invalidate(what);
    in_flight_.overtake(what);
  }
  for (std::uint32_t i = 0; i < set_.spec.walkers; ++i) walkers_.release(me);
}

void Mmu::invalidate(const Invalidation& what) {
  l1d_.invalidate(what);
  l1i_.invalidate(what);
  l2_.invalidate(what);
  caches_.invalidate(what);
}

void Mmu::invalidate(const std::vector<Invalidation>& what, Completion& completion) {
  for (const Invalidation& one : what) {
    invalidate(one);
    in_flight_.overtake(one, completion);
  }
}

}  // namespace nestwalk
