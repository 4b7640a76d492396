#include "common/machine/virtual_machine.h"

#include <fmt/format.h>

#include "common/base/bits.h"
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
  const FrameAllocatorSpec frames{spec.host.memory_bytes, spec.host.fragmentation,
                                  derive_seed(spec.seed, host_frames),
                                  spec.stage2_identity ? spec.guest.memory_bytes : 0};
  host_ = std::make_unique<HostVm>(physical_, frames, spec.guest.memory_bytes);
  host_->policy = spec.stage2_identity ? make_identity_policy(spec.host.policy)
                                       : make_policy(spec.host.policy, host_->frames);
  if (!host_->policy) pool_does_not_fit("host", spec.host);
  host_->placer = std::make_unique<PagePlacer>(
      *host_->policy, host_->frames,
      [&host = *host_](unsigned lg2) { return mapped_at_once_lg2(*host.tables, lg2); });
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
                         derive_seed(spec.seed, guest_frames)},
      GuestMemory(host_.get(), host_faults_.get()), spec.guest_costs,
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
                        fault.ipa.value, host_->slot_bytes)
          : engine.describe(fault, va, access);
  throw UserErrors(UserError{
      "", 0, "workload", fmt::format("access to {:#x} cannot be served: {}", va.value, reason)});
}

std::uint64_t VirtualMachine::touched_bytes() const {
  return tracks_touched_ ? touched_.bytes() : kernel_->counts().mapped_bytes;
}

bool VirtualMachine::changing(std::uint16_t space, Va va) {
  if (kernel_ && kernel_->changing(space, va)) return true;
  Ipa ipa{va.value};
  std::uint8_t size_lg2 = 0;
  if (kernel_ && !kernel_->truth(space, va, ipa, size_lg2)) return false;
  return host_ && host_->placer->pending(ipa.value);
}

std::optional<Pa> VirtualMachine::truth(std::uint16_t space, Va va) {
  Ipa ipa{va.value};
  std::uint8_t size_lg2 = 0;
  if (kernel_ && !kernel_->truth(space, va, ipa, size_lg2)) return std::nullopt;
  Pa pa{ipa.value};
  if (host_ && !host_->backing(ipa, pa)) return std::nullopt;
  return pa;
}

}  // namespace nestwalk
