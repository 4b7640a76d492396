// The keys of `workload`: which accesses a vCPU makes. `kind` decides which other keys apply.
#include "common/config/layout.h"
#include "common/config/rules.h"

namespace nestwalk::config {
namespace {

const std::vector<Choice> generators = {
    {"stride", "addresses a fixed distance apart, round and round"},
    {"uniform", "any place of the footprint, equally likely"},
    {"zipf", "items of the footprint by Zipf's law"},
    {"pointer_chase", "a random cycle of nodes, each access awaits the last"}};

// Keys that every generator has, and those of one kind only.
std::vector<Spec> generator_keys() {
  const std::vector<std::string> all = {"stride", "uniform", "zipf", "pointer_chase"};
  constexpr std::uint64_t most = std::uint64_t{1} << 56;
  std::vector<Spec> keys;
  keys.push_back(address("base", "First address of the data, a multiple of 4K.")
                     .or_default("0x1000000000")
                     .for_only(all));
  keys.push_back(
      bytes("footprint", "Bytes of data, whole accesses and items.", 4096, most).for_only(all));
  keys.push_back(whole("accesses", "Accesses of each vCPU, of all kinds.", 1, 1'000'000'000'000'000)
                     .for_only(all));
  keys.push_back(
      bytes("access_bytes", "Bytes of an access, a power of two; accesses are aligned.", 1, 64)
          .or_default("8")
          .for_only(all));
  keys.push_back(bytes("stride", "Bytes from one access to the next, whole accesses.", 1, most)
                     .or_default("64")
                     .for_only({"stride"}));
  keys.push_back(
      real("exponent", "Zipf exponent: rank r is hit as often as 1 / r^exponent.", 0.01, 8)
          .or_default("0.99")
          .for_only({"zipf"}));
  keys.push_back(bytes("item_bytes", "Bytes of what is ranked: pages, or 64 for lines.", 1, 1 << 30)
                     .or_default("4K")
                     .for_only({"zipf"}));
  keys.push_back(flag("scatter", "Whether hot items lie scattered; false: the hottest first.")
                     .or_default("true")
                     .for_only({"zipf"}));
  keys.push_back(bytes("node_bytes", "Bytes of a node of the list.", 1, 1 << 30)
                     .or_default("64")
                     .for_only({"pointer_chase"}));
  keys.push_back(bytes("offset_step",
                       "Node i is read i times this far behind its beginning, modulo the node.", 0,
                       1 << 30)
                     .or_default("0")
                     .for_only({"pointer_chase"}));
  keys.push_back(
      flag("dependent", "Whether each access awaits the last; false: max_outstanding chains.")
          .or_default("true")
          .for_only({"pointer_chase"}));
  keys.push_back(real("write_fraction", "Part of the data accesses that write, 0 to 1.", 0, 1)
                     .or_default("0.3")
                     .for_only(all));
  keys.push_back(
      real("fetch_fraction", "Part of all accesses that fetch instructions, 0 to 1.", 0, 1)
          .or_default("0")
          .for_only(all));
  keys.push_back(real("instructions_per_access",
                      "Instructions executed for each access, for figures per instruction; left "
                      "out: not known.",
                      0.01, 1e6)
                     .optional()
                     .for_only(all));
  keys.push_back(address("code_base", "First address of the instructions, a multiple of 4K.")
                     .or_default("0x400000")
                     .for_only(all));
  keys.push_back(bytes("code_footprint", "Bytes of instructions, a multiple of 64.", 64, most)
                     .or_default("64K")
                     .for_only(all));
  keys.push_back(
      whole("space", "Number of the address space (process) that makes the accesses.", 0, 65534)
          .or_default("0")
          .for_only(all));
  keys.push_back(whole("seed", "Mixed with the run's seed.", 0, ~std::uint64_t{0})
                     .or_default("0")
                     .for_only(all));
  return keys;
}

Spec generator(std::string doc) {
  std::vector<Spec> keys = generator_keys();
  keys.insert(keys.begin(), choice("kind", "Which generator.", generators));
  return object("", std::move(doc), std::move(keys)).selected_by("kind").with_rule(rule_generator);
}

Spec trace() {
  return object("trace", "A recorded program, plain or packed by gzip, xz or zstd.",
                {path("path", "The file, relative to this config."),
                 choice("format", "How it is written.",
                        {{"auto", "by the name and the first bytes"},
                         {"lackey", "Valgrind's lackey --trace-mem=yes"},
                         {"text", "lines of R|W|I address [size [asid]]"},
                         {"champsim", "64-byte ChampSim instructions"},
                         {"champsim_asid",
                          "96-byte ChampSim instructions with address-space numbers"}})
                     .or_default("auto"),
                 whole("skip", "Accesses passed over at the start.", 0, ~std::uint64_t{0})
                     .or_default("0"),
                 whole("limit", "Accesses used after those; 0: all.", 0, ~std::uint64_t{0})
                     .or_default("0"),
                 flag("loop", "Whether to begin again at the end; needs a limit.")
                     .or_default("false")})
      .with_rule(rule_trace)
      .for_only({"trace"});
}

}  // namespace

Spec workload_spec() {
  std::vector<Spec> keys = generator_keys();
  std::vector<Choice> kinds = generators;
  kinds.push_back({"phases", "generators one after another"});
  kinds.push_back({"trace", "a recorded program"});
  keys.insert(keys.begin(), choice("kind", "Where the accesses come from.", std::move(kinds)));
  keys.push_back(list("phases", "Generators in their order.", generator("A phase."), 1, 64)
                     .for_only({"phases"}));
  keys.push_back(whole("repeat", "How often the phases are gone through.", 1, 1'000'000)
                     .or_default("1")
                     .for_only({"phases"}));
  keys.push_back(trace());
  return object("workload", "The accesses that each vCPU makes.", std::move(keys))
      .selected_by("kind")
      .with_rule(rule_generator);
}

}  // namespace nestwalk::config
