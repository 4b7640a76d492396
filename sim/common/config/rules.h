// The checks between keys: geometry that cannot be built, settings that contradict each other.
// Each gets an object all of whose own values are in order.
#pragma once
#include "common/config/value.h"
#include "common/config/where.h"

namespace nestwalk::config {

void rule_array(Value& array, Errors& errors);        // entries, ways
void rule_tlb_array(Value& array, Errors& errors);    // the same, and sizes
void rule_tlb(Value& tlb, Errors& errors);            // arrays, together
void rule_walk_cache(Value& levels, Errors& errors);  // a list
void rule_caches(Value& caches, Errors& errors);
void rule_dram(Value& dram, Errors& errors);
void rule_machine(Value& machine, Errors& errors);
void rule_generator(Value& workload, Errors& errors);  // also each of a list of phases
void rule_trace(Value& trace, Errors& errors);
// The addresses that a program may use: below `limit`, in the bits that translation looks at.
struct ProgramSpace {
  std::uint64_t limit = 0;
  std::uint64_t significant_bits = ~std::uint64_t{0};
};
// All that a workload touches must lie there.
void check_reach(const Value& workload, const ProgramSpace& space, Errors& errors);
void rule_run(Value& run, Errors& errors);  // the whole; also settles what depends on the machine

}  // namespace nestwalk::config
