#include <fmt/format.h>

#include "common/measure/measurement_csv.h"

namespace nestwalk {

std::string to_csv(const Measurement& measurement) {
  const MachineFacts& machine = measurement.machine;
  std::string csv = fmt::format(
      "# {}\n# machine: {}\n# vendor: {}\n# family: {}\n# model: {}\n# stepping: {}\n"
      "# hypervisor: {}\n# kernel: {}\n# date: {}\n# line_step_bytes: {}\n{}\n",
      measurement_title, machine.model_name, machine.vendor, machine.family, machine.model,
      machine.stepping, name(machine.hypervisor), machine.kernel, machine.date,
      measurement.line_step_bytes, measurement_columns);
  for (const Point& point : measurement.points) {
    csv += fmt::format("{},{},{},{},{},{:.0f},{},{}\n", name(point.spec.kind),
                       point.spec.page_bytes, point.obtained_page_bytes, point.spec.pages,
                       point.spec.chains, point.frequency_mhz, point.min_ns,
                       point.median_ns ? fmt::format("{}", *point.median_ns) : "");
  }
  return csv;
}

}  // namespace nestwalk
