// The top of a config, its variants, and the list of schema files.
#include "common/config/layout.h"

#include "common/config/cost_steps.h"
#include "common/config/json_schema.h"
#include "common/config/rules.h"
#include "common/config/scenario_layout.h"

namespace nestwalk::config {

Spec variants_spec() {
  Spec set = map("set", "Keys of the config, dotted, and their values in this variant.",
                 any("", "A value of the key's own kind."), 1, 100);
  Spec named = object("", "One variant.",
                      {text("name", "What reports call it."), std::move(set).optional()});
  Spec values = list("", "The values that the key takes in turn.", any("", "A value."), 1, 100);
  Spec product = map("product",
                     "Keys of the config, dotted, each with a list of values: every "
                     "combination is a variant.",
                     std::move(values), 1, 10);
  return either("variants", "What `nestwalk compare` compares; the first is the reference.",
                list("", "Variants by name.", std::move(named), 1, 1000),
                object("", "All combinations.", {std::move(product)}))
      .optional();
}

const Spec& run_layout() {
  static const Spec layout =
      object(
          "nestwalk config", "A run of nestwalk.",
          {text("name", "What reports call the run; without it, the file's name.")
               .or_default("run"),
           whole("seed", "Seed of everything random in the run.", 0, ~std::uint64_t{0})
               .or_default("1"),
           choice("data_accesses",
                  "Whether the accesses themselves go through the caches after their "
                  "translation.",
                  {{"modelled", "they do, and compete with table entries"},
                   {"off", "translation only"}})
               .or_default("modelled"),
           flag(
               "check",
               "Whether each translation is compared with the tables' truth, and changes of tables "
               "with the order that the architecture demands; slower.")
               .or_default("false"),
           machine_spec(), translation_spec(),
           side_spec("guest", "The guest's memory (the machine's, with one stage).", "8G"),
           side_spec("host", "The hypervisor's memory.", "16G"), hypervisor_spec(),
           shootdowns_spec(), workload_spec(),
           whole("warmup_accesses", "Accesses of each vCPU before statistics begin.", 0,
                 1'000'000'000'000'000)
               .or_default("0"),
           variants_spec()})
          .with_rule(rule_run);
  return layout;
}

const Spec& cost_layout() {
  static const Spec layout = [] {
    std::vector<Spec> steps;
    for (const std::string& step : steps_of(CostSet::all))
      steps.push_back(object(step, "Price of this step.",
                             {whole("cycles", "Cycles each time.", 0, 1'000'000'000),
                              choice("per", "What is priced.",
                                     {{"event", "one occurrence"},
                                      {"4K", "4096 bytes worked on"},
                                      {"target", "one other vCPU"}})
                                  .or_default("event"),
                              choice("kind", "Where the figure comes from.",
                                     {{"measured", "measured for this project"},
                                      {"published", "stated by the source"},
                                      {"derived",
                                       "the source states a total or a few points; the split or "
                                       "the fit is ours"},
                                      {"assumed", "chosen; `source` says why"}}),
                              text("source", "The document, or why the figure was chosen.")})
                          .optional());
    return object("nestwalk cost table", "Prices of the steps of a fault handler.",
                  {text("description", "One line for `nestwalk list costs`."),
                   whole("clock_mhz",
                         "Clock by which published times were turned into cycles, in MHz; left "
                         "out: none were.",
                         1, 100'000)
                       .optional(),
                   object("steps", "Prices by step.", std::move(steps))});
  }();
  return layout;
}

std::vector<SchemaFile> schema_files() {
  return {{"nestwalk.schema.json", json_schema(run_layout())},
          {"machine.schema.json", json_schema(machine_layout())},
          {"costs.schema.json", json_schema(cost_layout())},
          {"scenario.schema.json", json_schema(scenario_layout())}};
}

}  // namespace nestwalk::config
