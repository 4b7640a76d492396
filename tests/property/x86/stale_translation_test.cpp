// A processor never gives a translation that memory does not, unless the invalidation that would
// have removed it is owed. Random edits, operations and accesses in the small
// world of stale_world.h, judged by the naive model of stale_model.h.
#include <vector>

#include "property/property.h"
#include "property/x86/stale_world.h"

namespace nestwalk::x86::test {

void showValue(const Step& step, std::ostream& out) {
  // What a step means is told by the log, which knows the machine.
  out << "{" << static_cast<unsigned>(step.action) << " " << step.where << " " << step.which << " "
      << step.what << "}";
}

namespace {

rc::Gen<Operation::Kind> kind(Machine machine) {
  return rc::gen::map(rc::gen::inRange(0u, Operation::kinds), [machine](unsigned i) {
    using enum Operation::Kind;
    const auto drawn = static_cast<Operation::Kind>(i);
    if (machine == Machine::amd) return drawn;
    return drawn >= invlpga ? static_cast<Operation::Kind>(i % 4) : drawn;
  });
}

rc::Gen<Step> step(Machine machine) {
  using enum Step::Action;
  const auto operation = rc::gen::build<Operation>(
      rc::gen::set(&Operation::kind, kind(machine)),
      rc::gen::set(&Operation::pcid, rc::gen::inRange<std::uint16_t>(0, spaces)),
      rc::gen::set(&Operation::vm, rc::gen::inRange<std::uint16_t>(1, 3)),
      rc::gen::set(&Operation::root, rc::gen::inRange<std::uint16_t>(1, host_roots + 1)));
  const auto often = rc::gen::map(rc::gen::inRange(0, 8), [](int i) { return i != 0; });
  return rc::gen::build<Step>(
      rc::gen::set(&Step::action, rc::gen::weightedElement<Step::Action>({{10, access},
                                                                          {3, edit_pte},
                                                                          {2, edit_pde},
                                                                          {2, edit_backing},
                                                                          {1, edit_host_table},
                                                                          {5, instruction},
                                                                          {2, run_guest}})),
      rc::gen::set(&Step::where, rc::gen::inRange(0u, 16u)),
      rc::gen::set(&Step::which, rc::gen::inRange(0u, 16u)),
      rc::gen::set(&Step::what, rc::gen::inRange(0u, 16u)), rc::gen::set(&Step::write, often),
      rc::gen::set(&Step::user, often), rc::gen::set(&Step::global, rc::gen::arbitrary<bool>()),
      rc::gen::set(&Step::operation, operation));
}

void check(Machine machine, bool walk_caches) {
  StaleWorld::Counts seen;
  nestwalk::test::property("random steps", [&] {
    const auto steps = *rc::gen::scale(4.0, rc::gen::container<std::vector<Step>>(step(machine)));
    StaleWorld world(machine, walk_caches);
    for (const Step& one : steps) {
      RC_LOG() << world.text(one) << "\n";
      world.take(one);
      if (!world.mistake().empty()) RC_FAIL(world.mistake());
    }
    const StaleWorld::Counts& counts = world.counts();
    seen.accesses += counts.accesses;
    seen.served_by_tlb += counts.served_by_tlb;
    seen.stale += counts.stale;
    seen.forced += counts.forced;
  });
  MESSAGE(seen.accesses, " accesses: ", seen.served_by_tlb, " served by the TLB, ", seen.stale,
          " stale, ", seen.forced, " with one legal outcome");
  // The caches were there and kept what they may; the model left no choice often enough.
  CHECK(seen.served_by_tlb > seen.accesses / 20);
  CHECK(seen.stale > seen.accesses / 100);
  CHECK(seen.forced > seen.accesses / 4);
}

}  // namespace

TEST_CASE("A-63 to A-92: no translation outlives the invalidation that it is due, Intel") {
  check(Machine::intel, true);
}
TEST_CASE("A-63 to A-92: the same without walk caches") { check(Machine::intel, false); }
TEST_CASE("A-93 A-94: no translation outlives the invalidation that it is due, AMD") {
  check(Machine::amd, true);
}

}  // namespace nestwalk::x86::test
