// `nestwalk compare-machine`: the accesses of a measurement, run through the simulator.
#include <fmt/format.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "common/cli/interruption.h"
#include "common/cli/machine_comparison.h"
#include "common/cli/machine_runs.h"
#include "common/cli/options.h"
#include "common/config/presets.h"
#include "common/measure/measurement_csv.h"
#include "common/results/atomic_directory.h"
#include "common/results/write_results.h"

namespace nestwalk::cli {
namespace {

namespace po = boost::program_options;
namespace fs = std::filesystem;

constexpr const char* host_policies[] = {"base", "thp", "hugetlb-1G"};

Options described() {
  Options options(
      "compare-machine FILE.csv --preset P [--host-policy H] [-s KEY=VALUE ...] [-o FILE.csv]",
      "Runs the accesses of a measurement (nestwalk measure) through the simulator and prints\n"
      "both curves beside each other, with the error of each point. What was measured under a\n"
      "hypervisor is simulated with two stages. First touches are not simulated.",
      "measurement");
  options.add_config_options();
  options.add()("preset,p", po::value<std::string>()->value_name("P"),
                "the machine preset that is compared; nestwalk list presets");
  options.add()("host-policy", po::value<std::string>()->default_value("thp")->value_name("H"),
                "what the hypervisor backs the guest's memory with: base, thp or hugetlb-1G");
  options.add()("frequency", po::value<double>()->value_name("MHZ"),
                "turns simulated cycles into time (default: the preset's clock)");
  options.add()("output,o", po::value<std::string>()->value_name("FILE.csv"),
                "writes the points as CSV too");
  options.add()("jobs,j", po::value<unsigned>()->default_value(0)->value_name("N"),
                "runs at the same time (default: one per processor)");
  return options;
}

[[noreturn]] void refuse(const std::string& key, const std::string& message) {
  throw UserErrors(UserError{"", 0, key, message});
}

// A folder for configs and results, gone at the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "nestwalk-XXXXXX").string();
    if (!mkdtemp(pattern.data())) refuse("", pattern + " cannot be created");
    path_ = pattern;
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// As a config in another folder has to name it.
std::string preset_name(const std::string& given) {
  return config::is_library_name(given) ? given : fs::absolute(given).string();
}

MachineSetting make_setting(const Options& options, const Measurement& measurement,
                            const std::string& file) {
  if (!options.has("preset")) refuse("--preset", "missing; see nestwalk list presets");
  MachineSetting setting;
  setting.preset = preset_name(options.get<std::string>("preset"));
  setting.host_policy = options.get<std::string>("host-policy");
  if (std::find(std::begin(host_policies), std::end(host_policies), setting.host_policy) ==
      std::end(host_policies))
    refuse("--host-policy", fmt::format("is '{}'; allowed: {}", setting.host_policy,
                                        fmt::join(host_policies, ", ")));
  if (options.has("set")) setting.set = options.get<std::vector<std::string>>("set");
  const bool stages_given = std::any_of(
      setting.set.begin(), setting.set.end(),
      [](const std::string& option) { return option.starts_with("translation.stages="); });
  if (measurement.machine.hypervisor == Hypervisor::unknown && !stages_given)
    throw UserErrors(
        UserError{file, 0, "hypervisor",
                  "unknown; say -s translation.stages=one, or two under a hypervisor"});
  setting.stages = measurement.machine.hypervisor == Hypervisor::no ? "one" : "two";
  setting.line_step_bytes = measurement.line_step_bytes;
  setting.base_page_bytes = std::uint64_t{1} << 34;
  for (const Point& point : measurement.points)
    setting.base_page_bytes = std::min(setting.base_page_bytes, point.obtained_page_bytes);
  return setting;
}

// The clock at which simulated cycles become time.
double clock_mhz(const Program& program, const Options& options, const fs::path& config_file) {
  if (!options.has("frequency"))
    return static_cast<double>(choose_config(program, config_file.string(), options.overrides(), "")
                                   .config.at("machine.frequency_mhz")
                                   .as_uint());
  const double mhz = options.get<double>("frequency");
  if (!(mhz > 0)) refuse("--frequency", fmt::format("is {}; allowed: above 0", mhz));
  return mhz;
}

unsigned terminal_columns() {
  winsize size{};
  const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 100;
}

void print(const Measurement& measurement, const MachineSetting& setting, double mhz,
           const std::vector<ComparedPoint>& points) {
  const MachineFacts& machine = measurement.machine;
  const TextStyle style{isatty(STDOUT_FILENO) != 0, terminal_columns()};
  std::cout << fmt::format("measured:  {}, family {}, model {}, {}\n", machine.model_name,
                           machine.family, machine.model, machine.date)
            << fmt::format("simulated: {} at {:.0f} MHz, {}\n\n", setting.preset, mhz,
                           setting.stages == "one"
                               ? "no hypervisor"
                               : "under a hypervisor that maps " + setting.host_policy)
            << to_text(points_table(points), style) << "\n"
            << to_text(errors_table(points), style);
}

}  // namespace

int compare_machine_command(const Program& program, const Arguments& arguments) {
  Options options = described();
  if (!options.parse(arguments)) return status_ok;
  const std::string file = options.only_positional();
  const Measurement measurement = read_measurement(read_file(file), file);
  const MachineSetting setting = make_setting(options, measurement, file);
  std::vector<Point> points;
  std::copy_if(measurement.points.begin(), measurement.points.end(), std::back_inserter(points),
               is_simulated);
  if (points.empty()) throw UserErrors(UserError{file, 0, "", "no loads and no streams in it"});

  const TemporaryFolder folder;
  std::vector<ChildTask> tasks;
  for (std::size_t i = 0; i < points.size(); ++i)
    tasks.push_back(point_task(points[i], setting, folder.path() / std::to_string(i)));
  const double mhz = clock_mhz(program, options, folder.path() / "0" / "config.yaml");
  ChildPool pool(program.executable, tasks, options.get<unsigned>("jobs"));
  pool.run();
  if (interrupted()) {
    std::cerr << "nestwalk: interrupted; nothing was written\n";
    return interrupted_status;
  }
  if (const int status = report_failures(tasks, pool.children()); status != status_ok)
    return status;

  std::vector<ComparedPoint> compared;
  for (std::size_t i = 0; i < points.size(); ++i) {
    const Results results = read_results(folder.path() / std::to_string(i) / "result");
    const double cycles = cycles_per_access(points[i], results);
    compared.push_back({points[i], cycles, cycles * 1000 / mhz});
  }
  print(measurement, setting, mhz, compared);
  if (options.has("output"))
    write_file(options.get<std::string>("output"), to_csv(points_table(compared)));
  return status_ok;
}

}  // namespace nestwalk::cli
