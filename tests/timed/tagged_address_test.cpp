// Addresses with a tag in their top byte (Arm TBI): one page, one TLB entry, whatever the tag.
#include <doctest/doctest.h>

#include "architectures.h"
#include "child.h"
#include "common/base/user_error.h"
#include "common/machine/truth_checker.h"
#include "support.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr std::uint64_t page = 0x40000000;
constexpr std::uint64_t tagged(std::uint64_t tag, std::uint64_t va) { return tag << 56 | va; }

arm64::TranslationSpec with_tbi(bool ignored) {
  arm64::TranslationSpec spec;
  spec.stage1->top_byte_ignored = ignored;
  return spec;
}
MemoryAccess fetch_of(std::uint64_t va) {
  MemoryAccess access = read_of(va);
  access.kind = AccessKind::fetch;
  return access;
}

}  // namespace

TEST_CASE("tagged addresses hit the TLB entry of their page") {
  const auto arch = make_arm64(with_tbi(true));
  MachineSpec machine = bare_machine();
  machine.l1d = machine.l1i = tlb_of(8, 1);
  Rig rig(machine, small_vm(), *arch);
  rig.add({read_of(page), read_of(tagged(0xab, page + 8)), read_of(tagged(0x01, page + 16)),
           read_of(tagged(0xcd, page + 4096)), read_of(page + 4096 + 8),
           fetch_of(tagged(0x77, page)), fetch_of(page)});
  TruthChecker checker(rig.vm);
  rig.run(Sync::lazy, {}, &checker);
  CHECK(checker.violations().empty());
  CHECK(checker.checked() == 7);
  REQUIRE(rig.seen.accesses.size() == 7);
  unsigned walked = 0;
  for (const AccessDone& done : rig.seen.accesses) {
    CHECK((done.va.value >> 56) == 0);
    walked += done.walks != 0;
  }
  CHECK(walked == 3);  // the two pages for data, the first for fetches
  CHECK(rig.vm.touched_bytes() == 2 * 4096);
}

TEST_CASE("tagged addresses merge with a walk under way to their page") {
  const auto arch = make_arm64(with_tbi(true));
  MachineSpec machine = bare_machine();
  machine.l1d = tlb_of(8, 1);
  machine.max_outstanding = 2;
  Rig rig(machine, small_vm(), *arch);
  rig.add({read_of(page), read_of(tagged(5, page + 64))});
  rig.run();
  REQUIRE(rig.seen.accesses.size() == 2);
  // Only one of the two has walked.
  CHECK(std::min(rig.seen.accesses[0].walks, rig.seen.accesses[1].walks) == 0);
}

TEST_CASE("the functional machine gives tagged and plain addresses one physical address") {
  const auto arch = make_arm64(with_tbi(true));
  MachineSpec machine = bare_machine();
  machine.l1d = tlb_of(8, 1);
  VirtualMachine vm(small_vm(), *arch);
  FunctionalMachine functional(machine, vm);
  const Pa pa = functional.translate(read_of(tagged(0x12, page + 8)));
  const std::uint64_t walks = functional.walks();
  CHECK(functional.translate(read_of(page + 8)) == pa);
  CHECK(functional.translate(read_of(tagged(0xff, page + 8))) == pa);
  CHECK(functional.walks() == walks);
}

TEST_CASE("without TBI a tag makes an address that no table maps") {
  const auto arch = make_arm64(with_tbi(false));
  CHECK(in_child([&]() -> std::string {
          Rig rig(bare_machine(), small_vm(), *arch);
          rig.add({read_of(tagged(0x12, page))});
          try {
            rig.run();
          } catch (const UserErrors& errors) {
            return errors.what();
          }
          return "served";
        }).find("Translation fault, level 0") != std::string::npos);
}
