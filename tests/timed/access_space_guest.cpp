#include "access_space_guest.h"

#include <fmt/format.h>

#include <numeric>

#include "common/base/random.h"
#include "x86/instructions.h"

namespace nestwalk::test {
namespace {

using namespace x86::test;
using x86::engine_of;

constexpr Va at{test_address};
constexpr unsigned block_lg2 = 22;  // all of a guest's pages; in access_space.h they take 2 MiB
constexpr std::uint64_t pml5_page = pml4_page + 0x4000;

std::uint64_t allocate_block(VirtualMachine& vm) {
  const auto block = vm.kernel()->frames().allocate(block_lg2);
  NW_CHECK(block, "no guest memory left for the pages of a test");
  return *block;
}

AccessKind kind_of(const AccessPoint& point) {
  return point.write ? AccessKind::write : point.fetch ? AccessKind::fetch : AccessKind::read;
}

}  // namespace

SpaceGuest::SpaceGuest(const SpaceGuestSpec& spec, VirtualMachine& vm)
    : vm_(vm), spec_(spec), points_(spec.space), displacement_(allocate_block(vm) - leaf_page) {}

std::size_t SpaceGuest::next(std::span<MemoryAccess> out) {
  std::size_t count = 0;
  AccessPoint point{};
  while (count + 2 <= out.size() && spec_.limit && points_.next(point)) {
    --spec_.limit;
    ahead_.push_back(point);
    MemoryAccess access;
    access.va = at;
    access.user = false;
    access.after_system_call = true;
    if (point.twice) {
      out[count++] = access;
      access.after_system_call = spec_.late_registers;
      access.dependent = true;  // it comes when the first is done
    }
    access.kind = kind_of(point);
    access.user = point.user;
    out[count++] = access;
  }
  return count;
}

// The tables above the PDPTE, in the guest's own memory: U-1. The leaf is left for the host to back
// when it is accessed.
void SpaceGuest::build(Processor& processor) {
  const auto reach = [&](std::uint64_t address) {
    return vm_.kernel()->memory().reach(Ipa{moved(address)}, processor);
  };
  const auto entry = [&](std::uint64_t table, unsigned shift) {
    return reach(table + 8 * (test_address >> shift & 511));
  };
  pdpte_at_ = entry(pdpt_page, 30);
  pde_at_ = entry(pd_page, 21);
  pte_at_ = entry(pt_page, 12);
  processor.store(entry(pml4_page, 39), 8, moved(pdpt_page) | 0x27);
  processor.store(entry(pml5_page, 48), 8, moved(pml4_page) | 0x27);
  const bool five = engine_of(processor).registers().la57();
  const x86::LoadOutcome load = x86::move_to_cr3(processor, moved(five ? pml5_page : pml4_page));
  NW_CHECK(!load.general_protection && !load.fault, "CR3 cannot be loaded");
}

// As U-15: only those that are different.
void SpaceGuest::set_registers(const AccessPoint& point, Processor& processor) const {
  const x86::Registers& now = engine_of(processor).registers();
  const auto with = [](std::uint64_t word, unsigned position, bool set) {
    return (word & ~one(position)) | std::uint64_t{set} << position;
  };
  const std::uint64_t cr0 = with(now.cr0, x86::cr0_wp, point.write_protect);
  const std::uint64_t cr4 = with(with(now.cr4, x86::cr4_smep, point.smep), x86::cr4_pke, point.pke);
  const std::uint64_t efer = with(now.efer, x86::efer_nxe, point.nxe);
  if (now.cr0 != cr0) x86::move_to_cr0(processor, cr0);
  if (now.cr4 != cr4) x86::move_to_cr4(processor, cr4);
  if (now.efer != efer) x86::write_efer(processor, efer);
  if (now.pkru != point.pkru()) x86::write_pkru(processor, point.pkru());
}

void SpaceGuest::system_call(Processor& processor) {
  if (!built_) build(processor);
  built_ = true;
  if (point_ && point_->twice && done_.size() == 1) return set_registers(*point_, processor);
  check_point();
  point_ = ahead_.front();
  ahead_.pop_front();
  done_.clear();
  reached_.clear();
  code_ = 0;
  set_registers(point_->twice ? first_access() : *point_, processor);
  processor.store(pdpte_at_, 8, moved(point_->pdpte()));
  processor.store(pde_at_, 8, moved(point_->pde()));
  processor.store(pte_at_, 8, moved(point_->pte()));
  x86::invlpg(processor, at);
}

FaultResponse SpaceGuest::page_fault(const Fault& fault, Va va, const Access& access,
                                     Processor& processor) {
  const x86::Syndrome syndrome = engine_of(processor).syndrome(fault, va, access);
  const bool expected_kind =
      syndrome.kind == x86::Syndrome::Kind::page_fault && syndrome.linear == at;
  code_ = expected_kind ? syndrome.code : ~std::uint64_t{0};
  return FaultResponse::skip;
}

AccessPoint SpaceGuest::first_access() const {
  AccessPoint point = *point_;
  point.twice = point.user = point.write = point.fetch = false;
  if (!spec_.late_registers) return point;
  point.write_protect = !point.write_protect;
  point.access_disable = point.write_disable = false;
  return point;
}

// The oracle takes both accesses under the same registers; else it is asked about each.
AccessOutcome SpaceGuest::expected() const {
  if (!point_->twice || !spec_.late_registers) return expected_outcome(*point_);
  const AccessOutcome first = expected_outcome(first_access());
  AccessPoint second = *point_;
  second.twice = false;
  second.pde_accessed = bit(first.pde, x86::pte_a);
  second.pte_accessed = bit(first.pte, x86::pte_a);
  AccessOutcome outcome = expected_outcome(second);
  if (outcome.fault && !point_->pde_accessed) outcome.pde_mask &= ~one(x86::pte_a);  // U-7
  return outcome;
}

// U-14, and the address, and who served the accesses.
void SpaceGuest::check_point() {
  if (!point_) return;
  const AccessOutcome expected = this->expected();
  ++counts_.points;
  counts_.accesses += done_.size();
  counts_.faults += done_.size() - reached_.size();
  for (const AccessDone& event : done_) counts_.backed_by_host += event.host_faults;
  const std::string mistake = first_mistake(expected);
  if (!mistake.empty() && ++counts_.wrong <= 5)
    complaints_.push_back(fmt::format(
        "point {}: pte {:#x} pde {:#x} pdpte {:#x} pkru {:#x} user {} write {} fetch {} twice {} "
        "nxe {} wp {} smep {} pke {}: {}",
        counts_.points, point_->pte(), point_->pde(), point_->pdpte(), point_->pkru(), point_->user,
        point_->write, point_->fetch, point_->twice, point_->nxe, point_->write_protect,
        point_->smep, point_->pke, mistake));
  if (mistake.empty()) count_hits(expected);
}

std::string SpaceGuest::first_mistake(const AccessOutcome& expected) const {
  const std::size_t accesses = point_->twice ? 2 : 1;
  if (done_.size() != accesses) return fmt::format("{} accesses were made", done_.size());
  if (done_.back().skipped != expected.fault)
    return fmt::format("fault {}, expected {}", done_.back().skipped, expected.fault);
  if (expected.fault && code_ != expected.code)
    return fmt::format("error code {:#x}, expected {:#x}", code_, expected.code);
  const std::uint64_t pte = vm_.physical().read(pte_at_, 8) - displacement_;
  const std::uint64_t pde = vm_.physical().read(pde_at_, 8) - displacement_;
  if (pte != expected.pte) return fmt::format("PTE {:#x}, expected {:#x}", pte, expected.pte);
  if ((pde ^ expected.pde) & expected.pde_mask)
    return fmt::format("PDE {:#x}, expected {:#x}", pde, expected.pde);
  const bool first_fault = point_->twice && expected_outcome(first_access()).fault;
  if (point_->twice && done_.front().skipped != first_fault) return "fault of the first access";
  if (reached_.size() != accesses - first_fault - expected.fault) return "faults and addresses";
  Pa leaf{};
  if (!reached_.empty() && !vm_.kernel()->memory().backing(Ipa{moved(leaf_page)}, leaf))
    return "an address, but no page behind it";
  for (const Pa pa : reached_)
    if (pa != leaf) return fmt::format("address {:#x}, expected {:#x}", pa.value, leaf.value);
  return {};
}

// After INVLPG an access walks. The second finds the first's entry, in the L1 TLB for data or in
// the L2 TLB for instructions, and may use it unless it faults or has to set D.
void SpaceGuest::count_hits(const AccessOutcome& expected) {
  if (!point_->twice) return;
  const AccessOutcome first = expected_outcome(first_access());
  const bool dirty = bit(point_->pde_large ? first.pde : first.pte, x86::pte_d);
  const bool hit = !first.fault && !expected.fault && (!point_->write || dirty);
  counts_.expected_l1_hits += hit && !point_->fetch;
  counts_.expected_l2_hits += hit && point_->fetch;
  counts_.l1_hits += done_.back().served == Served::l1_tlb;
  counts_.l2_hits += done_.back().served == Served::l2_tlb;
  // What the first access may find, it may find in memory only.
  const Served served = done_.front().served;
  if (served == Served::l1_tlb || served == Served::l2_tlb || served == Served::merged) {
    ++counts_.wrong;
    complaints_.push_back(
        fmt::format("point {}: a TLB served the first access after INVLPG", counts_.points));
  }
}

void SpaceGuests::add(const SpaceGuestSpec& spec) {
  guests_.push_back(std::make_unique<SpaceGuest>(spec, vm_));
}

// The guest's own faults are its business, those of the second stage the hypervisor's.
FaultResponse SpaceGuests::handle_fault(const Fault& fault, std::uint16_t space, Va va,
                                        const Access& access, Processor& processor) {
  if (fault.stage == 2) return vm_.handle_fault(fault, space, va, access, processor);
  return guest(processor.vcpu()).page_fault(fault, va, access, processor);
}

void SpaceGuests::on(const AccessDone& event) {
  guest(event.vcpu).done(event);
  for (const std::uint64_t word : {std::uint64_t{event.vcpu}, event.issued_cycle,
                                   event.total_cycles, std::uint64_t{event.entry_reads}})
    times_ = derive_seed(times_, word);
  times_ = std::accumulate(event.spans.begin(), event.spans.end(), times_, derive_seed);
}

TimedRun SpaceGuests::run(const MachineSpec& spec, Sync sync) {
  MachineSpec machine_spec = spec;
  machine_spec.vcpus = static_cast<std::uint32_t>(guests_.size());
  RunControl control;
  TimedMachine machine("machine", machine_spec, {}, sync, vm_, guests_, *this, control, this, this);
  const TimedRun run = machine.run();
  for (std::size_t i = 0; i < guests_.size(); ++i) guest(i).finish();
  return run;
}

}  // namespace nestwalk::test
