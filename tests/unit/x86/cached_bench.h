// A bench with a TLB, walk caches and a stage-2 TLB before it: stale translations can be seen, and
// what invalidations do to them. Faults drop what they must.
#pragma once
#include <initializer_list>

#include "bench.h"
#include "common/tlb/tlb.h"
#include "x86/implicit_invalidation.h"
#include "x86/tlb_instructions.h"

namespace nestwalk::x86::test {

struct CachedBench : Bench {
  explicit CachedBench(const BenchSpec& bench_spec = {});

  // The access through the TLB; a walk fills it. reads() is 0 if the TLB served it.
  std::string access(const Access& what, Va at);
  std::string load(Va at) { return access({AccessType::read, true}, at); }
  std::string store(Va at) { return access({AccessType::write, true}, at); }
  bool cached(Va at);  // would the TLB serve a read?

  void apply(const std::vector<Invalidation>& list);
  // Executes an instruction; it must not be refused.
  void execute(const TlbInstruction& instruction);
  void invlpg(Va at) { execute(x86::invlpg(at, registers, vm, spec.cpu)); }
  void move_to_cr3(std::uint64_t value);
  void move_to_cr4(std::uint64_t value);
  void use_pcids() { registers.cr4 |= one(cr4_pcide); }

  // The page i pages after va's: its PTE, made to map the i-th page after data_page.
  Va page(unsigned i) const { return Va{va.aligned(12).value + 0x1000 * std::uint64_t{i}}; }
  std::uint64_t pte_at(unsigned i) const { return entry_at(0) + 8 * std::uint64_t{i}; }
  void map_page(unsigned i, std::uint64_t flags = baseline_leaf);
  void set_pte(unsigned i, std::uint64_t word) { memory.write(Pa{pte_at(i)}, 8, word); }

  // Another EPT that maps the same; returns its pointer.
  std::uint64_t second_eptp();

  Tlb tlb;
};

}  // namespace nestwalk::x86::test
