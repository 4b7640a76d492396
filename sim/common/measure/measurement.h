// What `nestwalk measure` finds on the machine it runs on, as plain data, written to CSV and read
// back (measurement_csv.h). Times are nanoseconds of real time.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace nestwalk {

enum class PointKind : std::uint8_t {
  chase,   // loads of one line per page, each at the address that the one before gave; ns per load
  lines,   // dependent loads too, of all cache lines of all pages: data caches rather than TLBs
  stream,  // every cache line in the order of addresses; ns per line
  touch,   // the first access to each page of a fresh mapping, which clears it; ns per page
};
inline constexpr PointKind all_point_kinds[] = {PointKind::chase, PointKind::lines,
                                                PointKind::stream, PointKind::touch};
const char* name(PointKind kind);

// One measurement: what is asked of the machine.
struct PointSpec {
  PointKind kind = PointKind::chase;
  std::uint64_t page_bytes = 4096;  // a power of two
  std::uint64_t pages = 1;          // of the mapping
  std::uint32_t chains = 1;         // independent chains at the same time; 1 but for chase
};

struct Point {
  PointSpec spec;
  std::uint64_t obtained_page_bytes = 0;  // what the kernel says it mapped (page_size.h)
  double frequency_mhz = 0;               // of the core while this was measured
  double min_ns = 0;
  std::optional<double> median_ns{};  // of all repetitions; none: only a minimum is known
};

enum class Hypervisor : std::uint8_t { no, yes, unknown };
const char* name(Hypervisor hypervisor);

struct MachineFacts {
  std::string model_name;
  std::string vendor;
  std::string family, model, stepping;  // as the kernel prints them; empty: it does not
  std::string kernel;                   // release
  std::string date;                     // UTC, ISO 8601
  Hypervisor hypervisor = Hypervisor::unknown;
};

struct Measurement {
  MachineFacts machine;
  // Page i of a mapping is read at (i * line_step_bytes) mod its size, so that the lines do not
  // share one set of a cache, nor the base pages that large ones may be split into one of a TLB.
  std::uint64_t line_step_bytes = 0;
  std::vector<Point> points;
};

}  // namespace nestwalk
