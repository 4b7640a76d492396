#include "property/x86/stale_world.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <sstream>

template <>
struct fmt::formatter<nestwalk::x86::test::Operation> : fmt::ostream_formatter {};

namespace nestwalk::x86::test {
namespace {

using Kind = Operation::Kind;

constexpr std::uint64_t entry_flags = flag_present | flags_used;

Cpu make_cpu(Machine machine) {
  Cpu cpu;
  cpu.vendor = machine == Machine::amd ? Vendor::amd : Vendor::intel;
  return cpu;
}

Registers make_registers() {
  Registers registers;
  registers.cr0 = one(cr0_pg) | one(cr0_pe) | one(cr0_wp);
  registers.cr3 = space_root(0);
  registers.cr4 = one(cr4_pae) | one(cr4_pge) | one(cr4_pcide);
  registers.efer = one(efer_lme) | one(efer_lma) | one(efer_svme);
  return registers;
}

MachineSpec hardware(bool walk_caches) {
  MachineSpec spec;
  spec.l1d.arrays = {{{12, 21}, {64, 0}}};
  WalkCachesSpec& caches = spec.walk_caches;
  if (!walk_caches) return spec;
  caches.stage1 = caches.stage2 = {{0, {16, 0}}, {1, {16, 0}}, {2, {16, 0}}};
  caches.stage2_tlb = {32, 0};
  return spec;
}

std::string text_of(const ModelOutcome& outcome) {
  switch (outcome.kind) {
    case ModelOutcome::Kind::ok:
      return fmt::format("physical address {:#x}", outcome.address);
    case ModelOutcome::Kind::page_fault:
      return "#PF";
    case ModelOutcome::Kind::second_stage_fault:
      return fmt::format("second-stage fault at {:#x}", outcome.address);
  }
  return {};
}

std::uint64_t linear_of(const Step& step) {
  return linear_page(step.where / 2 % 2, step.where % 2);
}

}  // namespace

StaleWorld::StaleWorld(Machine machine, bool walk_caches)
    : machine_(machine),
      tables_(memory_, machine == Machine::intel),
      executor_{make_cpu(machine),
                make_registers(),
                {},
                *ids_,
                {make_eptp(host_root(0), 4, false).raw, make_eptp(host_root(1), 4, false).raw}},
      engine_(executor_.cpu, ids_),
      mmu_(hardware(walk_caches), engine_) {
  for (const std::uint64_t eptp : executor_.eptps) ids_->id_of(Eptp{eptp});
  engine_.set(executor_.registers, executor_.vm);
  mmu_.registers_written();
}

void StaleWorld::take(const Step& step) {
  const unsigned root = step.where % host_roots, table = step.where / 2 % host_tables;
  switch (step.action) {
    case Step::Action::access:
      return access(step);
    case Step::Action::edit_pte:
      return tables_.set_pte(step.where / 8 % 2, step.where / 2 % page_tables, step.where % 2,
                             pte_of(step));
    case Step::Action::edit_pde:
      return tables_.set_pde(step.where / 2 % spaces, step.where % 2, pde_of(step));
    case Step::Action::edit_backing:
      return tables_.set_backing(root, table, frame_of(step),
                                 static_cast<StaleTables::Backing>(step.what % 4));
    case Step::Action::edit_host_table:
      return tables_.choose_table(root, table, step.what % 4 != 0);
    case Step::Action::instruction:
      return execute(step);
    case Step::Action::run_guest:
      return run_guest(step);
  }
}

// --- accesses ---

ModelState StaleWorld::model_state() const {
  ModelState state;
  state.tag = executor_.now();
  state.cr3 = executor_.registers.cr3 & ~low_mask(12);
  if (running_root_) state.host_root = host_root(running_root_ - 1);
  state.ept = machine_ == Machine::intel;
  state.globals = executor_.registers.page_global();
  return state;
}

void StaleWorld::access(const Step& step) {
  const ModelAccess wanted{linear_of(step) + 0x123, step.write, step.user};
  const ModelState state = model_state();
  const ModelOutcome fresh = model_.fresh(state, wanted);
  const std::set<ModelOutcome> legal = model_.access(state, wanted);
  const ModelOutcome found = carry_out(wanted);
  ++counts_.accesses;
  counts_.stale += found != fresh;
  counts_.forced += legal.size() == 1;
  if (!legal.contains(found)) {
    mistake_ = fmt::format("came to {}; legal:", text_of(found));
    for (const ModelOutcome& outcome : legal) mistake_ += fmt::format(" {};", text_of(outcome));
  }
  Operation fault;
  fault.linear = wanted.linear;
  fault.guest_physical = found.address;
  fault.kind =
      found.kind == ModelOutcome::Kind::page_fault ? Kind::page_fault : Kind::ept_violation;
  // What #NPF drops is not said: nothing has to go.
  if (fault.kind == Kind::ept_violation &&
      (found.kind == ModelOutcome::Kind::ok || machine_ == Machine::amd))
    return;
  model_.execute(fault, state.tag);
}

ModelOutcome StaleWorld::carry_out(const ModelAccess& wanted) {
  const Va va{wanted.linear};
  const Access access{wanted.write ? AccessType::write : AccessType::read, wanted.user};
  const auto [reply, served] = mmu_.translate(va, access, port_);
  counts_.served_by_tlb += served == Served::l1_tlb;
  if (!reply.fault) return {ModelOutcome::Kind::ok, reply.pa.value};
  mmu_.fault_taken(reply.fault, va);
  if (reply.fault.stage == 1) return {ModelOutcome::Kind::page_fault, 0};
  return {ModelOutcome::Kind::second_stage_fault, reply.fault.ipa.aligned(12).value};
}

// --- edits ---

std::uint64_t StaleWorld::pte_of(const Step& step) const {
  if (step.what % 8 == 0) return 0;
  return data_frame(step.what % data_frames) | entry_flags | (step.write ? flag_write : 0) |
         (step.user ? flag_user : 0) | (step.global ? flag_global : 0);
}

std::uint64_t StaleWorld::pde_of(const Step& step) const {
  if (step.what % 8 == 0) return 0;
  const std::uint64_t flags =
      entry_flags | (step.write ? flag_write : 0) | (step.user ? flag_user : 0);
  if (step.what % 8 <= large_frames)
    return large_frame(step.what % 8 - 1) | flags | flag_large | (step.global ? flag_global : 0);
  return page_table(step.what % page_tables) | flags;
}

std::uint64_t StaleWorld::frame_of(const Step& step) const {
  const unsigned i = step.which % (data_frames + page_tables);
  return i < data_frames ? data_frame(i) : page_table(i - data_frames);
}

// --- operations ---

void StaleWorld::apply(const std::vector<Invalidation>& list) {
  for (const Invalidation& what : list) mmu_.invalidate(what);
}

void StaleWorld::perform(const Operation& operation) {
  model_.execute(operation, executor_.now());
  apply(invalidations_of(operation, executor_));
}

// PCIDE and PG may be cleared only in PCID 0; they are set again at once.
bool StaleWorld::can(Kind kind) const {
  const bool amd = machine_ == Machine::amd;
  if (kind == Kind::pcide_off || kind == Kind::paging_off) return executor_.registers.pcid() == 0;
  if (kind == Kind::smep_on) return !executor_.registers.smep();
  if (kind == Kind::invlpga) return amd;
  if (kind >= Kind::invvpid_0 && kind <= Kind::invept_2) return !amd;
  return kind <= Kind::smep_off;
}

void StaleWorld::execute(const Step& step) {
  Operation operation = step.operation;
  operation.linear = linear_of(step);
  if (!can(operation.kind)) return;
  perform(operation);
  Registers& registers = executor_.registers;
  if (operation.kind == Kind::mov_cr3 || operation.kind == Kind::mov_cr3_keep)
    registers.cr3 = space_root(operation.pcid) | operation.pcid;
  if (operation.kind == Kind::toggle_pge) registers.cr4 ^= one(cr4_pge);
  if (operation.kind == Kind::smep_on) registers.cr4 |= one(cr4_smep);
  if (operation.kind == Kind::smep_off) registers.cr4 &= ~one(cr4_smep);
  engine_.set(registers, executor_.vm);
  mmu_.registers_written();
}

// Intel: a guest with VPID `where` (0: none) and EPT `which` (0: none). AMD: ASID and host tables,
// with the TLB_CONTROL of the operation. Both: the host itself.
void StaleWorld::run_guest(const Step& step) {
  using Paging = VirtualMachine::Paging;
  const bool without_vpid_before = in_guest_ && executor_.vm.id == 0;
  VirtualMachine vm;
  in_guest_ = step.what % 4 != 0;
  running_root_ = 0;
  if (in_guest_ && machine_ == Machine::intel) {
    vm.id = static_cast<std::uint16_t>(step.where % 3);
    running_root_ = step.which % (host_roots + 1);
    if (running_root_) {
      vm.paging = Paging::ept;
      vm.eptp = executor_.eptps[running_root_ - 1];
    }
  } else if (in_guest_) {
    vm.id = static_cast<std::uint16_t>(1 + step.where % 2);
    running_root_ = 1 + step.which % host_roots;
    vm.paging = Paging::npt;
    vm.ncr3 = host_root(running_root_ - 1);
    vm.host = make_registers();
  }
  Operation transition;
  if (machine_ == Machine::amd) {
    transition = step.operation;
    transition.vm = vm.id;
    if (in_guest_ && transition.kind >= Kind::vmrun_all) perform(transition);
  } else {
    const bool flush = without_vpid_before || (in_guest_ && vm.id == 0);
    transition.kind = flush ? Kind::transition_without_vpid : Kind::transition_with_vpid;
    perform(transition);
  }
  executor_.vm = vm;
  engine_.set(executor_.registers, vm);
  mmu_.registers_written();
}

// --- reports ---

std::string StaleWorld::text(const Step& step) const {
  const unsigned root = step.where % host_roots, table = step.where / 2 % host_tables;
  switch (step.action) {
    case Step::Action::access:
      return fmt::format("{} {} at {:#x}", step.user ? "user" : "supervisor",
                         step.write ? "write" : "read", linear_of(step));
    case Step::Action::edit_pte:
      return fmt::format("page table {}{}: PTE {} = {:#x}", step.where / 2 % page_tables,
                         step.where / 8 % 2 ? " (alternate)" : "", step.where % 2, pte_of(step));
    case Step::Action::edit_pde:
      return fmt::format("space {}: PDE {} = {:#x}", step.where / 2 % spaces, step.where % 2,
                         pde_of(step));
    case Step::Action::edit_backing: {
      static constexpr const char* names[] = {"nothing", "itself, read-only", "itself",
                                              "its alternate"};
      return fmt::format("host tables {}, last-level table {}: {:#x} is backed by {}", root + 1,
                         table, frame_of(step), names[step.what % 4]);
    }
    case Step::Action::edit_host_table:
      return fmt::format("host tables {}: last-level table {}", root + 1,
                         step.what % 4 ? fmt::format("{}", table) : "missing");
    case Step::Action::instruction:
      if (!can(step.operation.kind)) return "(nothing)";
      return fmt::format("{} for {:#x}", step.operation, linear_of(step));
    case Step::Action::run_guest:
      if (step.what % 4 == 0) return "the host runs";
      if (machine_ == Machine::amd)
        return fmt::format(
            "ASID {} runs on host tables {}: {}", 1 + step.where % 2, 1 + step.which % host_roots,
            step.operation.kind >= Kind::vmrun_all ? name_of(step.operation.kind) : "no flush");
      return fmt::format("VPID {} runs on EPT {}", step.where % 3, step.which % (host_roots + 1));
  }
  return {};
}

}  // namespace nestwalk::x86::test
