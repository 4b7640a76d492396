// `nestwalk compare`: variants of a config, each run in a process of its own, or results that lie
// in directories already, beside each other.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>
#include <set>

#include "common/cli/child_pool.h"
#include "common/cli/interruption.h"
#include "common/cli/options.h"
#include "common/cli/progress.h"
#include "common/cli/terminal.h"
#include "common/results/comparison.h"
#include "common/results/write_results.h"
#include "common/workload/make_source.h"

namespace nestwalk::cli {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

constexpr const char* comparison_folder = "comparison";

struct Task {
  std::string file, variant;
  fs::path directory;
};

Options described() {
  Options options(
      "compare {CONFIG|RESULTDIR} ... [-s KEY=VALUE ...] [-o DIR] [-j N]",
      "Runs the variants of one or more configs, in parallel processes, and compares each\n"
      "with the first. Result directories of earlier runs are compared without running.\n"
      "Results of different workloads are refused.",
      "what");
  options.add_config_options();
  options.add()("output,o", po::value<std::string>()->value_name("DIR"),
                "directory for the results (default: results/NAME of the first config)");
  options.add()("jobs,j", po::value<unsigned>()->default_value(0)->value_name("N"),
                "runs at the same time (default: one per processor)");
  return options;
}

// A variant's name as a directory's.
std::string folder_name(const std::string& variant, std::set<std::string>& taken) {
  std::string folder;
  for (const char c : variant) {
    const bool plain = std::isalnum(static_cast<unsigned char>(c)) ||
                       std::string("._+=-").find(c) != std::string::npos;
    folder += plain ? c : '_';
  }
  if (folder.empty() || folder.front() == '.') folder.insert(0, 1, '_');
  while (!taken.insert(folder).second) folder += '_';
  return folder;
}

bool holds_results(const std::string& path) {
  return fs::is_directory(path) || path.ends_with("result.json");
}

// What decides which accesses a run makes, without reading a trace: to refuse variants of different
// workloads before any of them has run. (Results carry the full identity, with the trace's
// contents.)
std::string workload_key(const config::Config& config) {
  const config::Value& workload = config.at("workload");
  std::string key =
      fmt::format("{} vCPUs, {} warm-up accesses, ", config.at("machine.vcpus").as_uint(),
                  config.at("warmup_accesses").as_uint());
  if (workload.at("kind").as_text() != "trace")
    return key + fmt::format("seed {}, {}", config.at("seed").as_uint(),
                             workload_identity(workload_spec(config)));
  const config::Value& trace = workload.at("trace");
  return key + fmt::format("trace {}, skip {}, limit {}, loop {}",
                           trace.at("path").as_path().string(), trace.at("skip").as_uint(),
                           trace.at("limit").as_uint(), trace.at("loop").as_bool());
}

std::vector<Task> make_tasks(const Program& program, const std::vector<std::string>& files,
                             const config::Overrides& overrides, fs::path& output) {
  std::vector<Task> tasks;
  std::set<std::string> taken = {comparison_folder};
  std::vector<UserError> errors;
  std::string first_name, first_key;
  for (const std::string& file : files) {
    try {
      const config::Document document = config::load(file);
      if (output.empty())
        output = fs::path("results") /
                 choose_config(program, file, overrides, "").config.at("name").as_text();
      for (const config::Variant& variant :
           config::expand_variants(document, overrides, program.library)) {
        const std::string name = variant.name.empty() ? document.name : variant.name;
        tasks.push_back({file, variant.name, output / folder_name(name, taken)});
        const std::string key =
            workload_key(choose_config(program, file, overrides, variant.name).config);
        if (first_key.empty()) {
          first_name = name;
          first_key = key;
        } else if (key != first_key) {
          errors.push_back({file, 0, "variants",
                            fmt::format("'{}' and '{}' run different workloads and cannot be "
                                        "compared: {}; {}",
                                        first_name, name, first_key, key)});
        }
      }
    } catch (const UserErrors& bad) {
      errors.insert(errors.end(), bad.all().begin(), bad.all().end());
    }
  }
  if (!errors.empty()) throw UserErrors(std::move(errors));
  return tasks;
}

Arguments run_arguments(const Task& task, const std::vector<std::string>& set) {
  Arguments arguments = {"run", task.file, "--quiet", "--output", task.directory.string()};
  if (!task.variant.empty()) {
    arguments.push_back("--variant");
    arguments.push_back(task.variant);
  }
  for (const std::string& option : set) {
    arguments.push_back("--set");
    arguments.push_back(option);
  }
  return arguments;
}

int report_interruption(const std::vector<Task>& tasks, const std::vector<Child>& children) {
  std::cerr << "nestwalk: interrupted; ";
  std::string kept;
  for (std::size_t i = 0; i < children.size(); ++i)
    if (children[i].status() == 0) kept += "\n  " + tasks[i].directory.string();
  std::cerr << (kept.empty()
                    ? "no run had finished\n"
                    : "the runs that had finished are kept, for nestwalk compare DIR ...:" + kept +
                          "\n");
  return interrupted_status;
}

void print(const Comparison& comparison) { std::cout << to_text(comparison, style_of_output()); }

int compare_results(const std::vector<std::string>& paths, const fs::path& output) {
  std::vector<Results> results;
  for (const std::string& path : paths) results.push_back(read_results(path));
  const Comparison comparison = compare(results);
  print(comparison);
  if (output.empty()) return status_ok;
  write_comparison(output, comparison);
  std::cout << "\ncomparison files: " << output.string() << "\n";
  return status_ok;
}

}  // namespace

int compare_command(const Program& program, const Arguments& arguments) {
  Options options = described();
  if (!options.parse(arguments)) return status_ok;
  const std::vector<std::string> what = options.positional();
  if (what.empty())
    throw UserErrors(UserError{"", 0, "", "nothing to compare; see nestwalk compare --help"});
  fs::path output = options.has("output") ? options.get<std::string>("output") : std::string();
  const auto stored =
      static_cast<std::size_t>(std::count_if(what.begin(), what.end(), holds_results));
  if (stored == what.size()) return compare_results(what, output);
  if (stored)
    throw UserErrors(UserError{
        "", 0, "", "configs and result directories cannot be mixed; run the configs first"});

  const std::vector<Task> tasks = make_tasks(program, what, options.overrides(), output);
  const auto set = options.has("set") ? options.get<std::vector<std::string>>("set")
                                      : std::vector<std::string>{};
  std::vector<ChildTask> runs;
  for (const Task& task : tasks)
    runs.push_back({task.directory.filename().string(), run_arguments(task, set)});
  ChildPool pool(program.executable, runs, options.get<unsigned>("jobs"));
  pool.run();
  if (interrupted()) return report_interruption(tasks, pool.children());

  const int status = report_failures(runs, pool.children());
  if (status != status_ok) return status;

  std::vector<Results> results;
  for (const Task& task : tasks) results.push_back(read_results(task.directory));
  const Comparison comparison = compare(results);
  write_comparison(output / comparison_folder, comparison);
  print(comparison);
  std::cout << "\nresult files: " << output.string()
            << "/*, the comparison's: " << (output / comparison_folder).string() << "\n";
  return status_ok;
}

}  // namespace nestwalk::cli
