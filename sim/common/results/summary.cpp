#include "common/results/summary.h"

#include <fmt/format.h>

#include "common/results/metrics.h"

namespace nestwalk {
namespace {

using Scalars = std::vector<Scalar>;

Cell microseconds(const Results& r, std::uint64_t cycles) {
  const auto ns = nanoseconds(r, static_cast<double>(cycles));
  return ns ? Cell{*ns / 1000} : Cell{};
}

void add_translation(Scalars& all, const Results& r) {
  const Histogram& h = r.hardware_translation;
  const auto percentile = [&](const char* key, const char* name, std::uint64_t cycles) {
    all.push_back({fmt::format("hardware_translation_{}_cycles", key),
                   fmt::format("{}\ncycles", name), "cycles", Kind::count, cycles});
  };
  all.push_back({"hardware_translation_mean_cycles", "mean\ncycles", "cycles per access",
                 Kind::number, cell_of(h.mean())});
  all.push_back({"hardware_translation_mean_ns", "mean\nns", "ns per access", Kind::number,
                 cell_of(nanoseconds(r, h.mean()))});
  percentile("p50", "p50", h.percentile(500));
  percentile("p99", "p99", h.percentile(990));
  percentile("p99_9", "p99.9", h.percentile(999));
  percentile("max", "max", h.max());
  all.push_back({"translation_share", "share\nof data\naccess",
                 "of the time of data accesses without faults", Kind::share,
                 cell_of(translation_share(r))});
  all.push_back({"walk_cycles_per_1000_accesses", "walk\ncycles\n/1000\nacc.", "per 1000 accesses",
                 Kind::number, cell_of(per_thousand(walk_cycles(r), accesses(r)))});
  all.push_back({"walk_cycles_per_1000_instructions", "walk\ncycles\n/1000\ninstr.",
                 "per 1000 instructions", Kind::number,
                 cell_of(per_thousand(walk_cycles(r), r.instructions))});
}

void add_time(Scalars& all, const Results& r) {
  const Histogram translation = translation_overall(r);
  const auto steady = steady_cycles_per_access(r);
  all.push_back(
      {"simulated_cycles", "measured\ncycles", "cycles", Kind::count, r.simulated_cycles});
  all.push_back(
      {"simulated_us", "measured\nus", "us", Kind::number, microseconds(r, r.simulated_cycles)});
  all.push_back({"warmup_cycles", "warm-up\ncycles", "cycles", Kind::count, r.warmup_cycles});
  all.push_back({"unequal_end_share", "unequal\nend", "of the measured time", Kind::share,
                 cell_of(unequal_end_share(r))});
  all.push_back({"accesses", "accesses", "accesses", Kind::count, accesses(r)});
  all.push_back({"instructions", "instructions", "instructions", Kind::count,
                 r.instructions ? Cell{r.instructions} : Cell{}});
  all.push_back({"steady_cycles_per_access", "steady\ncycles\n/access", "cycles per access",
                 Kind::number, cell_of(steady)});
  all.push_back({"steady_ns_per_access", "steady\nns\n/access", "ns per access", Kind::number,
                 cell_of(nanoseconds(r, steady))});
  all.push_back({"translation_mean_cycles", "mean\ncycles", "cycles per access", Kind::number,
                 cell_of(translation.mean())});
  all.push_back({"access_mean_cycles", "access\ncycles", "cycles per access", Kind::number,
                 cell_of(r.access_latency.mean())});
}

void add_walks(Scalars& all, const Results& r) {
  const std::uint64_t n = accesses(r);
  const TlbCounts l2 = tlb_total(r.tlbs[index_of(TlbName::l2)]);
  all.push_back({"l2_tlb_misses_per_1000_accesses", "L2 TLB\nmisses\n/1000", "per 1000 accesses",
                 Kind::number, cell_of(per_thousand(l2.misses, n))});
  all.push_back({"walks_per_1000_accesses", "walks\n/1000", "per 1000 accesses", Kind::number,
                 cell_of(per_thousand(walk_count(r), n))});
  all.push_back({"entry_reads_per_walk", "entry\nreads\n/walk", "per completed walk", Kind::number,
                 cell_of(r.walks.completed.entry_reads.mean())});
}

void add_faults(Scalars& all, const Results& r, MemorySide side) {
  const Faults& faults = r.faults[index_of(side)];
  const std::string key(memory_sides[index_of(side)].key);
  const Histogram& h = faults.latency;
  const auto add = [&](const char* what, std::string header, const char* unit, Kind kind,
                       Cell value) {
    all.push_back({fmt::format("{}_{}", key, what), fmt::format("{}\n{}", key, header), unit, kind,
                   std::move(value)});
  };
  add("faults", "faults", "faults that mapped something", Kind::count, h.count());
  add("fault_p50_us", "p50\nus", "us per fault", Kind::number, microseconds(r, h.percentile(500)));
  add("fault_p99_us", "p99\nus", "us per fault", Kind::number, microseconds(r, h.percentile(990)));
  add("fault_max_us", "max\nus", "us per fault", Kind::number, microseconds(r, h.max()));
  add("spurious_faults", "spurious\nfaults", "faults that mapped nothing", Kind::count,
      faults.spurious.count());
  if (side == MemorySide::guest)
    add("fault_host_share", "of it\nhost", "of the guest's faults that mapped something",
        Kind::share, cell_of(ratio(faults.host_cycles, h.sum())));
}

void add_memory(Scalars& all, const Results& r) {
  const auto& guest = r.memory[index_of(MemorySide::guest)];
  const auto& host = r.memory[index_of(MemorySide::host)];
  all.push_back({"table_bytes", "table\nmemory", "bytes", Kind::bytes, table_bytes(r)});
  all.push_back({"guest_bloat_bytes", "guest\nbloat", "bytes", Kind::bytes, guest.bloat_bytes()});
  all.push_back({"host_bloat_bytes", "host\nbloat", "bytes", Kind::bytes, host.bloat_bytes()});
}

void add_memory_system(Scalars& all, const Results& r) {
  const DramUse& dram = r.memory_system.dram;
  const auto mean = ratio(dram.latency_cycles, dram.accesses());
  for (std::size_t i = 0; i < cache_levels.size(); ++i) {
    const CacheUse& use = r.memory_system.caches[i];
    all.push_back({fmt::format("{}_cache_hit_rate", cache_levels[i].key),
                   fmt::format("{}\nhits", cache_levels[i].label), "of the cache's accesses",
                   Kind::share, cell_of(ratio(use.hits, use.accesses()))});
  }
  all.push_back({"dram_accesses_per_1000_accesses", "DRAM\n/1000\nacc.", "per 1000 accesses",
                 Kind::number, cell_of(per_thousand(dram.accesses(), accesses(r)))});
  all.push_back({"dram_row_hit_rate", "row\nhits", "of DRAM's accesses", Kind::share,
                 cell_of(ratio(dram.row_hits, dram.accesses()))});
  all.push_back({"dram_mean_ns", "DRAM\nns", "ns per DRAM access", Kind::number,
                 cell_of(nanoseconds(r, mean))});
  all.push_back({"dram_gb_per_s", "GB/s", "GB/s", Kind::number, cell_of(dram_gb_per_s(r))});
  all.push_back({"dram_peak_share", "of\npeak", "of the channels' peak", Kind::share,
                 cell_of(dram_peak_share(r))});
}

struct AsNumber {
  std::optional<double> operator()(Cell::Unknown) const { return std::nullopt; }
  std::optional<double> operator()(const std::string&) const { return std::nullopt; }
  template <class Number>
  std::optional<double> operator()(Number number) const {
    return static_cast<double>(number);
  }
};

}  // namespace

std::vector<Scalar> summary(const Results& results) {
  std::vector<Scalar> all;
  add_translation(all, results);
  add_time(all, results);
  add_walks(all, results);
  for (const MemorySide side : {MemorySide::guest, MemorySide::host})
    add_faults(all, results, side);
  all.push_back({"fault_us", "all\nfaults\nus", "us", Kind::number,
                 microseconds(results, fault_cycles(results))});
  all.push_back({"fault_time_share", "fault\nshare", "of the vCPUs' time", Kind::share,
                 cell_of(fault_time_share(results))});
  add_memory(all, results);
  add_memory_system(all, results);
  return all;
}

std::optional<double> number_of(const Cell& cell) { return cell.visit(AsNumber{}); }

Cell cell_of(std::optional<double> number) { return number ? Cell{*number} : Cell{}; }

}  // namespace nestwalk
