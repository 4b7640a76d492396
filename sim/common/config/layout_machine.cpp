// The keys of `machine`: vCPUs, TLBs, walk caches, walkers, caches, memory. Hardware has no
// defaults here, so that no figure goes without a source: a preset gives them, or the user does.
#include "common/config/choices.h"
#include "common/config/layout.h"
#include "common/config/rules.h"
#include "common/tlb/replacement.h"

namespace nestwalk::config {
namespace {

Spec latency(std::string name, std::string doc) {
  return whole(std::move(name), std::move(doc), 0, 1'000'000);
}

Spec nanoseconds(std::string name, std::string doc) {
  return real(std::move(name), std::move(doc), 0, 1'000'000);
}

Spec replacement() {
  return choice("replacement", "Which entry of a full set makes room.",
                {{"lru", "the least recently used", Replacement::lru},
                 {"tree_plru", "the pseudo-least recently used of a binary tree",
                  Replacement::tree_plru},
                 {"random", "any, from the run's seed", Replacement::random},
                 {"srrip", "re-reference interval prediction, 2 bits", Replacement::srrip}})
      .or_default("lru");
}

Spec entries(std::string doc, std::uint64_t min) {
  return whole("entries", std::move(doc), min, 1 << 20);
}
Spec ways() {
  return whole("ways", "Entries in a set; 0: fully associative. Divides entries, sets 2^n.", 0,
               65535);
}

Spec tlb(std::string name, std::string doc) {
  Spec size = choice("", "A page size.",
                     {{"4K"}, {"16K"}, {"64K"}, {"2M"}, {"4M"}, {"32M"}, {"512M"}, {"1G"}});
  Spec array = object("", "One array.",
                      {list("sizes", "Page sizes that the array holds.", std::move(size), 1, 8),
                       entries("Number of entries.", 1), ways(), replacement()})
                   .with_rule(rule_tlb_array);
  return object(std::move(name), std::move(doc),
                {list("arrays", "Arrays looked up together; none: no such TLB.", std::move(array),
                      0, 8),
                 latency("latency_cycles",
                         "Cycles of a look-up; of the second level, after the first."),
                 latency("extra_size_cycles",
                         "Further cycles for each page size tried after the first.")
                     .or_default("0")})
      .with_rule(rule_tlb);
}

Spec walk_cache(std::string name, std::string doc) {
  Spec level =
      object("", "The array for tables of one height.",
             {whole("height", "Height of the tables it gives; 0: last-level tables.", 0, 4),
              entries("Number of entries.", 1), ways(), replacement()})
          .with_rule(rule_array);
  return list(std::move(name), std::move(doc), std::move(level), 0, 5).with_rule(rule_walk_cache);
}

Spec cache(std::string name, std::string doc) {
  return object(
      std::move(name), std::move(doc),
      {bytes("size", "Bytes; 0: no such cache.", 0, std::uint64_t{1} << 32),
       whole("ways", "Lines in a set.", 1, 1024),
       latency("latency_cycles", "Cycles from the request to the data on a hit, this cache alone."),
       whole("mshrs", "Misses to different lines in flight.", 1, 1024),
       whole("ports", "Accesses that may begin in one cycle.", 1, 64).or_default("1"),
       choice("set_index", "Bits of a line's address that choose its set.",
              {{"plain", "the lowest"},
               {"hashed", "all: lines at one place of many pages do not share sets"}})
           .or_default("plain"),
       replacement()});
}

Spec l1d_cache() {
  Spec spec = cache("l1d", "First-level data cache, one per vCPU.");
  spec.parts.push_back(choice(
      "indexed_by", "Address that chooses the set.",
      {{"virtual", "read while the L1 TLB translates: a hit of both takes the longer (VIPT)"},
       {"physical", "read after the L1 TLB: a hit of both takes the sum (PIPT)"}}));
  return spec;
}

Spec caches() {
  return object("caches", "Data caches; table entries are read through them.",
                {whole("line_bytes", "Bytes of a line, a power of two.", 16, 1024).or_default("64"),
                 l1d_cache(), cache("l2", "Second-level cache, one per vCPU."),
                 cache("llc", "Last-level cache, shared by all vCPUs.")})
      .with_rule(rule_caches);
}

Spec dram() {
  return object("dram", "Memory behind the last-level cache.",
                {whole("channels", "Data buses; a DDR5 channel has two (sub-channels).", 1, 64),
                 whole("bus_bytes", "Width of one data bus, without ECC.", 1, 64),
                 whole("rate_mts", "Million transfers per second on a data bus.", 1, 100'000),
                 whole("ranks", "Ranks of a channel, a power of two.", 1, 64),
                 whole("banks", "Banks of a rank, a power of two.", 1, 4096),
                 bytes("row_bytes", "Bytes of a row, over all devices of a rank; a power of two.",
                       64, 1 << 20),
                 nanoseconds("fixed_ns", "Controller and interconnect, both ways; pipelined."),
                 nanoseconds("trcd_ns", "tRCD: from activating a row to its column command."),
                 nanoseconds("tcl_ns", "tAA or CL: from the column command to the data."),
                 nanoseconds("trp_ns", "tRP: from precharging to activating another row."),
                 nanoseconds("tras_ns", "tRAS: from activating to precharging, at the least."),
                 nanoseconds("trefi_ns", "tREFI: between refreshes of a rank; 0: no refresh."),
                 nanoseconds("trfc_ns", "tRFC: how long a refresh takes a whole rank.")})
      .with_rule(rule_dram);
}

}  // namespace

std::vector<Spec> machine_keys() {
  std::vector<Spec> keys;
  keys.push_back(choice("isa", "Instruction set, and with it the table formats.",
                        {{"x86", "", Isa::x86}, {"arm64", "", Isa::arm64}}));
  keys.push_back(choice("vendor", "Maker; decides the second-stage format if it is left to `auto`.",
                        {{"intel", "", Vendor::intel},
                         {"amd", "", Vendor::amd},
                         {"arm", "", Vendor::arm},
                         {"other", "", Vendor::other}})
                     .or_default("other"));
  keys.push_back(whole("vcpus", "Number of vCPUs.", 1, 64).or_default("1"));
  keys.push_back(
      whole("frequency_mhz", "Clock of the cores in MHz; turns cycles into time.", 1, 100'000));
  keys.push_back(
      whole("issue_interval_cycles", "Cycles between two accesses of a vCPU.", 1, 1'000'000)
          .or_default("1"));
  keys.push_back(
      whole("max_outstanding", "Accesses of a vCPU in flight beyond first-level hits.", 1, 64));
  keys.push_back(object("tlbs", "Translation lookaside buffers of each vCPU.",
                        {tlb("l1d", "First level, data."), tlb("l1i", "First level, instructions."),
                         tlb("l2", "Second level, both.")}));
  Spec holds =
      choice("stage1_holds", "What a first-stage entry knows of its table.",
             {{"physical", "its physical address: spares the second stage too"},
              {"intermediate", "its intermediate address: the second stage still translates it"}});
  keys.push_back(object("walk_caches", "Page-walk caches of each vCPU.",
                        {latency("latency_cycles", "Cycles of a look-up."),
                         walk_cache("stage1", "First-stage tables by height; none: no cache."),
                         walk_cache("stage2", "Second-stage tables by height; none: no cache."),
                         std::move(holds).or_default("physical")}));
  keys.push_back(object("stage2_tlb",
                        "Second-stage translations on their own, intermediate to physical.",
                        {entries("Number of entries; 0: none.", 0), ways(), replacement(),
                         latency("latency_cycles", "Cycles of a look-up.")})
                     .with_rule(rule_array));
  keys.push_back(
      object("stage1_tlb",
             "First-stage translations on their own, virtual to intermediate, of all "
             "page sizes; looked up before a walk (arm64, two stages).",
             {entries("Number of entries; 0: none.", 0).or_default("0"), ways().or_default("0"),
              replacement(), latency("latency_cycles", "Cycles of a look-up.").or_default("1")})
          .or_default("{}")
          .with_rule(rule_array));
  keys.push_back(object("walkers", "Page-table walkers of each vCPU.",
                        {whole("count", "Walks at the same time; further ones queue.", 1, 32),
                         choice("start_level", "The cache that a walker's reads enter first.",
                                {{"l1d"}, {"l2"}, {"llc"}})}));
  keys.push_back(caches());
  keys.push_back(dram());
  return keys;
}

Spec machine_spec() {
  std::vector<Spec> keys = machine_keys();
  keys.insert(keys.begin(), file("preset",
                                 "A machine file: a name in configs/machines, or a relative "
                                 "path. The keys given here win over its own.")
                                .optional());
  keys.insert(keys.begin(), text("name", "What reports call the machine.").or_default("custom"));
  return object("machine", "The simulated hardware.", std::move(keys))
      .based_on("preset")
      .with_rule(rule_machine);
}

const Spec& machine_layout() {
  static const Spec layout = [] {
    std::vector<Spec> keys = machine_keys();
    keys.push_back(text("description", "One line for `nestwalk list presets`."));
    Spec source =
        object("", "Where the values under a key come from.",
               {choice("kind", "How the value is known.",
                       {{"sourced", "the source states it"},
                        {"measured", "fitted to the measurement that `source` names"},
                        {"assumed", "chosen; `source` says why"}}),
                text("source", "The document, the measurement, or why the value was chosen.")});
    keys.push_back(map("sources",
                       "Source of each value: a dotted key, or the beginning of several; "
                       "the longest that fits counts.",
                       std::move(source), 1, 1000));
    return object("nestwalk machine preset", "A machine preset of nestwalk.", std::move(keys))
        .with_rule(rule_machine);
  }();
  return layout;
}

}  // namespace nestwalk::config
