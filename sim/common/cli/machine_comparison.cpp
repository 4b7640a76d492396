#include "common/cli/machine_comparison.h"

#include <bit>
#include <cmath>
#include <string>

namespace nestwalk::cli {
namespace {

std::uint64_t page_lg2(const ComparedPoint& point) {
  return static_cast<std::uint64_t>(std::countr_zero(point.measured.obtained_page_bytes));
}

// What its errors are told of together.
std::string group_of(const ComparedPoint& point) {
  const PointSpec& spec = point.measured.spec;
  if (spec.kind == PointKind::stream) return "stream";
  if (spec.kind == PointKind::lines) return "all lines";
  return spec.chains > 1 ? "several chains" : "one line per page";
}

}  // namespace

Table points_table(const std::vector<ComparedPoint>& points) {
  Table table{"points", "Time of an access, measured and simulated", {}, {}, {}, {}};
  table.columns = {{"kind", "kind", Kind::label},
                   {"page_lg2", "page", Kind::page},
                   {"pages", "pages", Kind::count},
                   {"chains", "chains", Kind::count},
                   {"measured_ns", "measured\nns", Kind::number},
                   {"simulated_ns", "simulated\nns", Kind::number},
                   {"error", "error\n%", Kind::percent},
                   {"measured_cycles", "measured\ncycles", Kind::number},
                   {"simulated_cycles", "simulated\ncycles", Kind::number}};
  for (const ComparedPoint& point : points) {
    const Point& measured = point.measured;
    table.rows.push_back(
        {{std::string(name(measured.spec.kind)), page_lg2(point), measured.spec.pages,
          std::uint64_t{measured.spec.chains}, measured.min_ns, point.simulated_ns, point.error(),
          measured.min_ns * measured.frequency_mhz / 1000, point.simulated_cycles},
         Shown::everywhere});
  }
  return table;
}

Table errors_table(const std::vector<ComparedPoint>& points) {
  Table table{"errors", "Errors", {}, {}, {}, {}};
  table.columns = {{"group", "what", Kind::label},
                   {"points", "points", Kind::count},
                   {"mean_error", "mean size\n%", Kind::percent},
                   {"worst_error", "worst\n%", Kind::percent},
                   {"worst_page_lg2", "at pages\nof", Kind::page},
                   {"worst_pages", "number\nof pages", Kind::count}};
  for (const char* group : {"one line per page", "several chains", "all lines", "stream"}) {
    std::uint64_t count = 0;
    double sum = 0;
    const ComparedPoint* worst = nullptr;
    for (const ComparedPoint& point : points) {
      if (group_of(point) != group) continue;
      ++count;
      sum += std::abs(point.error());
      if (!worst || std::abs(point.error()) > std::abs(worst->error())) worst = &point;
    }
    if (!worst) continue;
    table.rows.push_back({{std::string(group), count, sum / static_cast<double>(count),
                           worst->error(), page_lg2(*worst), worst->measured.spec.pages},
                          Shown::everywhere});
  }
  return table;
}

}  // namespace nestwalk::cli
