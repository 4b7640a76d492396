// The keys of `translation`, `guest`, `host`, `hypervisor` and `shootdowns`.
#include "common/config/choices.h"
#include "common/config/cost_steps.h"
#include "common/config/layout.h"
#include "common/mapping/mapping_policy.h"

namespace nestwalk::config {
namespace {

Spec x86_spec() {
  return object("x86", "Table formats of an x86 machine.",
                {choice("paging", "First-stage tables.",
                        {{"4level", "48-bit addresses", X86Paging::four_level},
                         {"5level", "57-bit addresses", X86Paging::five_level}})
                     .or_default("4level"),
                 choice("stage2", "Second-stage tables.",
                        {{"auto", "npt on an AMD machine, ept elsewhere", X86Stage2::automatic},
                         {"ept", "Intel", X86Stage2::ept},
                         {"npt", "AMD", X86Stage2::npt}})
                     .or_default("auto"),
                 whole("stage2_levels", "Levels of the second-stage tables.", 4, 5).or_default("4"),
                 whole("maxphyaddr", "Bits of a physical address.", 36, 52).or_default("48"),
                 flag("accessed_dirty",
                      "Whether hardware sets accessed and dirty bits in second-stage tables.")
                     .or_default("true")})
      .or_default("{}");
}

Spec arm64_spec() {
  const auto granule = [](std::string name, std::string doc) {
    return choice(std::move(name), std::move(doc), {{"4K"}, {"16K"}, {"64K"}});
  };
  Spec stage2_granule = granule("stage2_granule", "Page size of the second stage.");
  stage2_granule.choices.insert(stage2_granule.choices.begin(), {"auto", "the first stage's"});
  return object(
             "arm64", "Table formats of an Arm machine.",
             {granule("granule", "Page size of the first stage.").or_default("4K"),
              whole("va_bits", "Bits of a virtual address (64 - TnSZ).", 16, 52).or_default("48"),
              std::move(stage2_granule).or_default("auto"),
              whole("ipa_bits", "Bits of an intermediate address (64 - T0SZ of the second stage).",
                    16, 52)
                  .or_default("40"),
              choice("stage2_start_level", "Level of the first second-stage table, -1 to 3.",
                     {{"auto", "the deepest that concatenation of at most 16 tables allows"},
                      {"-1"},
                      {"0"},
                      {"1"},
                      {"2"},
                      {"3"}})
                  .or_default("auto"),
              whole("pa_bits", "Bits of a physical address.", 32, 52).or_default("48"),
              flag("tbi", "Whether translation ignores the top byte of virtual addresses.")
                  .or_default("false"),
              choice("contiguous",
                     "Which stages' software marks whole runs of descriptors as contiguous, so "
                     "that TLBs may hold each as one (16 of 4K; 128 of 16K, 32 of 32M; 32 of 64K).",
                     {{"none", "", Contiguous::none},
                      {"stage1", "the guest's kernel, as Linux does", Contiguous::stage1},
                      {"stage2", "the hypervisor alone; KVM does not", Contiguous::stage2},
                      {"both", "the hypervisor too; KVM does not", Contiguous::both}})
                  .or_default("stage1"),
              flag("stage2_force_write_back",
                   "Whether the processor has FEAT_S2FWB (Armv8.4; not Neoverse N1): without it "
                   "KVM cleans each new page to the point of coherency.")
                  .or_default("false"),
              flag("hardware_access_flag", "Whether hardware sets the access flag.")
                  .or_default("true"),
              flag("hardware_dirty",
                   "Whether hardware manages the dirty state; needs the access flag.")
                  .or_default("true")})
      .or_default("{}");
}

Spec prices(std::string name, std::string doc, const std::vector<std::string>& steps) {
  std::vector<Spec> keys;
  for (const std::string& step : steps)
    keys.push_back(whole(step, "Cycles, instead of the cost file's.", 0, 1'000'000'000).optional());
  return object(std::move(name), std::move(doc), std::move(keys)).optional();
}

// One choice for each row of the list of mapping policies.
std::vector<Choice> policies() {
  std::vector<Choice> choices;
  for (const PolicyInfo& policy : policy_list())
    choices.push_back({std::string(policy.name), std::string(policy.description)});
  return choices;
}

}  // namespace

Spec translation_spec() {
  return object(
             "translation", "How addresses are translated.",
             {choice("stages", "Which stages are on.",
                     {{"one", "native: the first stage only", Stages::one},
                      {"two", "a guest under a hypervisor", Stages::two},
                      {"stage2_only", "a guest whose own translation is off", Stages::stage2_only}})
                  .or_default("two"),
              flag("stage2_identity",
                   "Whether the second stage maps every address to itself; it is "
                   "walked all the same.")
                  .or_default("false"),
              x86_spec(), arm64_spec()})
      .or_default("{}");
}

Spec side_spec(std::string name, std::string doc, std::string memory) {
  return object(
             std::move(name), std::move(doc),
             {bytes("memory", "Physical memory on this side, a multiple of 2M.", 2 << 20,
                    std::uint64_t{1} << 48)
                  .or_default(memory),
              choice("policy", "How memory is mapped.", policies()).or_default("base"),
              list("thp_sizes",
                   "Sizes that thp tries, the largest first; none: the next table level's block "
                   "(2M; 32M, 512M with granules of 16K, 64K).",
                   bytes("size", "A power of two from 4 base pages to that block.", 16 << 10,
                         512 << 20),
                   0, 12)
                  .or_default("[]"),
              bytes("reserved",
                    "Bytes set aside for hugetlb pages at start; 0: as many as are needed.", 0,
                    std::uint64_t{1} << 48)
                  .or_default("0"),
              real("fragmentation", "Part of the 2M blocks that no huge page can use, 0 to 1.", 0,
                   1)
                  .or_default("0"),
              choice("frames", "Which free memory a page gets.",
                     {{"lowest", "the lowest that fits, as after boot"},
                      {"scattered",
                       "any, from the run's seed, as after long use: what is together "
                       "on one side lies anywhere on the other"}})
                  .or_default("lowest"),
              flag("populate",
                   "Whether mapping is done before the clock starts, by the same policy. Guest: "
                   "what the workload can touch (mlockall, MAP_POPULATE). Host: all guest memory "
                   "(a hypervisor that preallocates and maps it).")
                  .or_default("false")})
      .or_default("{}");
}

Spec hypervisor_spec() {
  return object(
             "hypervisor", "Costs of the software that handles faults.",
             {file("guest_costs",
                   "Cost file of the guest's kernel: a name in configs/costs, a relative "
                   "path, or `auto` (the machine's Linux guest).")
                  .or_default("auto"),
              file("host_costs",
                   "Cost file of the hypervisor: a name in configs/costs, a relative path, "
                   "or `auto` (the machine's KVM).")
                  .or_default("auto"),
              prices("guest_cycles", "Steps of the guest that cost other than the file says.",
                     steps_of(CostSet::guest)),
              prices("host_cycles", "Steps of the hypervisor that cost other than the file says.",
                     steps_of(CostSet::any_host))})
      .or_default("{}");
}

Spec shootdowns_spec() {
  return object("shootdowns", "Invalidations that the guest causes while the workload runs.",
                {whole("interval_accesses",
                       "Accesses of a vCPU between two unmappings of a random mapped "
                       "page; 0: none.",
                       0, 1'000'000'000'000)
                     .or_default("0"),
                 choice("kind", "What each invalidation covers.",
                        {{"address", "the page"},
                         {"space", "the address space"},
                         {"vm", "the virtual machine"},
                         {"all", "everything"}})
                     .or_default("address")})
      .or_default("{}");
}

}  // namespace nestwalk::config
