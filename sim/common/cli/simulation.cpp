#include "common/cli/simulation.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "common/base/bits.h"
#include "common/config/dump.h"
#include "common/config/scalar.h"
#include "common/machine/truth_checker.h"
#include "common/probe/collectors/check_sums.h"
#include "common/probe/collectors/collectors.h"
#include "common/probe/collectors/fan_out.h"
#include "common/probe/collectors/memory_system.h"
#include "common/results/metrics.h"
#include "common/sysc/timed_machine.h"
#include "common/workload/make_source.h"
#include "common/workload/measured_source.h"

namespace nestwalk::cli {
namespace {

std::vector<std::string> level_names(const TranslationEngine& engine, unsigned stage,
                                     unsigned levels) {
  std::vector<std::string> names;
  for (unsigned h = 0; h < levels; ++h)
    names.push_back(engine.level_name(stage, static_cast<int>(h)));
  return names;
}

CostKind cost_kind(const std::string& kind) {
  if (kind == "measured") return CostKind::measured;
  if (kind == "published") return CostKind::published;
  if (kind == "derived") return CostKind::derived;
  return CostKind::assumed;
}

void add_costs(Meta& meta, const char* side, const config::Costs& costs) {
  for (const config::Cost& cost : costs.steps)
    meta.costs.push_back(
        {fmt::format("{}.{}", side, cost.step), cost.cycles, cost_kind(cost.kind), cost.source});
}

// Every scalar of the resolved configuration, and every list of scalars, by its dotted key.
void add_settings(std::vector<Label>& settings, const config::Value& value) {
  const auto nested = [](const config::Value& item) {
    return item.type() == config::Value::Type::object || item.type() == config::Value::Type::list;
  };
  const bool list = value.type() == config::Value::Type::list;
  const auto items = value.items();
  if (value.type() == config::Value::Type::object ||
      (list && std::any_of(items.begin(), items.end(), nested)))
    for (const config::Value& item : items) add_settings(settings, item);
  else
    settings.push_back({value.path(), config::format_value(value)});
}

// Prices keep their cycles, not their times, on a machine with another clock; empty: it is the
// same.
std::string clock_label(const config::Config& config) {
  const std::uint64_t machine_mhz = config.at("machine.frequency_mhz").as_uint();
  std::string text;
  for (const config::Costs* costs : {&config.guest_costs, &config.host_costs})
    if (costs->clock_mhz && costs->clock_mhz != machine_mhz)
      text += fmt::format("{} at {} MHz, ", costs->name, costs->clock_mhz);
  return text.empty() ? text : text + fmt::format("the machine runs at {} MHz", machine_mhz);
}

// "thp", or "thp 2M, 64K" where sizes are chosen.
std::string policy_label(const config::Value& side) {
  std::string text = side.at("policy").as_text();
  const char* before = " ";
  for (const config::Value& size : side.at("thp_sizes").items()) {
    text += before + config::format_bytes(size.as_uint());
    before = ", ";
  }
  return text;
}

Meta describe(const SimulationRequest& request, const WorkloadSpec& workload,
              const TranslationEngine& engine) {
  const config::Config& config = request.config;
  Meta meta;
  meta.nestwalk_version = NESTWALK_VERSION;
  meta.name = config.at("name").as_text();
  meta.variant = request.variant;
  meta.seed = config.at("seed").as_uint();
  meta.frequency_mhz = config.at("machine.frequency_mhz").as_uint();
  add_settings(meta.settings, config.root);
  meta.workload_name = config.at("workload.kind").as_text();
  if (meta.workload_name == "trace")
    meta.workload_name = config.at("workload.trace.path").as_path().filename().string();
  // The seed draws the accesses of generators, so it is part of which accesses were made.
  meta.workload_identity =
      fmt::format("{} seed={} vcpus={} warmup={}", workload_identity(workload),
                  std::holds_alternative<TraceSpec>(workload.input) ? 0 : meta.seed,
                  config.at("machine.vcpus").as_uint(), config.at("warmup_accesses").as_uint());
  const auto label = [&](const char* name, const char* path) {
    meta.labels.push_back({name, config.at(path).as_text()});
  };
  label("machine", "machine.name");
  label("isa", "machine.isa");
  label("stages", "translation.stages");
  meta.labels.push_back({"guest policy", policy_label(config.at("guest"))});
  if (engine.shape().stage2_levels)
    meta.labels.push_back({"host policy", policy_label(config.at("host"))});
  if (config.at("translation").has("arm64"))
    label("contiguous runs", "translation.arm64.contiguous");
  label("data accesses", "data_accesses");
  if (const std::string clocks = clock_label(config); !clocks.empty())
    meta.labels.push_back({"costs converted", clocks});
  meta.config_yaml = request.config_yaml;
  add_costs(meta, "guest", config.guest_costs);
  add_costs(meta, "host", config.host_costs);
  const WalkShape shape = engine.shape();
  meta.stage1_levels = level_names(engine, 1, shape.stage1_levels);
  meta.stage2_levels = level_names(engine, 2, shape.stage2_levels);
  return meta;
}

// The machine's cycles count from its start; results begin where measuring did.
void set_times(Results& results, const TimedRun& run) {
  results.warmup_cycles = run.measured_from_cycle;
  results.simulated_cycles = run.cycles - run.measured_from_cycle;
  for (VcpuTotals& vcpu : results.vcpus)
    if (vcpu.accesses) vcpu.last_cycle -= run.measured_from_cycle;
}

MemoryUse memory_use(const MappingCounts& counts, std::uint64_t table_bytes,
                     std::uint64_t touched_bytes) {
  MemoryUse use;
  use.table_bytes = table_bytes;
  use.mapped_bytes = counts.mapped_bytes;
  use.touched_bytes = touched_bytes;
  use.huge_fallbacks = counts.fallbacks;
  for (std::uint8_t lg2 = 0; lg2 < 64; ++lg2)
    if (counts.pages_by_lg2[lg2]) use.pages[lg2] = counts.pages_by_lg2[lg2];
  return use;
}

// Of the measured accesses of all vCPUs; 0: the workload does not say.
std::uint64_t instructions_of(const std::vector<std::unique_ptr<AccessSource>>& sources) {
  std::uint64_t sum = 0;
  for (const auto& source : sources) sum += source->instructions().value_or(0);
  return sum;
}

// What the workload has touched also counts as touched on the host, with the guest's tables.
void add_memory(Results& results, VirtualMachine& vm) {
  const std::uint64_t touched = vm.touched_bytes();
  std::uint64_t guest_tables = 0;
  if (GuestKernel* kernel = vm.kernel()) {
    guest_tables = kernel->table_bytes();
    results.memory[index_of(MemorySide::guest)] =
        memory_use(kernel->counts(), guest_tables, touched);
  }
  if (HostVm* host = vm.host())
    results.memory[index_of(MemorySide::host)] =
        memory_use(host->counts, host->table_bytes, touched + guest_tables);
}

bool measured_anything(const TimedRun& run, const config::Config& config) {
  const std::uint64_t warmup = config.at("warmup_accesses").as_uint();
  return std::any_of(run.issued.begin(), run.issued.end(),
                     [&](std::uint64_t issued) { return issued > warmup; });
}

UserError nothing_measured(const config::Config& config) {
  return config.at("warmup_accesses")
      .error("the workload ended before its warm-up did: nothing was measured");
}

}  // namespace

SimulationOutcome simulate(const SimulationRequest& request, const MakeArchitecture& make,
                           RunControl& control) {
  const config::Config& config = request.config;
  const std::unique_ptr<Architecture> architecture = make(config);
  const MachineSpec machine = machine_spec(config);
  const WorkloadSpec workload = workload_spec(config);
  const std::unique_ptr<VirtualMachine> machine_of_run =
      make_virtual_machine(config, *architecture);
  VirtualMachine& vm = *machine_of_run;

  std::vector<std::unique_ptr<AccessSource>> sources;
  for (unsigned vcpu = 0; vcpu < machine.vcpus; ++vcpu)
    sources.push_back(std::make_unique<MeasuredSource>(make_source(workload, vcpu, machine.seed),
                                                       control.warmup_accesses()));

  Collectors collectors;
  Observer* observer = &collectors;
  std::optional<FanOut> both;
  if (request.also_told)
    observer = &both.emplace(std::vector<Observer*>{&collectors, request.also_told});
  const bool check = config.at("check").as_bool();
  TruthChecker checker(vm);
  TimedMachine timed("machine", machine, unmap_spec(config), request.sync, vm, sources, *observer,
                     control, check ? &checker : nullptr);
  const TimedRun run = timed.run();
  std::vector<UserError> errors;
  for (const std::string& text : checker.violations()) errors.push_back({"", 0, "check", text});
  for (const std::string& text : vm.table_violations()) errors.push_back({"", 0, "check", text});
  if (run.completed && !measured_anything(run, config)) errors.push_back(nothing_measured(config));
  if (!errors.empty()) throw UserErrors(std::move(errors));

  SimulationOutcome outcome;
  outcome.completed = run.completed;
  collectors.fill(outcome.results);
  outcome.results.meta = describe(request, workload, *vm.make_engine());
  set_times(outcome.results, run);
  outcome.results.memory_system = memory_system(run.memory, run.dram_peak_bytes_per_cycle);
  outcome.results.instructions = instructions_of(sources);
  add_memory(outcome.results, vm);
  if (!outcome.completed) return outcome;
  check_sums(outcome.results);
  check_handlers_do_not_overlap(outcome.results);
  return outcome;
}

}  // namespace nestwalk::cli
