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

// What a TLB would hold of a page that a walk has not found: an invalidation that covers it has
// overtaken the walk.
TlbEntry missing_page(const Translation& walk) {
  TlbEntry page;
  page.page = walk.va.aligned(page.size_lg2);
  page.tag = walk.tag;
  return page;
}

}  // namespace

Mmu::Mmu(sc_core::sc_module_name name, const PortSetting& setting, VirtualMachine& vm)
    : sc_module(name),
      set_(setting),
      vm_(vm),
      engine_(vm.make_engine()),
      hidden_cycles_(hidden_cycles(setting.spec)),
      l1d_(setting.spec.l1d.arrays, setting.spec.seed),
      l1i_(setting.spec.l1i.arrays, setting.spec.seed + 1),
      l2_(setting.spec.l2.arrays, setting.spec.seed + 2),
      caches_(setting.spec.walk_caches, setting.spec.seed + 3),
      walkers_(setting.agenda, setting.spec.walkers),
      in_flight_(setting.agenda) {}

void Mmu::enter_space(std::uint16_t space) {
  vm_.enter_space(*engine_, space);
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
  job.translated = true;
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
  fill_l1(me, entry, job);
  finish(job, entry, Served::l2_tlb);
  return true;
}

Fault Mmu::translate(Strand& me, Job& job) {
  while (job.fate == Fate::under_way && !look_in_l2(me, job)) {
    Translation* other = in_flight_.find(job.access.va, tag_);
    const Fault fault = other ? wait_for(me, job, *other) : walk(me, job);
    if (fault || job.translated) return fault;
  }
  return {};
}

Fault Mmu::wait_for(Strand& me, Job& job, Translation& other) {
  Merged merged{&me, job.wanted};
  other.merged.push_back(&merged);
  set_.agenda.block(me);
  in_flight_.take(merged);
  job.clock.charge(Span::merged, me.now());
  if (!merged.entry || !engine_->serves(merged.entry->attributes, job.wanted)) return merged.fault;
  fill_l1(me, *merged.entry, job);
  finish(job, *merged.entry, Served::merged);
  return {};
}

Fault Mmu::walk(Strand& me, Job& job) {
  Translation walk{job.access.va, job.wanted, tag_};
  in_flight_.add(walk);
  walkers_.acquire(me);
  job.clock.charge(Span::walker_queue, me.now());
  if (job.fate == Fate::undone) {  // while it waited: there is nothing to walk for
    walkers_.release(me);
    in_flight_.end(walk, nullptr, {}, me);
    return {};
  }
  // It reads what the tables hold from now on.
  walk.crossed.clear();
  walk.walks_overtaken = false;
  const Cycles begun = me.now();
  TimedPort port(set_, me, job.clock, walk);
  const WalkReply reply = engine_->walk(job.access.va, job.wanted, caches_, port);
  set_.agenda.reach(me);
  walkers_.release(me);
  ++job.walks;
  job.entry_reads += port.reads();
  const bool overtaken = walk.overtaken(reply.fault ? missing_page(walk) : reply.entry);
  if (set_.observer)
    set_.observer->on(WalkDone{set_.vcpu, static_cast<bool>(reply.fault), overtaken, port.reads(),
                               reply.fault ? std::uint8_t{0} : reply.entry.size_lg2,
                               me.now() - begun});
  if (!reply.fault) {
    if (!overtaken) {
      l2_.fill(reply.entry, job.access.va);
      fill_l1(me, reply.entry, job);
    }
    finish(job, reply.entry, Served::walk);
  }
  in_flight_.end(walk, reply.fault || overtaken ? nullptr : &reply.entry,
                 overtaken ? Fault{} : reply.fault, me);
  return reply.fault;
}

// TLBs are the vCPU's own, but its mailbox invalidates in them.
void Mmu::fill_l1(Strand& me, const TlbEntry& entry, const Job& job) {
  set_.agenda.in_turn(me);
  l1_for(job.wanted).fill(entry, job.access.va);
}

void Mmu::fault_taken(const Fault& fault, Va va) {
  for (const Invalidation& what : engine_->dropped_by_fault(fault, va)) invalidate(what);
}

// All walkers are taken first: a walk reads the registers, and must find them as they were when it
// began. Walkers are never held while software runs, so that they do come free.
void Mmu::execute(Strand& me, SpanClock& clock, const Processor::Instruction& instruction) {
  for (std::uint32_t i = 0; i < set_.spec.walkers; ++i) walkers_.acquire(me);
  const Translation none{};
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
