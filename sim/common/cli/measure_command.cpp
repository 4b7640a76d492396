// `nestwalk measure`: dependent loads, overlap, a stream and first touches on this machine itself.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "common/cli/interruption.h"
#include "common/cli/options.h"
#include "common/cli/progress.h"
#include "common/measure/chain.h"
#include "common/measure/machine_facts.h"
#include "common/measure/measure_point.h"
#include "common/measure/measurement_csv.h"
#include "common/measure/plan.h"
#include "common/results/atomic_directory.h"
#include "common/results/number_text.h"

namespace nestwalk::cli {
namespace {

namespace po = boost::program_options;

constexpr std::uint64_t most_memory_bytes = std::uint64_t{2} << 30;
constexpr double full_seconds = 0.4, quick_seconds = 0.02;  // per point

Options described() {
  Options options(
      "measure [-o FILE.csv] [--quick] [--seconds S]",
      "Measures memory on this machine, without the simulator: dependent loads of one line per\n"
      "page over numbers of pages and page sizes, several chains at once, a stream, and the first\n"
      "touch of pages. Each point has a process and fresh mappings of its own; the page size that\n"
      "the kernel has really mapped is checked. About half a minute, at most 2 GiB and half of\n"
      "what is free. 1G pages are measured where hugetlb pages of that size are free.\n"
      "nestwalk compare-machine puts the simulator's figures beside the file.",
      "");
  options.add()("output,o", po::value<std::string>()->value_name("FILE.csv"),
                "where to write (default: standard output)");
  options.add()("quick", "few points, seconds in all");
  options.add()("seconds", po::value<double>()->value_name("S"),
                "time spent on each point (default: 0.4; with --quick 0.02)");
  return options;
}

double seconds_per_point(const Options& options) {
  if (!options.has("seconds")) return options.has("quick") ? quick_seconds : full_seconds;
  const double seconds = options.get<double>("seconds");
  if (!(seconds > 0 && seconds <= 60))
    throw UserErrors(
        UserError{"", 0, "--seconds", fmt::format("is {}; allowed: above 0, up to 60", seconds)});
  return seconds;
}

// Before half a minute is spent.
void check_output(const std::string& file) {
  const auto folder = std::filesystem::absolute(file).parent_path();
  if (access(folder.c_str(), W_OK) != 0 || std::filesystem::is_directory(file))
    throw UserErrors(UserError{file, 0, "", "cannot be written"});
}

std::string text_of(const PointSpec& spec) {
  return fmt::format("{} of {} pages of {}{}", name(spec.kind), text_count(spec.pages),
                     text_bytes(static_cast<std::int64_t>(spec.page_bytes)),
                     spec.chains > 1 ? fmt::format(", {} chains", spec.chains) : "");
}

// Measures point by point until all are done or a signal comes.
Measurement measure(const std::vector<PointSpec>& plan, const SystemPages& system, double seconds) {
  Measurement done;
  done.machine = machine_facts();
  done.line_step_bytes = default_line_step_bytes;
  const bool terminal = isatty(STDERR_FILENO) != 0;
  for (std::size_t i = 0; i < plan.size() && !interrupted(); ++i) {
    if (terminal) draw_line(fmt::format("{} of {}: {}", i + 1, plan.size(), text_of(plan[i])));
    PointOutcome outcome =
        measure_point(plan[i], done.line_step_bytes, seconds, system, interrupted);
    if (terminal) draw_line("");
    if (outcome.point)
      done.points.push_back(*outcome.point);
    else if (!interrupted())
      std::cerr << fmt::format("nestwalk: left out: {}: {}\n", text_of(plan[i]), outcome.why_not);
  }
  return done;
}

}  // namespace

int measure_command(const Program&, const Arguments& arguments) {
  Options options = described();
  if (!options.parse(arguments)) return status_ok;
  const double seconds = seconds_per_point(options);
  if (options.has("output")) check_output(options.get<std::string>("output"));
  const SystemPages system = system_pages();
  const std::vector<PointSpec> plan =
      make_plan(options.has("quick") ? PlanSize::quick : PlanSize::full, system,
                std::min(most_memory_bytes, available_bytes() / 2));
  const Measurement done = measure(plan, system, seconds);
  if (!done.points.empty()) {
    if (options.has("output"))
      write_file(options.get<std::string>("output"), to_csv(done));
    else
      std::cout << to_csv(done);
  }
  const bool whole = !interrupted();
  if (!whole || options.has("output"))
    std::cerr << fmt::format("nestwalk: {}{} of {} points measured\n", whole ? "" : "interrupted; ",
                             done.points.size(), plan.size());
  return whole ? status_ok : interrupted_status;
}

}  // namespace nestwalk::cli
