// Measurements as files: written and read back the same; mistakes told with their lines.
#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "common/base/user_error.h"
#include "common/measure/measurement_csv.h"

using namespace nestwalk;

namespace {

Measurement example() {
  Measurement measurement;
  measurement.machine = {"A CPU, fast",          "Maker",        "25", "17", "1", "6.1",
                         "2026-11-25T09:00:00Z", Hypervisor::yes};
  measurement.line_step_bytes = 4160;
  measurement.points = {{{PointKind::chase, 4096, 56, 1}, 4096, 3700, 1.081, 1.1},
                        {{PointKind::chase, 2 << 20, 84, 4}, 4096, 3700, 14.0, {}},
                        {{PointKind::touch, 4096, 1000, 1}, 4096, 3700, 512.25, 600}};
  return measurement;
}

// The texts of what is wrong in `csv`.
std::vector<std::string> errors_of(const std::string& csv) {
  std::vector<std::string> texts;
  try {
    (void)read_measurement(csv, "m.csv");
  } catch (const UserErrors& errors) {
    for (const UserError& error : errors.all()) texts.push_back(error.text());
  }
  return texts;
}

const std::string columns = std::string(measurement_columns) + "\n";

std::vector<std::string> errors_of_line(const std::string& line) {
  return errors_of(columns + line + "\n");
}

}  // namespace

TEST_CASE("written and read back it is the same") {
  const std::string csv = to_csv(example());
  const Measurement back = read_measurement(csv, "m.csv");
  CHECK(to_csv(back) == csv);
  CHECK(back.machine.model_name == "A CPU, fast");
  CHECK(back.machine.hypervisor == Hypervisor::yes);
  CHECK(back.line_step_bytes == 4160);
  REQUIRE(back.points.size() == 3);
  CHECK(back.points[0].min_ns == 1.081);
  CHECK(back.points[1].spec.chains == 4);
  CHECK(back.points[1].spec.page_bytes == 2 << 20);
  CHECK(back.points[1].obtained_page_bytes == 4096);
  CHECK_FALSE(back.points[1].median_ns);
  CHECK(back.points[2].spec.kind == PointKind::touch);
  CHECK(back.points[2].median_ns == 600);
}

TEST_CASE("doubles keep every digit") {
  Measurement measurement = example();
  measurement.points[0].min_ns = 1.0 / 3;
  CHECK(read_measurement(to_csv(measurement), "").points[0].min_ns == 1.0 / 3);
}

TEST_CASE("comments, blank lines, spaces and Windows line ends do not matter") {
  const Measurement read = read_measurement(
      "# source: by hand\r\n\r\n" + columns + "chase, 4096 ,4096,56,1,3700,1.08,\r\n", "m.csv");
  REQUIRE(read.points.size() == 1);
  CHECK(read.points[0].min_ns == 1.08);
  CHECK(read.machine.hypervisor == Hypervisor::unknown);
}

TEST_CASE("mistakes are told with their lines") {
  using Texts = std::vector<std::string>;
  CHECK(errors_of("").size() == 1);
  CHECK(errors_of(columns) == Texts{"m.csv: has no points; at least one line below the column "
                                    "names"});
  CHECK(errors_of("kind,pages\n")[0].starts_with("m.csv:1: the columns are 'kind,pages'"));
  CHECK(errors_of_line("chase,4096,4096,56,1,3700")[0].starts_with("m.csv:2: 6 fields"));
  CHECK(errors_of_line("chases,4096,4096,56,1,3700,1,1") ==
        Texts{"m.csv:2: kind: is 'chases'; allowed: chase, lines, stream, touch"});
  CHECK(errors_of_line("chase,5000,4096,56,1,3700,1,1")[0].starts_with(
      "m.csv:2: page_bytes: is '5000'"));
  CHECK(errors_of_line("chase,4096,4096,0,1,3700,1,1")[0].starts_with("m.csv:2: pages: is '0'"));
  CHECK(errors_of_line("chase,4096,4096,56,65,3700,1,1")[0].starts_with("m.csv:2: chains"));
  CHECK(errors_of_line("chase,4096,4096,56,1,x,1,1")[0].starts_with("m.csv:2: frequency_mhz"));
  for (const char* time : {"0", "-1", "nan", "inf", "1.0ns", ""})
    CHECK(errors_of_line("chase,4096,4096,56,1,3700," + std::string(time) + ",1")[0].starts_with(
        "m.csv:2: min_ns"));
  CHECK(errors_of_line("chase,4096,4096,56,1,3700,2,1") ==
        Texts{"m.csv:2: median_ns: 1 lies below min_ns, 2"});
  CHECK(errors_of("# hypervisor: maybe\n" + columns + "chase,4096,4096,56,1,1,1,1\n") ==
        Texts{"m.csv:1: hypervisor: is 'maybe'; allowed: yes, no, unknown"});
  CHECK(errors_of("# line_step_bytes: 100\n" + columns + "chase,4096,4096,56,1,1,1,1\n").size() ==
        1);
}

TEST_CASE("all mistakes at once") { CHECK(errors_of_line("chase,1,2,0,0,0,0,0").size() == 7); }
