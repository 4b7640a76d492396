// Writes result.json and host.json.
#include "common/results/json.h"
#include "common/results/json_text.h"
#include "common/results/metrics.h"
#include "common/results/summary.h"

namespace nestwalk {
namespace {

Json json_of(const Histogram& h) {
  Json buckets = Json::array();
  for (const Histogram::Bucket& bucket : h.buckets())
    buckets.push_back(Json::array({bucket.lower, bucket.count}));
  return {{"count", h.count()},         {"sum", h.sum()},           {"mean", json_number(h.mean())},
          {"p50", h.percentile(500)},   {"p90", h.percentile(900)}, {"p99", h.percentile(990)},
          {"p99_9", h.percentile(999)}, {"max", h.max()},           {"buckets", buckets}};
}

Json json_of(const CountByPage& by_page, const char* what) {
  Json rows = Json::array();
  for (const auto& [page_lg2, count] : by_page)
    rows.push_back({{"page_lg2", page_lg2}, {what, count}});
  return rows;
}

Json json_of(const std::vector<Label>& labels) {
  Json json = Json::object();
  for (const Label& label : labels) json[label.name] = label.value;
  return json;
}

Json json_of(const Meta& meta) {
  Json costs = Json::array();
  for (const CostSource& cost : meta.costs)
    costs.push_back({{"key", cost.key},
                     {"cycles", cost.cycles},
                     {"kind", cost_kinds[index_of(cost.kind)].key},
                     {"source", cost.source}});
  return {{"nestwalk_version", meta.nestwalk_version},
          {"name", meta.name},
          {"variant", meta.variant},
          {"seed", meta.seed},
          {"frequency_mhz", meta.frequency_mhz},
          {"workload", {{"name", meta.workload_name}, {"identity", meta.workload_identity}}},
          {"labels", json_of(meta.labels)},
          {"level_names", {{"stage1", meta.stage1_levels}, {"stage2", meta.stage2_levels}}},
          {"warnings", meta.warnings},
          {"costs", costs},
          {"settings", json_of(meta.settings)},
          {"config_yaml", meta.config_yaml}};
}

Json json_of_summary(const Results& results) {
  Json json = Json::object();
  for (const Scalar& scalar : summary(results)) json[scalar.key] = json_cell(scalar.value);
  return json;
}

Json json_of_vcpus(const Results& results) {
  Json json = Json::array();
  for (const VcpuTotals& vcpu : results.vcpus) {
    Json spans = Json::object();
    for (std::size_t i = 0; i < time_spans.size(); ++i)
      spans[std::string(time_spans[i].key)] = vcpu.span_cycles[i];
    json.push_back({{"vcpu", json.size()},
                    {"accesses", vcpu.accesses},
                    {"last_cycle", vcpu.last_cycle},
                    {"span_cycles", spans}});
  }
  return json;
}

Json json_of_translation(const Results& results) {
  Json by_served = Json::object();
  for (std::size_t i = 0; i < how_served.size(); ++i)
    by_served[std::string(how_served[i].key)] = json_of(results.translation_latency[i]);
  return {{"overall", json_of(translation_overall(results))}, {"by_served", by_served}};
}

Json hardware_ns(const Results& results) {
  const Histogram& h = results.hardware_translation;
  const auto ns = [&](std::uint64_t cycles) {
    return json_number(nanoseconds(results, static_cast<double>(cycles)));
  };
  return {{"mean", json_number(nanoseconds(results, h.mean()))},
          {"p50", ns(h.percentile(500))},
          {"p99", ns(h.percentile(990))},
          {"p99_9", ns(h.percentile(999))},
          {"max", ns(h.max())}};
}

Json json_of_time_split(const Results& results) {
  Json json = Json::object();
  for (std::size_t i = 0; i < time_spans.size(); ++i)
    json[std::string(time_spans[i].key)] = {
        {"cycles", results.span_cycles[i]},
        {"share", json_number(span_share(results, static_cast<TimeSpan>(i)))}};
  return json;
}

Json json_of(const TlbCounts& counts, const Results& results) {
  return {{"lookups", counts.lookups()},
          {"hits", counts.hits},
          {"misses", counts.misses},
          {"merged", counts.merged},
          {"misses_per_1000_accesses", json_number(per_thousand(counts.misses, accesses(results)))},
          {"misses_per_1000_instructions",
           json_number(per_thousand(counts.misses, results.instructions))}};
}

Json json_of_tlbs(const Results& results) {
  Json json = Json::object();
  for (std::size_t i = 0; i < tlb_names.size(); ++i) {
    Json tlb = json_of(tlb_total(results.tlbs[i]), results);
    Json by_page = Json::array();
    for (const auto& [page_lg2, counts] : results.tlbs[i]) {
      Json row{{"page_lg2", page_lg2}};
      row.update(json_of(counts, results));
      by_page.push_back(std::move(row));
    }
    tlb["by_page_size"] = std::move(by_page);
    json[std::string(tlb_names[i].key)] = std::move(tlb);
  }
  return json;
}

Json json_of(const WalkGroup& group) {
  return {{"entry_reads", json_of(group.entry_reads)}, {"latency_cycles", json_of(group.latency)}};
}

Json json_of_walks(const Results& results) {
  Json completed = json_of(results.walks.completed);
  completed["by_page_size"] = json_of(results.walks.completed_by_page, "walks");
  return {{"count", walk_count(results)},
          {"cycles", walk_cycles(results)},
          {"entry_reads", entry_reads(results)},
          {"discarded", results.walks.discarded},
          {"completed", completed},
          {"faulted", json_of(results.walks.faulted)}};
}

Json json_of_references(const Results& results) {
  const auto height = [](int h) { return h < 0 ? Json(nullptr) : Json(h); };
  Json json = Json::array();
  for (const ReferenceRow& row : results.references) {
    Json served = Json::object();
    for (std::size_t i = 0; i < read_from.size(); ++i)
      served[std::string(read_from[i].key)] = row.count[i];
    json.push_back({{"stage1_height", height(row.stage1_height)},
                    {"stage2_height", height(row.stage2_height)},
                    {"count", reference_count(row)},
                    {"served", served},
                    {"read_cycles", row.read_cycles},
                    {"mean_read_cycles", json_number(mean_read_cycles(row))}});
  }
  return json;
}

Json json_of_faults(const Results& results) {
  Json json = Json::object();
  for (std::size_t i = 0; i < memory_sides.size(); ++i)
    json[std::string(memory_sides[i].key)] = {
        {"latency_cycles", json_of(results.faults[i].latency)},
        {"host_cycles", results.faults[i].host_cycles},
        {"spurious_latency_cycles", json_of(results.faults[i].spurious)},
        {"spurious_host_cycles", results.faults[i].spurious_host_cycles},
        {"by_page_size", json_of(results.faults[i].by_page, "faults")}};
  return json;
}

Json json_of_caches(const Results& results) {
  Json json = Json::object();
  for (std::size_t i = 0; i < cache_levels.size(); ++i) {
    const CacheUse& use = results.memory_system.caches[i];
    json[std::string(cache_levels[i].key)] = {
        {"accesses", use.accesses()},
        {"hits", use.hits},
        {"misses", use.misses},
        {"merged", use.merged},
        {"latency_cycles", use.latency_cycles},
        {"hit_rate", json_number(ratio(use.hits, use.accesses()))},
        {"mean_cycles", json_number(ratio(use.latency_cycles, use.accesses()))}};
  }
  return json;
}

Json json_of_dram(const Results& results) {
  const DramUse& use = results.memory_system.dram;
  return {{"accesses", use.accesses()},
          {"row_hits", use.row_hits},
          {"row_misses", use.row_misses},
          {"row_conflicts", use.row_conflicts},
          {"bytes", use.bytes},
          {"bus_busy_cycles", use.bus_busy_cycles},
          {"latency_cycles", use.latency_cycles},
          {"queueing_cycles", use.queueing_cycles},
          {"peak_bytes_per_cycle", use.peak_bytes_per_cycle},
          {"mean_cycles", json_number(ratio(use.latency_cycles, use.accesses()))},
          {"gb_per_s", json_number(dram_gb_per_s(results))},
          {"peak_share", json_number(dram_peak_share(results))}};
}

Json json_of_memory(const Results& results) {
  Json json = Json::object();
  for (std::size_t i = 0; i < memory_sides.size(); ++i) {
    const MemoryUse& use = results.memory[i];
    json[std::string(memory_sides[i].key)] = {{"table_bytes", use.table_bytes},
                                              {"mapped_bytes", use.mapped_bytes},
                                              {"touched_bytes", use.touched_bytes},
                                              {"bloat_bytes", use.bloat_bytes()},
                                              {"huge_fallbacks", use.huge_fallbacks},
                                              {"allocation_failures", use.allocation_failures},
                                              {"by_page_size", json_of(use.pages, "pages")}};
  }
  return json;
}

}  // namespace

std::string to_json(const Results& results) {
  Json json{{"schema", results_schema}, {"kind", "nestwalk-result"}};
  json.update(json_of(results.meta));
  json["summary"] = json_of_summary(results);
  json["vcpus"] = json_of_vcpus(results);
  json["hardware_translation_cycles"] = json_of(results.hardware_translation);
  json["fetch_translation_cycles"] = results.fetch_translation_cycles;
  json["hardware_translation_ns"] = hardware_ns(results);
  json["steady_access_cycles"] = json_of(results.steady_access);
  json["translation_latency_cycles"] = json_of_translation(results);
  json["access_latency_cycles"] = json_of(results.access_latency);
  json["time_split"] = json_of_time_split(results);
  json["tlbs"] = json_of_tlbs(results);
  json["walks"] = json_of_walks(results);
  json["references"] = json_of_references(results);
  json["faults"] = json_of_faults(results);
  json["shootdowns"] = {{"targets", results.shootdowns.targets},
                        {"latency_cycles", json_of(results.shootdowns.latency)}};
  json["caches"] = json_of_caches(results);
  json["dram"] = json_of_dram(results);
  json["memory"] = json_of_memory(results);
  return json_text(json);
}

std::string host_to_json(const Results& results) {
  if (!results.host) return "{}\n";
  return json_text({{"wall_seconds", results.host->wall_seconds},
                    {"simulation_seconds", results.host->simulation_seconds},
                    {"accesses_per_second", json_number(accesses_per_second(results))},
                    {"peak_memory_bytes", results.host->peak_memory_bytes}});
}

}  // namespace nestwalk
