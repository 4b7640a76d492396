#include "common/machine/virtual_machine.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/bits.h"
#include "common/base/check.h"
#include "common/base/random.h"
#include "common/base/user_error.h"

namespace nestwalk {
namespace {

enum SeedStream : std::uint64_t { host_frames = 100, guest_frames = 101 };

[[noreturn]] void pool_does_not_fit(const char* side, const SideSpec& spec) {
  throw UserErrors(UserError{
      "", 0, fmt::format("{}.policy", side),
      fmt::format(
          "a pool of {} pages of 2^{} bytes cannot be reserved from {} bytes of memory with "
          "fragmentation {}",
          spec.policy.reserved_bytes >> spec.policy.huge_lg2.front(), spec.policy.huge_lg2.front(),
          spec.memory_bytes, spec.fragmentation)});
}

}  // namespace

VirtualMachine::VirtualMachine(const VirtualMachineSpec& spec, const Architecture& architecture)
    : architecture_(architecture),
      tracks_touched_(!architecture.has_stage1() || spec.guest.policy.kind != PolicyKind::base ||
                      spec.guest.policy.base_lg2 > 12 || spec.guest.populate) {
  if (architecture.has_stage2()) make_host(spec);
  if (architecture.has_stage1()) make_kernel(spec);
}

void VirtualMachine::make_host(const VirtualMachineSpec& spec) {
  // With an identity stage 2 the guest owns the lowest host memory, and tables lie above it.
  const FrameAllocatorSpec frames{
      spec.host.memory_bytes, spec.host.fragmentation, derive_seed(spec.seed, host_frames),
      spec.stage2_identity ? spec.guest.memory_bytes : 0, spec.host.order};
  host_machine_ = std::make_unique<Host>(physical_, frames);
  MappingPolicy* policy = spec.stage2_identity
                              ? host_machine_->add_identity_policy(spec.host.policy)
                              : host_machine_->add_policy(spec.host.policy);
  if (!policy) pool_does_not_fit("host", spec.host);
  host_ = &host_machine_->add_vm({.page_lg2 = architecture_.stage2_granule_lg2()});
  // Congruent with the intermediate addresses modulo every page size; equal where the policy makes
  // the process's addresses frames.
  const Hva ram{spec.stage2_identity ? 0 : one(46)};
  const auto hugetlb_lg2 = spec.host.policy.kind == PolicyKind::hugetlb && !spec.stage2_identity
                               ? spec.host.policy.huge_lg2.front()
                               : std::uint8_t{0};
  const SlotError refused =
      host_->add_ram({{0, Ipa{0}, spec.guest.memory_bytes, ram}, policy, hugetlb_lg2});
  NW_CHECK(refused == SlotError::none, "the guest's memory is refused: {}", name_of(refused));
  UntimedSoftware at_once(physical_);
  HostTableIo io(host_->frames, physical_, at_once, 0);
  host_->tables = architecture_.make_stage2(io);
  host_->table_bytes = io.made_bytes();
  host_faults_ = architecture_.make_host_fault_path(spec.host_costs);
}

void VirtualMachine::make_kernel(const VirtualMachineSpec& spec) {
  kernel_ = std::make_unique<GuestKernel>(
      physical_,
      FrameAllocatorSpec{spec.guest.memory_bytes, spec.guest.fragmentation,
                         derive_seed(spec.seed, guest_frames), 0, spec.guest.order},
      GuestMemory(host_, host_faults_.get()), spec.guest_costs,
      [this](TableIo& io) { return architecture_.make_stage1(io); },
      architecture_.upper_half_in_same_tables());
  if (!kernel_->set_policy(spec.guest.policy)) pool_does_not_fit("guest", spec.guest);
}

void VirtualMachine::watch_tables() {
  watched_ = true;
  if (host_)
    host_->watch = architecture_.watch_stage2(
        host_->tables->root(), [this](std::uint64_t at) { return physical_.read(Pa{at}, 8); });
  if (kernel_)
    kernel_->watch_tables([this](std::uint16_t space, std::uint64_t root) {
      return architecture_.watch_stage1(space, root, [this](std::uint64_t at) {
        Pa pa;
        return kernel_->memory().backing(Ipa{at}, pa) ? physical_.read(pa, 8) : 0;
      });
    });
}

std::vector<TableWatch*> VirtualMachine::watches() const {
  if (!watched_) return {};
  std::vector<TableWatch*> all;
  if (kernel_) all = kernel_->watches();
  if (host_ && host_->watch) all.push_back(host_->watch.get());
  return all;
}

void VirtualMachine::invalidating(const std::vector<Invalidation>& what) {
  for (TableWatch* watch : watches())
    for (const Invalidation& one : what) watch->issued(one);
}

void VirtualMachine::invalidated(const std::vector<Invalidation>& what) {
  for (TableWatch* watch : watches())
    for (const Invalidation& one : what) watch->completed(one);
}

std::vector<std::string> VirtualMachine::table_violations() const {
  std::vector<std::string> all;
  for (const TableWatch* watch : watches())
    all.insert(all.end(), watch->violations().begin(), watch->violations().end());
  return all;
}

std::unique_ptr<TranslationEngine> VirtualMachine::make_engine() const {
  return architecture_.make_engine(host_ ? host_->tables->root() : 0);
}

void VirtualMachine::enter_space(TranslationEngine& engine, std::uint16_t space) {
  if (!kernel_) return;  // stage 1 is off: there are no tables to switch between
  engine.set_space_root(space, kernel_->space(space).tables->root());
  engine.enter_space(space);
}

void VirtualMachine::handle(const Fault& fault, std::uint16_t space, Va va, const Access& access,
                            const TranslationEngine& engine, Software& software) {
  if (fault.cause == FaultCause::not_present) {
    if (fault.stage == 1 && kernel_ && kernel_->handle_fault(space, va, software)) return;
    if (fault.stage == 2 && host_->in_slot(fault.ipa)) {
      host_faults_->handle(fault.ipa, *host_, software);
      return;
    }
  }
  refuse(fault, va, access, engine);
}

void VirtualMachine::refuse(const Fault& fault, Va va, const Access& access,
                            const TranslationEngine& engine) const {
  const std::string reason =
      fault.stage == 2 && fault.cause != FaultCause::conflict && !host_->in_slot(fault.ipa)
          ? fmt::format("guest-physical address {:#x} lies outside the guest's {} bytes of memory",
                        fault.ipa.value, host_->slots.bytes())
          : engine.describe(fault, va, access);
  throw UserErrors(UserError{
      "", 0, "workload", fmt::format("access to {:#x} cannot be served: {}", va.value, reason)});
}

void VirtualMachine::forget(const PlacedPage& page) {
  if (!tracks_touched_) return;
  const std::uint64_t end = page.page.frame + one(page.page.size_lg2);
  if (!host_) return touched_.forget(Pa{page.page.frame}, one(page.page.size_lg2));
  const std::uint64_t smallest = one(host_->tables->leaf_sizes().front());
  for (std::uint64_t at = page.page.frame; at < end;) {
    const auto mapped = host_->mapping(Ipa{at});
    const std::uint64_t next =
        mapped ? align_down(at, mapped->size_lg2) + one(mapped->size_lg2) : at + smallest;
    if (mapped)
      touched_.forget(Pa{mapped->out + Ipa{at}.offset(mapped->size_lg2)}, std::min(next, end) - at);
    at = next;
  }
}

std::uint64_t VirtualMachine::touched_bytes() const {
  return tracks_touched_ ? touched_.bytes() : kernel_->counts().mapped_bytes;
}

bool VirtualMachine::changing(std::uint16_t space, Va va) {
  return kernel_ && kernel_->changing(space, va);
}

std::optional<Pa> VirtualMachine::truth(std::uint16_t space, Va va) {
  Ipa ipa{va.value};
  std::uint8_t size_lg2 = 0;
  if (kernel_ && !kernel_->truth(space, va, ipa, size_lg2)) return std::nullopt;
  if (!host_) return Pa{ipa.value};
  const Grant grant = host_->grant(ipa);
  return grant.kind == Grant::Kind::page ? std::optional(grant.pa) : std::nullopt;
}

}  // namespace nestwalk
