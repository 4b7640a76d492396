// `nestwalk run`: one simulation.
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <iostream>

#include "common/cli/interruption.h"
#include "common/cli/options.h"
#include "common/cli/progress.h"
#include "common/cli/terminal.h"
#include "common/probe/collectors/access_log.h"
#include "common/results/text_report.h"
#include "common/results/write_results.h"

namespace nestwalk::cli {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

std::uint64_t peak_memory_bytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

Options described() {
  Options options(
      "run CONFIG [-s KEY=VALUE ...] [-o DIR]",
      "Runs one simulation and prints its report. Writes result.json, CSV files and the\n"
      "resolved config to a result directory.",
      "config");
  options.add_config_options();
  options.add()("output,o", po::value<std::string>()->value_name("DIR"),
                "result directory (default: results/NAME)");
  options.add()("per-access", po::value<std::string>()->value_name("FILE"),
                "write every measured access to a CSV file; compressed if the name ends in\n"
                ".gz, .xz or .zst");
  options.add()("variant", po::value<std::string>()->default_value("")->value_name("NAME"),
                "which of the config's variants (default: the first)");
  options.add()("sync", po::value<std::string>()->default_value("lazy")->value_name("MODE"),
                "lazy, or strict: yield to SystemC at every step; same results, slower");
  options.add()("dump-config", "print the resolved config and exit");
  options.add()("validate", "check the config and exit");
  options.add()("quiet,q", "print nothing but errors");
  options.add()("progress-pipe", po::value<int>()->default_value(-1)->value_name("FD"),
                "write progress counts to this file descriptor");
  return options;
}

Sync sync_mode(const std::string& text) {
  if (text == "lazy") return Sync::lazy;
  if (text == "strict") return Sync::strict;
  throw UserErrors(
      UserError{"", 0, "--sync", fmt::format("'{}' is no mode; allowed: lazy, strict", text)});
}

// The file of --per-access with what writes it. Nothing of it stays unless it is published.
struct PerAccess {
  explicit PerAccess(const fs::path& path) : file(path), log(file) {}
  OutputFile file;
  AccessLog log;
};

fs::path real_place(const fs::path& path) {
  const fs::path real = fs::weakly_canonical(fs::absolute(path));
  return real.has_filename() ? real : real.parent_path();
}

// Null: not asked for.
std::unique_ptr<PerAccess> open_per_access(const Options& options, const fs::path& directory) {
  if (!options.has("per-access")) return nullptr;
  const fs::path path = options.get<std::string>("per-access");
  if (real_place(path).parent_path() == real_place(directory))
    throw UserErrors(UserError{path.string(), 0, "--per-access",
                               "lies in the result directory, which is replaced as a whole; choose "
                               "a place beside it"});
  return std::make_unique<PerAccess>(path);
}

// What the accesses of all vCPUs come to, if the config tells.
std::uint64_t accesses_expected(const config::Config& config) {
  const config::Value* accesses = config.find("workload.accesses");
  return accesses ? accesses->as_uint() * config.at("machine.vcpus").as_uint() : 0;
}

}  // namespace

int run_command(const Program& program, const Arguments& arguments) {
  const Clock::time_point begun = Clock::now();
  Options options = described();
  if (!options.parse(arguments)) return status_ok;
  const auto [config, variant] = choose_config(
      program, options.only_positional(), options.overrides(), options.get<std::string>("variant"));
  const std::string name = config.at("name").as_text();
  const fs::path directory = options.has("output") ? fs::path(options.get<std::string>("output"))
                                                   : fs::path("results") / name;
  if (options.has("dump-config")) {
    std::cout << config::dump(config, fs::current_path());
    return status_ok;
  }
  if (options.has("validate")) {
    (void)program.make_architecture(config);
    std::cout << options.only_positional() << ": valid\n";
    return status_ok;
  }

  const std::unique_ptr<PerAccess> per_access = open_per_access(options, directory);
  const bool quiet = options.has("quiet");
  Progress progress(static_cast<unsigned>(config.at("machine.vcpus").as_uint()),
                    {!quiet && isatty(STDERR_FILENO) != 0, options.get<int>("progress-pipe"),
                     config.at("warmup_accesses").as_uint(), accesses_expected(config), name});
  const Clock::time_point simulation_begun = Clock::now();
  SimulationOutcome outcome = simulate(
      {config, variant, config::dump(config, fs::absolute(directory)),
       sync_mode(options.get<std::string>("sync")), per_access ? &per_access->log : nullptr},
      program.make_architecture, progress);
  const auto seconds_since = [](Clock::time_point then) {
    return std::chrono::duration<double>(Clock::now() - then).count();
  };
  progress.clear();
  if (!outcome.completed) {
    std::cerr << fmt::format("nestwalk: interrupted after {} accesses; nothing was written\n",
                             progress.issued());
    return interrupted_status;
  }
  outcome.results.host =
      HostMeasures{seconds_since(begun), seconds_since(simulation_begun), peak_memory_bytes()};
  if (per_access) per_access->log.finish();
  write_results(directory, outcome.results);
  if (per_access) per_access->file.publish();
  if (!quiet)
    std::cout << to_text(outcome.results, style_of_output())
              << "\nresult files: " << directory.string() << "\n";
  return status_ok;
}

}  // namespace nestwalk::cli
