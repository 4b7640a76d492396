// TLBs, walk caches and the stage-2 TLB never give what a walk would not, unless an invalidation is
// architecturally owed (spec 1.9): random edits of both stages, accesses and TLBI on two processors
// against a naive model of all that may be held. Every outcome must be one that the model allows.
#include "property/property.h"
#include "world.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;
using nestwalk::test::property;

namespace {

rc::Gen<Tlbi> any_tlbi() {
  return rc::gen::build<Tlbi>(
      rc::gen::set(&Tlbi::kind, rc::gen::elementOf(all_tlbi_kinds())),
      rc::gen::set(&Tlbi::scope,
                   rc::gen::element(TlbiScope::inner, TlbiScope::local, TlbiScope::outer)),
      rc::gen::set(&Tlbi::nxs), rc::gen::set(&Tlbi::asid, rc::gen::element<std::uint16_t>(7, 8)),
      rc::gen::set(&Tlbi::ttl, rc::gen::oneOf(rc::gen::just(0u), rc::gen::inRange(0u, 16u))),
      rc::gen::set(&Tlbi::tg, rc::gen::inRange(0u, 4u)),
      rc::gen::set(&Tlbi::scale, rc::gen::inRange(0u, 3u)),
      rc::gen::set(&Tlbi::num, rc::gen::inRange(0u, 32u)),
      rc::gen::set(&Tlbi::range_level, rc::gen::inRange(0u, 4u)));
}

rc::Gen<Access> any_access() {
  return rc::gen::map(rc::gen::inRange(0u, 6u), [](unsigned n) {
    return Access{.type = static_cast<AccessType>(n / 2), .user = n % 2 != 0};
  });
}

rc::Gen<Command> any_command() {
  using K = Command::Kind;
  return rc::gen::build<Command>(
      rc::gen::set(&Command::kind, rc::gen::weightedElement<K>({{24, K::access},
                                                                {5, K::tlbi},
                                                                {4, K::map},
                                                                {1, K::unmap},
                                                                {1, K::protect},
                                                                {1, K::replace},
                                                                {4, K::map2},
                                                                {1, K::unmap2},
                                                                {1, K::protect2},
                                                                {1, K::replace2},
                                                                {1, K::move_table}})),
      rc::gen::set(&Command::cpu, rc::gen::inRange(0u, 2u)),
      rc::gen::set(&Command::space, rc::gen::weightedElement<unsigned>(
                                        {{4, 0u}, {3, 1u}, {2, 2u}, {1, 3u}, {1, el2_space}})),
      rc::gen::set(&Command::slot, rc::gen::weightedElement<unsigned>(
                                       {{4, 0u}, {3, 1u}, {2, 2u}, {1, 3u}, {1, 4u}, {1, 5u}})),
      rc::gen::set(&Command::target, rc::gen::inRange(0u, 8u)),
      rc::gen::set(&Command::block, rc::gen::weightedElement<bool>({{3, false}, {1, true}})),
      rc::gen::set(&Command::write, rc::gen::weightedElement<bool>({{3, true}, {1, false}})),
      rc::gen::set(&Command::global), rc::gen::set(&Command::at_el1),
      rc::gen::set(&Command::access, any_access()), rc::gen::set(&Command::tlbi, any_tlbi()));
}

}  // namespace

TEST_CASE("spec 1.9: no outcome but a walk's, or one whose invalidation is still owed") {
  std::uint64_t accesses = 0, choices = 0, faults = 0;
  property("edits, accesses and TLBI on two processors", [&](bool physical, bool stage1_tlb,
                                                             bool broadcast) {
    const Granule granule =
        *rc::gen::elementOf(std::vector<Granule>(std::begin(all_granules), std::end(all_granules)));
    const auto commands =
        *rc::gen::scale(6, rc::gen::container<std::vector<Command>>(any_command()));
    arm64::test::World world(granule, physical, stage1_tlb, broadcast);
    for (const Command& command : commands) {
      const std::string wrong = world.run(command);
      if (!wrong.empty()) {
        RC_LOG() << row(granule).name << ", after" << command << ":\n" << wrong << "\n";
        RC_FAIL("an outcome that nothing explains");
      }
    }
    const std::string wrong = world.settle();
    if (!wrong.empty()) RC_FAIL(wrong);
    accesses += world.accesses;
    choices += world.choices;
    faults += world.faults;
  });
  MESSAGE(accesses, " accesses, ", choices, " with several legal outcomes, ", faults, " faults");
  CHECK(choices > 500);
  CHECK(faults > 500);
}
