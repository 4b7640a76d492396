// What a run executes, as plain data: a generator, phases of generators, or a recorded trace.
// Filled by main from the configuration; checked by validate.h; turned into accesses by
// make_source.h.
#pragma once
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "common/workload/trace_format.h"

namespace nestwalk {

// Goes through the footprint in equal steps and round again; negative: downwards.
struct StrideLaw {
  std::int64_t stride_bytes = 64;
};
// Every access unit of the footprint is equally likely.
struct UniformLaw {};
// Rank r (1 = hottest) of the footprint's items has probability proportional to r^-exponent; the
// place within the item is uniform. Items are pages by default; item_bytes = 64 gives lines.
struct ZipfLaw {
  double exponent = 0.99;
  std::uint64_t item_bytes = 4096;
  bool scatter = true;  // ranks permuted over the footprint; false: the hottest item lies first
};
// A linked list through all nodes of the footprint, in an order that looks random, as one cycle:
// each lap visits each node once.
struct PointerChaseLaw {
  std::uint64_t node_bytes = 64;
  // Node i is read (i * offset_step_bytes) mod node_bytes behind its beginning: nodes of a page
  // each then do not share the sets of a cache.
  std::uint64_t offset_step_bytes = 0;
  // Every access waits for the one before (MemoryAccess::dependent). False: as many chains as there
  // are accesses in flight.
  bool dependent = true;
};

struct GeneratorSpec {
  std::variant<StrideLaw, UniformLaw, ZipfLaw, PointerChaseLaw> law = UniformLaw{};
  std::uint64_t base = std::uint64_t{1} << 36;             // of the data, 4 KiB-aligned
  std::uint64_t footprint_bytes = std::uint64_t{1} << 30;  // of the data
  std::uint64_t count = 1'000'000;                         // accesses of all kinds
  unsigned access_bytes = 8;                               // 1, 2, 4 ... 64; accesses are aligned
  double write_fraction = 0.3;                             // of the data accesses
  double fetch_fraction = 0;                               // of all accesses
  double instructions_per_access = 0;                      // 0: not known
  // Fetches run through the code region line by line, and round again.
  std::uint64_t code_base = std::uint64_t{1} << 22;  // 4 KiB-aligned
  std::uint64_t code_bytes = std::uint64_t{64} << 10;
  std::uint64_t seed = 0;   // mixed with the run's seed
  std::uint16_t space = 0;  // address space that makes the accesses
};

// The phases in order, `repeat` times over. A phase that comes round again goes on where it was.
struct PhasesSpec {
  std::vector<GeneratorSpec> phases;
  std::uint64_t repeat = 1;
};

struct TraceSpec {
  std::string path;  // plain, or compressed with gzip, xz or zstd
  TraceFormat format = TraceFormat::automatic;
  std::uint64_t skip = 0;   // accesses left out at the start (of each lap)
  std::uint64_t limit = 0;  // accesses delivered, of all laps; 0: to the end of the trace
  bool loop = false;        // begin again at the end; needs a limit
};

struct WorkloadSpec {
  std::variant<GeneratorSpec, PhasesSpec, TraceSpec> input = GeneratorSpec{};
};

}  // namespace nestwalk
