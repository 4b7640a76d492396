#include "common/cli/machine_runs.h"

#include <fmt/format.h>

#include <algorithm>

#include "common/base/bits.h"
#include "common/base/check.h"
#include "common/results/atomic_directory.h"

namespace nestwalk::cli {
namespace {

constexpr std::uint64_t mib = std::uint64_t{1} << 20, gib = std::uint64_t{1} << 30;
constexpr std::uint64_t fewest_measured = 20'000;
constexpr std::uint64_t line_bytes = 64;
// Of a stream: longer ones say nothing new once no cache holds what comes round again.
constexpr std::uint64_t most_stream_bytes = 64 * mib;

std::string policy(std::uint64_t page_bytes, std::uint64_t base_page_bytes) {
  if (page_bytes == base_page_bytes) return "base";
  return page_bytes == gib ? "hugetlb-1G" : "thp";
}

struct Accesses {
  std::string workload;  // the value of the config's key
  std::uint64_t footprint_bytes, warmup;
};

// Pages are touched in the order of their addresses, and all that is read later is read twice,
// before statistics begin; then come whole rounds.
Accesses accesses_of(const Point& point, const MachineSetting& setting) {
  const PointSpec& spec = point.spec;
  std::uint64_t footprint_bytes = spec.pages * spec.page_bytes;
  if (spec.kind == PointKind::stream)
    footprint_bytes = std::min(footprint_bytes, most_stream_bytes);
  const bool per_page = spec.kind == PointKind::chase;
  const std::uint64_t node_bytes = per_page ? spec.page_bytes : line_bytes;
  const std::uint64_t nodes = footprint_bytes / node_bytes;
  const std::uint64_t pages = footprint_bytes / spec.page_bytes;
  const std::uint64_t measured = (fewest_measured + nodes - 1) / nodes * nodes;
  const std::string law =
      spec.kind == PointKind::stream
          ? fmt::format("kind: stride, stride: {}", line_bytes)
          : fmt::format("kind: pointer_chase, node_bytes: {}, offset_step: {}, dependent: {}",
                        node_bytes, per_page ? setting.line_step_bytes : 0, spec.chains == 1);
  const std::string phase = "{{{}, footprint: {}, accesses: {}, write_fraction: {}}}";
  const std::string touch =
      fmt::format(fmt::runtime(phase), fmt::format("kind: stride, stride: {}", spec.page_bytes),
                  footprint_bytes, pages, 1);
  return {
      fmt::format("{{kind: phases, phases: [{}, {}]}}", touch,
                  fmt::format(fmt::runtime(phase), law, footprint_bytes, 2 * nodes + measured, 0)),
      footprint_bytes, pages + 2 * nodes};
}

}  // namespace

bool is_simulated(const Point& point) { return point.spec.kind != PointKind::touch; }

std::string point_config(const Point& point, const MachineSetting& setting) {
  const Accesses accesses = accesses_of(point, setting);
  // Room for the pages, the tables, and a pool's remainder.
  const std::uint64_t guest_bytes =
      align_up(accesses.footprint_bytes + accesses.footprint_bytes / 4 + 3 * gib, 30);
  std::string config = fmt::format("name: point\nmachine: {{preset: {}}}\n", setting.preset) +
                       fmt::format("guest: {{memory: {}, policy: {}}}\n", guest_bytes,
                                   policy(point.obtained_page_bytes, setting.base_page_bytes)) +
                       fmt::format("workload: {}\n", accesses.workload) +
                       fmt::format("warmup_accesses: {}\n", accesses.warmup);
  const std::string granule =
      setting.base_page_bytes == 4096
          ? ""
          : fmt::format(", arm64: {{granule: {}K}}", setting.base_page_bytes / 1024);
  config += fmt::format("translation: {{stages: {}{}}}\n", setting.stages, granule);
  // Base pages of a host that has run for long lie anywhere.
  if (setting.stages == "two")
    config +=
        fmt::format("host: {{memory: {}, policy: {}, frames: {}}}\n", 2 * guest_bytes,
                    setting.host_policy, setting.host_policy == "base" ? "scattered" : "lowest");
  return config;
}

ChildTask point_task(const Point& point, const MachineSetting& setting,
                     const std::filesystem::path& folder) {
  const PointSpec& spec = point.spec;
  const std::filesystem::path file = folder / "config.yaml";
  std::filesystem::create_directories(folder);
  write_file(file, point_config(point, setting));
  ChildTask task;
  task.name = fmt::format("{}-{}", name(spec.kind), spec.pages);
  task.arguments = {"run", file.string(), "--quiet", "--output", (folder / "result").string()};
  if (spec.kind == PointKind::chase && spec.chains > 1)
    task.arguments.insert(task.arguments.end(),
                          {"--set", fmt::format("machine.max_outstanding={}", spec.chains)});
  for (const std::string& option : setting.set)
    task.arguments.insert(task.arguments.end(), {"--set", option});
  return task;
}

double cycles_per_access(const Point& point, const Results& results) {
  const double count = static_cast<double>(results.access_latency.count());
  NW_CHECK(count > 0, "a run of a measured point has no accesses");
  if (point.spec.kind == PointKind::stream)
    return static_cast<double>(results.simulated_cycles) / count;
  return static_cast<double>(results.access_latency.sum()) / count / point.spec.chains;
}

}  // namespace nestwalk::cli
