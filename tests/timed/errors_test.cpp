// A user's mistake met inside a SystemC thread comes out of TimedMachine::run as UserErrors,
// whatever else is under way. And the identity second stage.
#include <doctest/doctest.h>

#include "architectures.h"
#include "child.h"
#include "common/base/user_error.h"
#include "random_run.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;
using enum PagingKind;

namespace {

constexpr std::uint64_t not_canonical = 0x8000'0000'0000;

// Gives accesses for a while, then finds its input at fault, as a trace reader does.
class BrokenSource final : public AccessSource {
 public:
  std::size_t next(std::span<MemoryAccess> out) override {
    if (given_++ == 2) throw UserErrors(UserError{"trace", 7, "", "a broken line"});
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = read_of(0x400000 + i % 16 * 4096);
    return out.size();
  }

 private:
  unsigned given_ = 0;
};

// The text of the errors that the run throws; "no error" if it does not.
std::string error_of(RandomRun run, Sync sync, const VirtualMachineSpec& vm,
                     const std::vector<MemoryAccess>& first, bool broken_source = false) {
  return in_child([&]() -> std::string {
    const auto arch = run.on.make();
    Rig rig(scarce_machine(run), vm, *arch);
    if (broken_source)
      rig.sources.push_back(std::make_unique<BrokenSource>());
    else
      rig.add(first);
    run.vcpus -= 1;
    fill(rig, run, *arch);
    try {
      rig.run(sync, run.unmaps);
    } catch (const UserErrors& errors) {
      return errors.all().front().text();
    }
    return "no error";
  });
}

void check_error(const std::string& wanted, const VirtualMachineSpec& vm,
                 const std::vector<MemoryAccess>& first, bool broken_source = false) {
  for (const Sync sync : {Sync::lazy, Sync::strict})
    for (const unsigned vcpus : {1u, 4u})
      for (const std::uint32_t outstanding : {1u, 4u}) {
        RandomRun run;
        run.vcpus = vcpus;
        run.max_outstanding = outstanding;
        run.unmaps = {20, UnmapInvalidation::all};
        CAPTURE(vcpus);
        CAPTURE(outstanding);
        const std::string said = error_of(run, sync, vm, first, broken_source);
        CHECK_MESSAGE(said.find(wanted) != std::string::npos, said);
      }
}

}  // namespace

TEST_CASE("an access that is not canonical ends the run with a UserError") {
  std::vector<MemoryAccess> list = random_accesses(RandomRun{}, 9, true);
  list[200] = read_of(not_canonical);
  check_error("access to 0x800000000000 cannot be served", random_vm(RandomRun{}), list);
}

TEST_CASE("guest memory that runs out ends the run with a UserError") {
  std::vector<MemoryAccess> list;
  for (std::uint64_t i = 0; i < 1000; ++i) list.push_back(read_of(0x10000000 + i * 4096));
  VirtualMachineSpec vm = random_vm(RandomRun{});
  vm.guest.memory_bytes = 2 * MiB;
  vm.guest.fragmentation = 0;
  check_error("guest memory ran out", vm, list);
}

TEST_CASE("host memory that runs out ends the run with a UserError") {
  std::vector<MemoryAccess> list;
  for (std::uint64_t i = 0; i < 1000; ++i) list.push_back(read_of(0x10000000 + i * 4096));
  VirtualMachineSpec vm = random_vm(RandomRun{});
  vm.host.memory_bytes = 1 * MiB;
  check_error("host memory ran out", vm, list);
}

TEST_CASE("an error of the source ends the run with its UserError") {
  check_error("trace:7: a broken line", random_vm(RandomRun{}), {}, true);
}

TEST_CASE("without stage 1 an address beyond the guest's memory is the user's mistake") {
  const auto arch = make_x86(off, Paging::ept);
  Rig rig(bare_machine(), small_vm(), *arch);
  rig.add({read_of(0x1000), read_of(64 * MiB)});
  try {
    rig.run();
    FAIL("no error");
  } catch (const UserErrors& errors) {
    CHECK(std::string(errors.what()).find("outside the guest's 67108864 bytes") !=
          std::string::npos);
  }
  CHECK(rig.seen.accesses.size() == 1);
}

TEST_CASE("identity stage 2: physical is intermediate address and is walked for all the same") {
  for (const PolicyKind kind : {PolicyKind::base, PolicyKind::thp})
    CHECK(in_child([&]() -> std::string {
            VirtualMachineSpec vm = small_vm();
            vm.stage2_identity = true;
            vm.host.policy = huge_pages(kind, 21);
            vm.guest.policy = huge_pages(kind, 21);
            const auto arch = make_x86(four_level, Paging::ept);
            Rig rig(bare_machine(), vm, *arch);
            Ipa ipa;
            std::uint8_t size_lg2 = 0;
            rig.add({read_of(0x10000000), read_of(0x10000000)});
            rig.run();
            if (!rig.vm.kernel()->truth(0, Va{0x10000123}, ipa, size_lg2)) return "not mapped";
            if (rig.vm.host()->mapping(ipa)->out +
                    ipa.offset(rig.vm.host()->mapping(ipa)->size_lg2) !=
                ipa.value)
              return "not equal";
            if (rig.vm.truth(0, Va{0x10000123})->value != ipa.value) return "not true";
            return std::to_string(rig.seen.accesses.at(1).entry_reads);
          }) == (kind == PolicyKind::base ? "24" : "15"));
}

TEST_CASE("identity stage 2: every access of a random run reaches its intermediate address") {
  struct IdentityChecker final : TranslationListener {
    VirtualMachine* vm = nullptr;
    std::size_t equal = 0, told = 0;
    void translated(unsigned, std::uint16_t space, Va va, Pa pa) override {
      Ipa ipa;
      std::uint8_t size_lg2 = 0;
      ++told;
      equal += vm->kernel()->truth(space, va, ipa, size_lg2) && ipa.value == pa.value;
    }
  } checker;
  RandomRun run;
  run.vcpus = 2;
  run.max_outstanding = 4;
  VirtualMachineSpec vm = random_vm(run);
  vm.stage2_identity = true;
  const auto arch = run.on.make();
  Rig rig(scarce_machine(run), vm, *arch);
  checker.vm = &rig.vm;
  fill(rig, run, *arch);
  rig.run(Sync::lazy, {}, &checker);
  CHECK(checker.told >= 600);  // those that a fault has undone are translated again
  CHECK(checker.equal == checker.told);
}
