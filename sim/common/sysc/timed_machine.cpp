#include "common/sysc/timed_machine.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <string_view>

#include "common/base/check.h"

namespace nestwalk {
namespace {

unsigned line_lg2(const MachineSpec& spec) {
  return static_cast<unsigned>(std::countr_zero(spec.line_bytes));
}

sc_core::sc_time cycle_time(const MachineSpec& spec) {
  return sc_core::sc_time(1e6 / spec.frequency_mhz, sc_core::SC_PS);
}

}  // namespace

TimedMachine::TimedMachine(sc_core::sc_module_name name, const MachineSpec& spec,
                           const UnmapSpec& unmaps, Sync sync, VirtualMachine& vm,
                           const std::vector<std::unique_ptr<AccessSource>>& sources,
                           Observer& observer, RunControl& control, TranslationListener* listener,
                           PrivilegedSoftware* privileged)
    : sc_module(name),
      spec_(spec),
      unmaps_(unmaps),
      control_(control),
      agenda_(sync, cycle_time(spec)),
      locks_(agenda_),
      starting_line_(agenda_, spec.vcpus, [this] { memory_at_start_ = memory_counts(); }),
      dram_("dram", agenda_, spec_.dram, spec_.line_bytes),
      dram_port_(dram_) {
  if (spec_.llc.bytes)
    llc_ = std::make_unique<Cache>("llc", agenda_, spec_.llc, line_lg2(spec), RefServed::llc,
                                   dram_port_, spec_.seed + 20);
  LineSource& below = llc_ ? static_cast<LineSource&>(*llc_) : dram_port_;
  if (unmaps_.interval_accesses && vm.kernel()) vm.kernel()->remember_pages();
  PrivilegedSoftware& entered = privileged ? *privileged : vm;
  const MachineSetting setting{agenda_,        vm,       entered, spec_,   unmaps_, locks_,
                               starting_line_, observer, control, listener};
  for (unsigned i = 0; i < spec_.vcpus; ++i)
    vcpus_.push_back(std::make_unique<Vcpu>(sc_core::sc_gen_unique_name("vcpu"), setting, i,
                                            *sources[i], below));
  for (unsigned i = 0; i < vcpus_.size(); ++i) {
    std::vector<Mailbox*> others;
    for (unsigned j = 0; j < vcpus_.size(); ++j)
      if (j != i) others.push_back(&vcpus_[j]->mailbox());
    vcpus_[i]->set_others(std::move(others));
  }
}

std::string TimedMachine::doing() const {
  std::string text = fmt::format("cycle {}", agenda_.now());
  const sc_core::sc_process_handle process = sc_core::sc_get_current_process_handle();
  if (!process.valid()) return text;
  text += fmt::format(", {}", process.name());
  for (const auto& vcpu : vcpus_)
    if (std::string_view(process.name()).starts_with(fmt::format("{}.", vcpu->name())))
      text += vcpu->under_way();
  return text;
}

TimedRun TimedMachine::run() {
  set_check_context([](const void* who) { return static_cast<const TimedMachine*>(who)->doing(); },
                    this);
  sc_core::sc_start();
  set_check_context(nullptr, nullptr);
  for (const auto& vcpu : vcpus_)
    if (vcpu->failure()) std::rethrow_exception(vcpu->failure());
  TimedRun result;
  result.measured_from_cycle = starting_line_.begun_cycle();
  for (const auto& vcpu : vcpus_) {
    NW_CHECK(vcpu->finished(), "the simulation has ended with accesses under way on {}",
             vcpu->name());
    result.cycles = std::max(result.cycles, vcpu->finish_cycle());
    result.issued.push_back(vcpu->issued());
    result.finish_cycles.push_back(vcpu->finish_cycle());
    // A vCPU does one thing at a time while software runs: what its faults took has passed.
    NW_CHECK(vcpu->fault_cycles() + result.measured_from_cycle <= vcpu->finish_cycle() ||
                 vcpu->fault_cycles() == 0,
             "the faults of {} took {} cycles, but it was measured from {} to {} only",
             vcpu->name(), vcpu->fault_cycles(), result.measured_from_cycle, vcpu->finish_cycle());
  }
  result.completed = !control_.stop_requested();
  const MemoryCounts counts = memory_counts();
  dram_.check(result.cycles);
  NW_CHECK(!llc_ || counts.llc.misses == counts.dram.accesses(),
           "{} misses of the last cache made {} DRAM accesses", counts.llc.misses,
           counts.dram.accesses());
  result.memory = counts - memory_at_start_;
  result.dram_peak_bytes_per_cycle = dram_.peak_bytes_per_cycle();
  return result;
}

MemoryCounts TimedMachine::memory_counts() const {
  MemoryCounts counts;
  for (const auto& vcpu : vcpus_) {
    counts.l1d = counts.l1d + vcpu->l1d_counts();
    counts.l2 = counts.l2 + vcpu->l2_counts();
  }
  if (llc_) counts.llc = llc_->counts();
  counts.dram = dram_.counts();
  return counts;
}

}  // namespace nestwalk
