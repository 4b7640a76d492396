#include "common/results/summary.h"

#include "common/results/metrics.h"

namespace nestwalk {
namespace {

void add_time(std::vector<Scalar>& all, const Results& r) {
  const Histogram translation = translation_overall(r);
  all.push_back({"simulated_cycles", "simulated time", "simulated\ncycles", "cycles", Kind::count,
                 r.simulated_cycles});
  all.push_back({"accesses", "accesses", "accesses", "accesses", Kind::count, accesses(r)});
  all.push_back({"instructions", "instructions", "instructions", "instructions", Kind::count,
                 r.instructions ? Cell{r.instructions} : Cell{}});
  all.push_back({"translation_mean_cycles", "translation, mean", "mean\ncycles",
                 "cycles per access", Kind::number, cell_of(translation.mean())});
  all.push_back({"translation_p50_cycles", "translation, p50", "p50\ncycles", "cycles", Kind::count,
                 translation.percentile(500)});
  all.push_back({"translation_p99_cycles", "translation, p99", "p99\ncycles", "cycles", Kind::count,
                 translation.percentile(990)});
  all.push_back({"access_mean_cycles", "access with data, mean", "access\ncycles",
                 "cycles per access", Kind::number, cell_of(r.access_latency.mean())});
}

void add_walks(std::vector<Scalar>& all, const Results& r) {
  const std::uint64_t n = accesses(r);
  const TlbCounts l2 = tlb_total(r.tlbs[index_of(TlbName::l2)]);
  all.push_back({"l2_tlb_misses_per_1000_accesses", "L2 TLB misses", "L2 TLB\nmisses\n/1000",
                 "per 1000 accesses", Kind::number, cell_of(per_thousand(l2.misses, n))});
  all.push_back({"walks_per_1000_accesses", "walks", "walks\n/1000", "per 1000 accesses",
                 Kind::number, cell_of(per_thousand(walk_count(r), n))});
  all.push_back({"entry_reads_per_walk", "entry reads", "entry\nreads\n/walk", "per completed walk",
                 Kind::number, cell_of(r.walks.completed.entry_reads.mean())});
  all.push_back({"walk_cycles_per_1000_accesses", "walk cycles", "walk\ncycles\n/1000",
                 "per 1000 accesses", Kind::number, cell_of(per_thousand(walk_cycles(r), n))});
}

void add_faults_and_memory(std::vector<Scalar>& all, const Results& r) {
  const auto& guest = r.memory[index_of(MemorySide::guest)];
  const auto& host = r.memory[index_of(MemorySide::host)];
  all.push_back({"guest_faults", "guest faults", "guest\nfaults", "faults", Kind::count,
                 r.faults[index_of(MemorySide::guest)].latency.count()});
  all.push_back({"host_faults", "host faults", "host\nfaults", "faults", Kind::count,
                 r.faults[index_of(MemorySide::host)].latency.count()});
  all.push_back({"fault_cycles_share", "fault software", "fault\nshare",
                 "of the cycles of all accesses", Kind::share, cell_of(fault_share(r))});
  all.push_back({"table_bytes", "table memory, both sides", "table\nmemory", "bytes", Kind::bytes,
                 table_bytes(r)});
  all.push_back({"guest_bloat_bytes", "guest bloat (mapped - touched)", "guest\nbloat", "bytes",
                 Kind::bytes, guest.bloat_bytes()});
  all.push_back({"host_bloat_bytes", "host bloat (mapped - touched)", "host\nbloat", "bytes",
                 Kind::bytes, host.bloat_bytes()});
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
  add_time(all, results);
  add_walks(all, results);
  add_faults_and_memory(all, results);
  return all;
}

std::optional<double> number_of(const Cell& cell) { return cell.visit(AsNumber{}); }

Cell cell_of(std::optional<double> number) { return number ? Cell{*number} : Cell{}; }

}  // namespace nestwalk
