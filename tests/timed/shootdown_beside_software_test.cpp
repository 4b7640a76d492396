// A shootdown and the software of other vCPUs. Arm's broadcast is obeyed by hardware, whatever
// software runs there. x86's IPI is taken in the middle of a guest's handler; a vCPU outside guest
// mode takes it when it enters the guest again.
#include <doctest/doctest.h>

#include <fmt/format.h>

#include <algorithm>

#include "architectures.h"
#include "child.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr Cycles handler = 1'000'000, receive = 700;
constexpr std::uint64_t page = 0x10000000, other_page = 0x20000000;

struct Outcome {
  Cycles shootdown = 0;     // its latency
  Cycles fault = 0;         // the slow handler's cycles, without what was stolen
  Cycles invalidation = 0;  // what messages took of the access that faulted
};

// After warm-up, which ends on both in one cycle, vCPU 0 faults soon, one step of the handler takes
// a million cycles, and vCPU 1 unmaps 16 thousand cycles later.
Outcome outcome(const std::function<std::unique_ptr<Architecture>()>& make, const char* slow_step,
                bool host) {
  const std::string text = in_child([&] {
    struct WarmUp final : RunControl {
      std::uint64_t warmup_accesses() const override { return 2; }
    } control;
    const auto arch = make();
    VirtualMachineSpec vm_spec = small_vm();
    (host ? vm_spec.host_costs : vm_spec.guest_costs).steps.at(slow_step).cycles = handler;
    VirtualMachine vm(vm_spec, *arch);
    MachineSpec spec = bare_machine();
    spec.vcpus = 2;
    spec.max_outstanding = 4;
    spec.shootdown_delivery_cycles = 50;
    spec.shootdown_receive_cycles = receive;
    spec.l1d = tlb_of(4, 1);
    constexpr unsigned interval = 16384;  // cycles, as they hit: longer than a cold walk
    std::vector<MemoryAccess> unmapping(interval + 1, read_of(page));
    std::vector<std::unique_ptr<AccessSource>> sources;
    sources.push_back(std::make_unique<ListSource>(
        std::vector{read_of(other_page), read_of(other_page), read_of(other_page + 4096)}));
    sources.push_back(std::make_unique<ListSource>(unmapping));
    Recorder seen;
    TimedMachine machine("machine", spec, {interval, UnmapInvalidation::address}, Sync::lazy, vm,
                         sources, seen, control, nullptr);
    machine.run();
    const AccessDone& faulted =
        *std::find_if(seen.accesses.begin(), seen.accesses.end(),
                      [](const AccessDone& one) { return one.va.value == other_page + 4096; });
    return fmt::format("{} {} {}", seen.shootdowns.at(0).latency_cycles,
                       span_of(faulted, Span::guest_fault) + span_of(faulted, Span::host_fault),
                       span_of(faulted, Span::invalidation));
  });
  Outcome out;
  std::sscanf(text.c_str(), "%lu %lu %lu", &out.shootdown, &out.fault, &out.invalidation);
  return out;
}

}  // namespace

TEST_CASE("an Arm broadcast does not wait for another vCPU's software") {
  const auto two_stages = [] { return make_arm64(true, 40); };
  for (const bool host : {false, true}) {
    const Outcome out = outcome(two_stages, host ? "save_context" : "find_vma", host);
    CHECK(out.shootdown > 0);
    CHECK(out.shootdown < 5000);
    CHECK(out.fault >= handler);
  }
}

TEST_CASE("an x86 IPI is taken in the middle of the guest's handler, which it lengthens") {
  for (const Paging paging : {Paging::none, Paging::ept}) {
    const auto make = [paging] { return make_x86(PagingKind::four_level, paging); };
    const Outcome out = outcome(make, "find_vma", false);
    CHECK(out.shootdown > receive);
    CHECK(out.shootdown < 5000);
    CHECK(out.fault >= handler);
    CHECK(out.invalidation == receive);
  }
}

TEST_CASE("an x86 IPI waits until a vCPU outside guest mode enters the guest again") {
  const auto make = [] { return make_x86(PagingKind::four_level, Paging::npt); };
  const Outcome out = outcome(make, "dispatch", true);
  CHECK(out.shootdown > handler - 20'000);
  CHECK(out.shootdown < handler + 10'000);
  CHECK(out.fault >= handler);
  CHECK(out.invalidation == receive);
}
