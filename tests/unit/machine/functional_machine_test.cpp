// The functional machine: every translation is what the tables say, whatever TLBs and caches there
// are.
#include "common/machine/functional_machine.h"

#include <doctest/doctest.h>

#include "common/base/random.h"
#include "common/base/user_error.h"
#include "common/machine/truth_checker.h"
#include "unit/machine/odd_architecture.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

VirtualMachineSpec vm_spec(PolicyKind guest = PolicyKind::base,
                           PolicyKind host = PolicyKind::base) {
  VirtualMachineSpec spec;
  spec.guest = {64 * MiB, {guest}, 0};
  spec.host = {256 * MiB, {host}, 0};
  spec.guest_costs = numbered_costs(guest_steps);
  return spec;
}

MachineSpec small_machine() {
  MachineSpec spec;
  spec.l1d.arrays = {{{12}, {8, 2, Replacement::lru}}, {{21}, {4, 0, Replacement::lru}}};
  spec.l1i.arrays = {{{12}, entries(4)}};
  spec.l2.arrays = {{{12, 21}, {32, 4, Replacement::srrip}}};
  spec.walk_caches.stage1 = spec.walk_caches.stage2 = {{0, entries(4)}, {1, entries(2)}};
  spec.walk_caches.stage2_tlb = entries(8);
  return spec;
}

MemoryAccess random_access(Random& random, std::uint64_t bytes) {
  MemoryAccess access;
  access.va = Va{random.below(bytes)};
  access.kind = static_cast<AccessKind>(random.below(3));
  access.space = static_cast<std::uint16_t>(random.below(2));
  return access;
}

}  // namespace

TEST_CASE(
    "random accesses reach what the tables say: stages, policies, with and without hardware") {
  for (const bool stage1 : {true, false})
    for (const bool stage2 : {true, false})
      for (const PolicyKind guest : {PolicyKind::base, PolicyKind::thp})
        for (const PolicyKind host : {PolicyKind::base, PolicyKind::thp})
          for (const bool caches : {true, false}) {
            if (!stage1 && !stage2) continue;
            const OddArchitecture architecture(stage1, stage2);
            VirtualMachine vm(vm_spec(guest, host), architecture);
            FunctionalMachine machine(caches ? small_machine() : MachineSpec{}, vm);
            TruthChecker checker(vm);
            Random random(1);
            for (int i = 0; i < 2000; ++i) {
              const MemoryAccess access = random_access(random, 8 * MiB);
              checker.translated(0, access.space, access.va, machine.translate(access));
            }
            CHECK(checker.checked() == 2000);
            CHECK(checker.violations().empty());
            CHECK(machine.walks() >= (caches ? 1 : 2000));
            if (caches) CHECK(machine.walks() < 8000);
            if (vm.host()) {
              const HostVm& h = *vm.host();
              CHECK(h.frames.bytes() - h.frames.free_bytes() ==
                    h.counts.mapped_bytes + h.table_bytes);
            }
          }
}

TEST_CASE("the same accesses give the same addresses and the same number of reads") {
  const auto run = [] {
    const OddArchitecture architecture(true, true);
    VirtualMachine vm(vm_spec(PolicyKind::thp), architecture);
    MachineSpec spec = small_machine();
    spec.l2.arrays[0].array.replacement = Replacement::random;
    FunctionalMachine machine(spec, vm);
    Random random(5);
    std::uint64_t sum = 0;
    for (int i = 0; i < 1000; ++i)
      sum = sum * 31 + machine.translate(random_access(random, 32 * MiB)).value;
    return std::pair{sum, machine.reads()};
  };
  CHECK(run() == run());
}

TEST_CASE("cold, all caches off: (g+1)(h+1)-1 reads for a page that is mapped") {
  const OddArchitecture architecture(true, true);
  VirtualMachine vm(vm_spec(), architecture);
  FunctionalMachine machine(MachineSpec{}, vm);
  MemoryAccess access;
  access.va = Va{0x5000};
  machine.translate(access);
  machine.translate(access);  // all flags are set now
  const std::uint64_t before = machine.reads();
  machine.translate(access);
  CHECK(machine.reads() - before == 15);  // three levels over three
}

TEST_CASE("an L1 hit neither walks nor reads; a write to a clean page walks once") {
  const OddArchitecture architecture(true, false);
  VirtualMachine vm(vm_spec(), architecture);
  FunctionalMachine machine(small_machine(), vm);
  MemoryAccess access;
  access.va = Va{0x5000};
  machine.translate(access);
  const std::uint64_t walks = machine.walks();
  machine.translate(access);
  CHECK(machine.walks() == walks);
  UntimedSoftware software(vm.physical());
  GuestTableIo io(vm.kernel()->memory(), vm.kernel()->frames(), vm.physical(), software, 0);
  vm.kernel()->space(0).tables->protect(0x6000, {}, io);
  access.va = Va{0x6000};
  machine.translate(access);
  vm.kernel()->space(0).tables->protect(0x6000, {}, io);  // clean again
  FunctionalMachine other(small_machine(), vm);
  other.translate(access);
  const std::uint64_t before = other.walks();
  access.kind = AccessKind::write;
  other.translate(access);
  CHECK(other.walks() == before + 1);
  other.translate(access);
  CHECK(other.walks() == before + 1);
}

TEST_CASE("an identity second stage: intermediate and physical addresses are equal") {
  const OddArchitecture architecture(true, true);
  VirtualMachineSpec spec = vm_spec();
  spec.stage2_identity = true;
  VirtualMachine vm(spec, architecture);
  FunctionalMachine machine(small_machine(), vm);
  Random random(2);
  for (int i = 0; i < 500; ++i) {
    const MemoryAccess access = random_access(random, 4 * MiB);
    const Pa pa = machine.translate(access);
    Ipa ipa;
    std::uint8_t size = 0;
    REQUIRE(vm.kernel()->truth(access.space, access.va, ipa, size));
    REQUIRE(pa.value == ipa.value);
  }
  CHECK(vm.host()->tables->root() >= 64 * MiB);  // its own tables lie above the guest's memory
}

TEST_CASE("faults that software cannot mend are the user's mistake, with the reason") {
  const auto message = [](bool stage1, std::uint64_t va) -> std::string {
    const OddArchitecture architecture(stage1, true);
    VirtualMachine vm(vm_spec(), architecture);
    FunctionalMachine machine(small_machine(), vm);
    MemoryAccess access;
    access.va = Va{va};
    try {
      machine.translate(access);
    } catch (const UserErrors& error) {
      return error.what();
    }
    return "";
  };
  CHECK(message(true, one(40)).find("odd fault in stage 1") != std::string::npos);
  CHECK(message(false, 65 * MiB).find("outside the guest's 67108864 bytes") != std::string::npos);
}

TEST_CASE("a pool that does not fit names its side") {
  const OddArchitecture architecture(true, true);
  VirtualMachineSpec spec = vm_spec();
  spec.host.policy = {PolicyKind::hugetlb, 12, {21}, 512 * MiB};
  CHECK_THROWS_AS(VirtualMachine(spec, architecture), UserErrors);
  spec = vm_spec();
  spec.guest.policy = {PolicyKind::hugetlb, 12, {21}, 32 * MiB};
  spec.guest.fragmentation = 0.6;
  try {
    VirtualMachine vm(spec, architecture);
    FAIL("the guest's pool fits");
  } catch (const UserErrors& error) {
    CHECK(error.all().front().key == "guest.policy");
    CHECK(error.all().front().message.find("16 pages of 2^21") != std::string::npos);
  }
}

TEST_CASE("touched pages: counted by 4 KiB where larger ones may be mapped") {
  const OddArchitecture architecture(true, false);
  VirtualMachine huge(vm_spec(PolicyKind::thp), architecture);
  for (const std::uint64_t va : {0x1000, 0x1fff, 0x2000, 0x80'0000}) huge.touch(Pa{va});
  huge.touch(Pa{0x9000'0000});
  huge.touch(Pa{0x1000});
  CHECK(huge.touched_bytes() == 4 * 4 * KiB);

  VirtualMachine base(vm_spec(), architecture);
  UntimedSoftware software(base.physical());
  base.kernel()->handle_fault(0, Va{0x1000}, software);
  CHECK(base.touched_bytes() == 4 * KiB);
}

TEST_CASE("the truth checker tells a wrong address, a stale one, and a legally stale one") {
  const OddArchitecture architecture(true, false);
  VirtualMachine vm(vm_spec(), architecture);
  vm.kernel()->remember_pages();
  UntimedSoftware software(vm.physical());
  vm.kernel()->handle_fault(0, Va{0x1000}, software);
  const Pa pa = *vm.truth(0, Va{0x1234});
  TruthChecker checker(vm);
  checker.translated(0, 0, Va{0x1234}, pa);
  CHECK(checker.violations().empty());
  checker.translated(3, 0, Va{0x1234}, pa + 0x1000);
  REQUIRE(checker.violations().size() == 1);
  CHECK(checker.violations()[0].find("vCPU 3") != std::string::npos);
  Random random(1);
  const auto page = vm.kernel()->unmap_one(0, random, software);
  checker.translated(0, 0, Va{0x1234}, pa);
  CHECK(checker.legally_stale() == 1);
  CHECK(checker.violations().size() == 1);
  vm.kernel()->release(*page);
  checker.translated(0, 0, Va{0x1234}, pa);
  CHECK(checker.violations().size() == 2);
  CHECK(checker.checked() == 4);
}
