#include "common/workload/trace_format.h"

#include <doctest/doctest.h>

#include "support.h"

using namespace workload_test;

TEST_CASE("format names go both ways") {
  for (const auto& row : trace_formats) {
    CHECK(trace_format_name(row.format) == row.name);
    CHECK(trace_format_named(row.name) == row.format);
  }
  CHECK(trace_format_named("gem5") == std::nullopt);
}

TEST_CASE("text is recognised by its first significant line") {
  CHECK(recognise_trace("R 1000\n", "") == TraceFormat::plain);
  CHECK(recognise_trace("# a, b\n\n I 10 4\n", "") == TraceFormat::plain);
  CHECK(recognise_trace("I  04000000,3\n", "") == TraceFormat::lackey);
  CHECK(recognise_trace("==1== a\n L 04000000,3\n", "") == TraceFormat::lackey);
  CHECK(recognise_trace("==1== a\n==1== b", "") == TraceFormat::lackey);
  CHECK(recognise_trace("# only this", "") == TraceFormat::plain);
}

TEST_CASE("what is no trace is refused") {
  CHECK(error_of([] { read_all(TraceFormat::automatic, std::string(4096, '\x03')); }) ==
        "trace: the trace format is not recognised; allowed formats: champsim, champsim-asid, "
        "lackey, plain");
  for (const auto& row : trace_formats)
    CHECK(error_of([&] { read_all(row.format, ""); }) == "trace: the trace is empty");
}
