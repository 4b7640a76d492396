// `nestwalk bench`: the simulator's speed, beside the bare functional loop (same arrays, tables and
// walk; no SystemC, no time) in the same process. One process per regime.
#include <fmt/format.h>

#include <array>
#include <chrono>
#include <iostream>
#include <thread>

#include "common/cli/child.h"
#include "common/cli/options.h"
#include "common/machine/functional_machine.h"
#include "common/probe/collectors/collectors.h"
#include "common/sysc/timed_machine.h"
#include "common/workload/make_source.h"

namespace nestwalk::cli {
namespace {

namespace po = boost::program_options;
using Clock = std::chrono::steady_clock;

struct Regime {
  const char* name;
  const char* config;  // in configs/; all populate, so that no faults are measured
};

constexpr Regime regimes[] = {
    {"l1-hit", "bench/l1-hit.yaml"},
    {"uniform", "bench/uniform.yaml"},
    {"quickstart", "quickstart.yaml"},
    {"uniform-4vcpu", "bench/uniform-4vcpu.yaml"},
    {"uniform-overlap", "bench/uniform-overlap.yaml"},
};

double seconds_since(Clock::time_point then) {
  return std::chrono::duration<double>(Clock::now() - then).count();
}

struct Speed {
  std::uint64_t accesses = 0;
  double seconds = 0;
  double per_second() const { return static_cast<double>(accesses) / seconds; }
};

class Bench {
 public:
  Bench(const config::Config& config, const Program& program)
      : config_(config),
        architecture_(program.make_architecture(config)),
        machine_(machine_spec(config)),
        workload_(workload_spec(config)),
        vm_(make_virtual_machine(config, *architecture_)) {}

  Speed functional() {
    FunctionalMachine machine(machine_, *vm_);
    Speed speed;
    std::uint64_t sum = 0;
    const Clock::time_point begun = Clock::now();
    for (unsigned vcpu = 0; vcpu < machine_.vcpus; ++vcpu) {
      const std::unique_ptr<AccessSource> source = make_source(workload_, vcpu, machine_.seed);
      std::array<MemoryAccess, 256> batch;
      while (const std::size_t count = source->next(batch)) {
        for (std::size_t i = 0; i < count; ++i) sum += machine.translate(batch[i]).value;
        speed.accesses += count;
      }
    }
    speed.seconds = seconds_since(begun);
    used_ = sum;
    return speed;
  }

  Speed timed() {
    std::vector<std::unique_ptr<AccessSource>> sources;
    for (unsigned vcpu = 0; vcpu < machine_.vcpus; ++vcpu)
      sources.push_back(make_source(workload_, vcpu, machine_.seed));
    Collectors collectors;
    RunControl control;
    TimedMachine machine("machine", machine_, unmap_spec(config_), Sync::lazy, *vm_, sources,
                         collectors, control, nullptr);
    const Clock::time_point begun = Clock::now();
    const TimedRun run = machine.run();
    Speed speed{0, seconds_since(begun)};
    for (const std::uint64_t issued : run.issued) speed.accesses += issued;
    return speed;
  }

 private:
  const config::Config& config_;
  std::unique_ptr<Architecture> architecture_;
  MachineSpec machine_;
  WorkloadSpec workload_;
  std::unique_ptr<VirtualMachine> vm_;
  // The addresses go somewhere, or a compiler might leave the work out.
  volatile std::uint64_t used_ = 0;
};

int measure(const Program& program, const Regime& regime, const config::Overrides& overrides) {
  const config::Config config =
      choose_config(program, (program.home / "configs" / regime.config).string(), overrides, "")
          .config;
  Bench bench(config, program);
  const Speed functional = bench.functional();
  const Speed timed = bench.timed();
  std::cout << fmt::format("bench {} accesses_per_second {:.0f} functional {:.0f} ratio {:.3f}\n",
                           regime.name, timed.per_second(), functional.per_second(),
                           timed.per_second() / functional.per_second())
            << std::flush;
  return status_ok;
}

}  // namespace

int bench_command(const Program& program, const Arguments& arguments) {
  Options options(
      "bench [--regime NAME] [-s KEY=VALUE ...]",
      "Measures accesses per second of the timed simulation and of the functional loop\n"
      "beside it, one line per regime: l1-hit, uniform, quickstart, uniform-4vcpu, "
      "uniform-overlap.",
      "");
  options.add_config_options();
  options.add()("regime", po::value<std::string>()->value_name("NAME"), "only this regime");
  options.add()("progress-pipe", po::value<int>()->default_value(-1), "not used");
  if (!options.parse(arguments)) return status_ok;
  if (options.has("regime")) {
    const std::string wanted = options.get<std::string>("regime");
    for (const Regime& regime : regimes)
      if (wanted == regime.name) return measure(program, regime, options.overrides());
    throw UserErrors(UserError{"", 0, "--regime", fmt::format("no regime '{}'", wanted)});
  }
  int status = status_ok;
  for (const Regime& regime : regimes) {
    Arguments again = {"bench", "--regime", regime.name};
    again.insert(again.end(), arguments.begin(), arguments.end());
    Child child(program.executable, again);
    while (child.running()) {
      child.poll();
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    if (child.status() == status_ok) continue;
    std::cerr << child.errors();
    status = child.status();
  }
  return status;
}

}  // namespace nestwalk::cli
