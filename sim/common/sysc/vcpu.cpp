#include "common/sysc/vcpu.h"

#include <algorithm>
#include <array>
#include <bit>
#include <span>

#include "common/machine/functional_machine.h"

namespace nestwalk {
namespace {

LineSource& walker_entry(const MachineSpec& spec, LineSource* l1d, LineSource* l2,
                         LineSource& below) {
  if (spec.walker_entry == WalkerEntry::l1d && l1d) return *l1d;
  if (spec.walker_entry != WalkerEntry::llc && l2) return *l2;
  return below;
}

std::unique_ptr<Cache> make_cache(const char* name, Agenda& agenda, const CacheSpec& spec,
                                  unsigned line_lg2, RefServed level, LineSource& below,
                                  std::uint64_t seed) {
  if (spec.bytes == 0) return nullptr;
  return std::make_unique<Cache>(name, agenda, spec, line_lg2, level, below, seed);
}

}  // namespace

Vcpu::Vcpu(sc_core::sc_module_name name, const MachineSetting& machine, unsigned number,
           AccessSource& source, LineSource& below)
    : sc_module(name),
      machine_(machine),
      number_(number),
      source_(source),
      line_lg2_(static_cast<unsigned>(std::countr_zero(machine.spec.line_bytes))),
      l2_(make_cache("l2", machine.agenda, machine.spec.l2_cache, line_lg2_, RefServed::l2, below,
                     machine.spec.seed + 10)),
      l1d_(make_cache("l1d", machine.agenda, machine.spec.l1d_cache, line_lg2_, RefServed::l1d,
                      l2_ ? *l2_ : below, machine.spec.seed + 11)),
      l1_entry_(l1d_  ? l1d_.get()
                : l2_ ? static_cast<LineSource*>(l2_.get())
                      : &below),
      ports_{machine.agenda,
             machine.vm.physical(),
             walker_entry(machine.spec, l1d_.get(), l2_.get(), below),
             *l1_entry_,
             machine.spec,
             line_lg2_,
             observer_,
             static_cast<std::uint16_t>(number)},
      mmu_("mmu", ports_, machine.vm),
      order_(machine.agenda, mmu_.in_flight(), machine.spec.issue_interval_cycles),
      mailbox_("mailbox", machine.agenda, mmu_, order_, machine.spec,
               machine.vm.architecture().invalidates_by_interrupt()),
      issue_interval_cycles_(machine.spec.issue_interval_cycles),
      lookahead_cycles_(machine.spec.shootdown_delivery_cycles),
      reads_data_(machine.spec.data_accesses),
      merges_(machine.observer.merges_equal_accesses()),
      warmup_(machine.control.warmup_accesses()),
      unmap_random_(derive_seed(machine.spec.seed, 1000 + number)) {
  for (std::size_t kind = 0; kind < at_once_.size(); ++kind) {
    at_once_[kind].vcpu = static_cast<std::uint16_t>(number);
    at_once_[kind].type = access_type(static_cast<AccessKind>(kind));
    at_once_[kind].served = Served::l1_tlb;
    at_once_[kind].count = 0;
  }
  SC_HAS_PROCESS(Vcpu);
  if (machine_.spec.max_outstanding > 1) {
    for (unsigned i = 0; i < machine_.spec.max_outstanding; ++i) {
      machine_.agenda.enlist(carriers_.emplace_back().strand);
      idle_.push_back(&carriers_.back());
      sc_core::sc_spawn([this, i] { carry_all(carriers_[i]); },
                        sc_core::sc_gen_unique_name("carrier"));
    }
  }
  machine_.agenda.enlist(issue_);
  SC_THREAD(issue_all);
}

// An exception must not leave a SystemC thread: it is kept for whoever started the simulation, and
// ends this vCPU's work.
template <class Work>
void Vcpu::guarded(Work work) {
  try {
    work();
  } catch (const sc_core::sc_unwind_exception&) {
    throw;
  } catch (...) {
    failure_ = std::current_exception();
    sc_core::sc_stop();
  }
}

void Vcpu::issue_all() {
  machine_.agenda.start(issue_);
  guarded([this] {
    std::array<MemoryAccess, 256> batch;
    while (!machine_.control.stop_requested()) {
      const std::size_t count = source_.next(batch);
      if (count == 0) break;
      if (mmu_.engine().ignores_top_byte())
        for (MemoryAccess& access : std::span(batch).first(count))
          access.va = mmu_.engine().cached_address(access.va, {access_type(access.kind)});
      for (std::size_t i = 0; i < count; ++i) issue_in_order(batch[i]);
      machine_.control.progress(number_, issued_);
    }
    drain();
    for (AccessDone& event : at_once_) tell_at_once(event);
    if (!at_start_) machine_.starting_line.retire(issue_);
    finish_cycle_ = std::max(issue_.now(), latest_completion_);
    finished_ = true;
  });
  if (!failure_) machine_.agenda.finish(issue_);
}

void Vcpu::carry_all(Carrier& me) {
  machine_.agenda.start(me.strand);
  guarded([&] {
    for (;;) {
      while (!me.busy) machine_.agenda.block(me.strand);
      run(me.strand, me.job);
      me.busy = false;
      idle_.push_back(&me);
      --busy_carriers_;
      if (issuer_waits_) {
        issuer_waits_ = false;
        machine_.agenda.wake(issue_, me.strand.now());
      }
    }
  });
}

// Whether this vCPU's private state may be touched now. Others reach it only by a message, so that
// while none is under way to it, it may run ahead of them by the delivery latency.
inline void Vcpu::reach_issue() {
  if (busy_carriers_ == 0 && mailbox_.idle())
    machine_.agenda.reach_private(issue_, lookahead_cycles_);
  else
    machine_.agenda.reach(issue_);
}

void Vcpu::issue_in_order(const MemoryAccess& access) {
  issue_.pass_until(next_issue_);
  if (access.space != space_ || (access.dependent | access.after_system_call) ||
      issued_ == next_event_) [[unlikely]]
    prepare(access);
  issue(access);
  ++issued_;
}

// What has to happen before this access issues: the end of warm-up, an unmapping, a context switch,
// the data that its address depends on.
void Vcpu::prepare(const MemoryAccess& access) {
  if (access.space != space_) {
    drain();
    machine_.agenda.reach(issue_);
    mmu_.enter_space(access.space);
    space_ = access.space;
  }
  if (access.after_system_call) system_call();
  if (access.dependent) {
    while (last_carrier_ && last_carrier_->busy) wait_for_carrier();
    issue_.pass_until(last_completion_);
  }
  if (issued_ != next_event_) return;
  const std::uint64_t interval = machine_.unmaps.interval_accesses;
  if (interval && issued_ && issued_ % interval == 0) unmap_one();
  if (issued_ == warmup_) {
    drain();  // what was issued before does not count
    issue_.pass_until(latest_completion_);
    at_start_ = true;
    machine_.starting_line.arrive(issue_);
    observer_ = &machine_.observer;
  }
  next_event_ = interval ? (issued_ / interval + 1) * interval : ~std::uint64_t{0};
  if (issued_ < warmup_) next_event_ = std::min(next_event_, warmup_);
}

void Vcpu::issue(const MemoryAccess& access) {
  Cycles stall_cycles = 0;
  for (;;) {
    reach_issue();
    if (const Cycles until = mailbox_.stalled_until(); until > issue_.now()) [[unlikely]] {
      // The handler of a shootdown runs on this vCPU; the access waits for it.
      stall_cycles += until - issue_.now();
      issue_.pass_until(until);
      continue;
    }
    if (order_.software_runs()) [[unlikely]] {  // a fault handler has the vCPU
      order_.wait_for_software(issue_);
      continue;
    }
    next_issue_ = issue_.now() + issue_interval_cycles_;
    const Mmu::L1Hit hit = mmu_.look_in_l1(access, access_of(access));
    if (serve_at_once(access, hit, stall_cycles)) [[likely]]
      return;
    if (carry(access, hit, stall_cycles)) return;
  }
}

// Served in its issue cycle: an L1 TLB hit whose data, if modelled, hits L1D.
inline bool Vcpu::serve_at_once(const MemoryAccess& access, const Mmu::L1Hit& hit,
                                Cycles stall_cycles) {
  if (!hit.entry) return false;
  const Cycles now = issue_.now();
  const Pa pa = hit.entry->translate(access.va);
  Cycles data_cycles = 0;
  if (reads_data_ && access.kind != AccessKind::fetch) {
    const auto latency = l1d_ ? l1d_->hit(now, pa.value >> line_lg2_) : std::nullopt;
    if (!latency) return false;
    data_cycles = *latency;
  }
  last_carrier_ = nullptr;
  last_completion_ = now + hit.latency_cycles + data_cycles;
  latest_completion_ = std::max(latest_completion_, last_completion_);
  machine_.vm.touch(pa);
  if (machine_.listener) [[unlikely]]
    machine_.listener->translated(number_, access.space, access.va, pa);
  if (!observer_) return true;
  const Cycles translation_cycles = stall_cycles + hit.latency_cycles;
  AccessDone& done = at_once_[static_cast<std::size_t>(access.kind)];
  if (done.count && (done.translation_cycles != translation_cycles || stall_cycles ||
                     done.total_cycles != translation_cycles + data_cycles ||
                     done.page_lg2 != hit.entry->size_lg2 || done.space != access.space ||
                     done.spans[static_cast<std::size_t>(Span::invalidation)]))
    tell_at_once(done);
  if (done.count++ == 0) {
    done.space = access.space;
    done.page_lg2 = hit.entry->size_lg2;
    done.translation_cycles = translation_cycles;
    done.total_cycles = translation_cycles + data_cycles;
    done.spans[static_cast<std::size_t>(Span::invalidation)] = stall_cycles;
    done.spans[static_cast<std::size_t>(Span::tlb)] = hit.latency_cycles;
    done.spans[static_cast<std::size_t>(Span::data)] = data_cycles;
  }
  done.va = access.va;
  done.issued_cycle = now - stall_cycles;
  if (!merges_) tell_at_once(done);
  return true;
}

void Vcpu::tell_at_once(AccessDone& event) {
  if (event.count && observer_) observer_->on(event);
  event.count = 0;
}

// Sends an access on its way through the machine. False: there was no slot for it; now there may
// be, and the access, which issues only then, has to look into the L1 TLB again.
bool Vcpu::carry(const MemoryAccess& access, const Mmu::L1Hit& hit, Cycles stall_cycles) {
  if (!carriers_.empty() && idle_.empty()) {
    wait_for_carrier();
    return false;
  }
  Job job;
  job.access = access;
  job.wanted = access_of(access);
  job.l1_cycles = hit.latency_cycles;
  job.clock.begin(issue_.now() - stall_cycles);
  job.clock.charge(Span::invalidation, issue_.now());
  if (hit.entry) {
    job.translated = true;
    job.pa = hit.entry->translate(access.va);
    job.served = Served::l1_tlb;
    job.page_lg2 = hit.entry->size_lg2;
  }
  if (!carriers_.empty()) {
    dispatch(job);
    return true;
  }
  last_carrier_ = nullptr;
  order_.enter(job);
  run(issue_, job);
  last_completion_ = issue_.now();
  next_issue_ = std::max(next_issue_, last_completion_);
  return true;
}

void Vcpu::dispatch(const Job& job) {
  Carrier& carrier = *idle_.back();
  idle_.pop_back();
  ++busy_carriers_;
  carrier.job = job;
  carrier.busy = true;
  order_.enter(carrier.job);
  last_carrier_ = &carrier;
  machine_.agenda.wake(carrier.strand, issue_.now());
}

void Vcpu::wait_for_carrier() {
  issuer_waits_ = true;
  machine_.agenda.block(issue_);
}

void Vcpu::drain() {
  while (busy_carriers_) wait_for_carrier();
}

}  // namespace nestwalk
