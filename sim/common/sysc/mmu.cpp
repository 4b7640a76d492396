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

Mmu::Mmu(sc_core::sc_module_name name, const PortSetting& setting, VirtualMachine& vm)
    : sc_module(name),
      set_(setting),
      vm_(vm),
      engine_(vm.make_engine()),
      core_(setting.spec, *engine_),
      hidden_cycles_(hidden_cycles(setting.spec)),
      walkers_(setting.agenda, setting.spec.walkers),
      in_flight_(setting.agenda, core_) {}

void Mmu::enter_space(std::uint16_t space) {
  vm_.enter_space(*engine_, space);
  core_.registers_written();
}

void Mmu::refuse_conflict(Va va, const Access& wanted) const {
  vm_.refuse(engine_->tlb_conflict(), va, wanted, *engine_);
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
    me.pass(core_.extra_l2_probes(job.access.va) * spec.extra_size_cycles);
  }
  me.pass(spec.latency_cycles);
  set_.agenda.reach(me);
  job.clock.charge(Span::tlb, me.now());
  // What is there at the end of the lookup counts: an invalidation may have come between, or the
  // end of another access's walk.
  const VcpuMmu::Hit hit = core_.look_in_l2(job.access.va, job.wanted);
  if (hit.conflict) refuse_conflict(job.access.va, job.wanted);
  if (!hit) return false;
  const TlbEntry entry = *hit.entry;
  fill_l1(me, entry, job);
  finish(job, entry, Served::l2_tlb);
  return true;
}

Fault Mmu::translate(Strand& me, Job& job) {
  while (job.fate == Fate::under_way && !look_in_l2(me, job)) {
    Translation* other = in_flight_.find(job.access.va, tag());
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
  Translation walk{{job.access.va, job.wanted, tag()}};
  in_flight_.add(walk);
  walkers_.acquire(me);
  job.clock.charge(Span::walker_queue, me.now());
  if (job.fate == Fate::undone) {  // while it waited: there is nothing to walk for
    walkers_.release(me);
    in_flight_.end(walk, nullptr, {}, me);
    return {};
  }
  walk.begin_reading();
  const Cycles begun = me.now();
  TimedPort port(set_, me, job.clock, &walk);
  const WalkReply reply = engine_->walk(job.access.va, job.wanted, core_.walk_caches(), port);
  set_.agenda.reach(me);
  walkers_.release(me);
  ++job.walks;
  job.entry_reads += port.reads();
  const bool overtaken = keep(me, walk, reply);
  if (set_.observer)
    set_.observer->on(WalkDone{set_.vcpu, static_cast<bool>(reply.fault), overtaken, port.reads(),
                               reply.fault ? std::uint8_t{0} : reply.entry.size_lg2,
                               me.now() - begun});
  if (!reply.fault) finish(job, reply.entry, Served::walk);
  in_flight_.end(walk, reply.fault || overtaken ? nullptr : &reply.entry,
                 overtaken ? Fault{} : reply.fault, me);
  return reply.fault;
}

// TLBs are the vCPU's own, but its mailbox invalidates in them.
void Mmu::fill_l1(Strand& me, const TlbEntry& entry, const Job& job) {
  set_.agenda.in_turn(me);
  core_.fill_l1(entry, job.access.va, job.wanted);
}

bool Mmu::keep(Strand& me, const Translation& walk, const WalkReply& reply) {
  set_.agenda.in_turn(me);
  return core_.keep(walk, reply);
}

void Mmu::fault_taken(const Fault& fault, Va va) { core_.fault_taken(fault, va); }

// All walkers are taken first: a walk reads the registers, and must find them as they were when it
// began. Walkers are never held while software runs, so that they do come free.
void Mmu::execute(Strand& me, SpanClock& clock, const MmuInstruction& instruction) {
  for (std::uint32_t i = 0; i < set_.spec.walkers; ++i) walkers_.acquire(me);
  TimedPort port(set_, me, clock, nullptr);
  in_flight_.execute(instruction, port);
  for (std::uint32_t i = 0; i < set_.spec.walkers; ++i) walkers_.release(me);
}

void Mmu::invalidate(const std::vector<Invalidation>& what, Completion& completion) {
  for (const Invalidation& one : what) in_flight_.invalidate(one, completion);
}

}  // namespace nestwalk
