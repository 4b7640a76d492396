#include "cached_bench.h"

#include "x86/build.h"

namespace nestwalk::x86::test {
namespace {

constexpr unsigned pages = 8;  // that map_page may use

WalkCachesSpec all_caches() {
  WalkCachesSpec spec;
  spec.stage1 = {{0, {16, 0}}, {1, {16, 0}}, {2, {16, 0}}, {3, {16, 0}}};
  spec.stage2 = spec.stage1;
  spec.stage2_tlb = {64, 0};
  return spec;
}

}  // namespace

CachedBench::CachedBench(const BenchSpec& bench_spec)
    : Bench(bench_spec, all_caches()), tlb({{{12, 21, 30}, {64, 0}}}, 1) {
  if (spec.host != Paging::none)
    for (std::uint64_t i = 1; i < pages; ++i) map_host(spec.data + 0x1000 * i, 12);
}

void CachedBench::map_page(unsigned i, std::uint64_t flags) {
  set_pte(i, (spec.data + 0x1000 * std::uint64_t{i}) | flags);
}

std::string CachedBench::access(const Access& what, Va at) {
  engine.set(registers, vm);
  const Tlb::Hit hit = tlb.lookup(at, engine.tag());
  if (hit && engine.serves(hit.entry->attributes, what)) {
    port.reset();
    reply = {};
    reply.pa = hit.entry->translate(at);
    return "ok";
  }
  if (hit) tlb.drop(at, engine.tag());
  const std::string outcome = run(what, at);
  if (!reply.fault)
    tlb.fill(reply.entry, at);
  else if (reply.fault.stage == 1)
    apply(page_fault_invalidation(at, engine.tag()));
  else if (vm.paging == Paging::ept)
    apply(ept_violation_invalidation(reply.fault.ipa, at, engine.tag()));
  return outcome;
}

bool CachedBench::cached(Va at) {
  engine.set(registers, vm);
  return static_cast<bool>(tlb.lookup(at, engine.tag()));
}

void CachedBench::apply(const std::vector<Invalidation>& list) {
  for (const Invalidation& what : list) {
    tlb.invalidate(what);
    caches.invalidate(what);
  }
}

void CachedBench::execute(const TlbInstruction& instruction) {
  REQUIRE(instruction.result == TlbInstruction::Result::done);
  apply(instruction.invalidations);
}

void CachedBench::move_to_cr3(std::uint64_t value) {
  engine.set(registers, vm);
  const LoadOutcome load = engine.move_to_cr3(value, caches, port);
  REQUIRE_FALSE(load.general_protection);
  registers = engine.registers();
  apply(load.invalidations);
}

void CachedBench::move_to_cr4(std::uint64_t value) {
  engine.set(registers, vm);
  const LoadOutcome load = engine.move_to_cr4(value, caches, port);
  REQUIRE_FALSE(load.general_protection);
  registers = engine.registers();
  apply(load.invalidations);
}

std::uint64_t CachedBench::second_eptp() {
  TestTableIo io(memory, 0xc0000000);
  const std::unique_ptr<PageTables> tables = build_host_tables(engine, io);
  for (std::uint64_t table = guest_root; table < guest_root + 0x6000; table += 0x1000)
    tables->map(table, table, 12, {}, io);
  for (std::uint64_t i = 0; i < pages; ++i)
    tables->map(spec.data + 0x1000 * i, spec.data + 0x1000 * i, 12, {}, io);
  return make_eptp(tables->root(), 4, spec.ept_accessed_dirty).raw;
}

}  // namespace nestwalk::x86::test
