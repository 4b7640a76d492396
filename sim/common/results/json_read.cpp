// Reads result.json back. Wants every number that Results keeps and skips those computed from them.
#include <fmt/format.h>

#include <algorithm>

#include "common/base/user_error.h"
#include "common/results/json.h"
#include "common/results/json_text.h"
#include "common/results/metrics.h"

namespace nestwalk {
namespace {

// A place in the document, and its name for messages.
class Place {
 public:
  Place(const Json& json, const std::string& file, std::string path)
      : json_(json), file_(file), path_(std::move(path)) {}

  [[noreturn]] void fail(const std::string& message) const {
    throw UserErrors(UserError{file_, 0, path_, message});
  }
  Place operator[](std::string_view key) const {
    if (!json_.is_object()) fail("not an object");
    const auto found = json_.find(std::string(key));
    const std::string path = path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
    if (found == json_.end()) Place(json_, file_, path).fail("missing from this result");
    return {*found, file_, path};
  }
  void for_each(auto&& visit) const {
    if (!json_.is_array()) fail("not a list");
    for (std::size_t i = 0; i < json_.size(); ++i)
      visit(Place(json_[i], file_, fmt::format("{}[{}]", path_, i)));
  }
  void for_each_member(auto&& visit) const {
    if (!json_.is_object()) fail("not an object");
    for (const auto& [key, value] : json_.items()) visit(key, (*this)[key]);
  }
  std::string text() const {
    if (!json_.is_string()) fail("not a text");
    return json_.get<std::string>();
  }
  bool is_null() const { return json_.is_null(); }
  std::uint64_t count(std::uint64_t most = ~std::uint64_t{0}) const {
    if (!json_.is_number_unsigned() || json_.get<std::uint64_t>() > most)
      fail(fmt::format("not a whole number in 0..{}", most));
    return json_.get<std::uint64_t>();
  }
  double number() const {
    if (!json_.is_number()) fail("not a number");
    return json_.get<double>();
  }
  std::uint8_t page_lg2() const { return static_cast<std::uint8_t>((*this)["page_lg2"].count(63)); }

 private:
  const Json& json_;
  const std::string& file_;
  std::string path_;
};

std::vector<std::string> read_texts(const Place& place) {
  std::vector<std::string> texts;
  place.for_each([&](const Place& each) { texts.push_back(each.text()); });
  return texts;
}

Histogram read_histogram(const Place& place) {
  std::vector<Histogram::Bucket> buckets;
  place["buckets"].for_each([&](const Place& pair) {
    std::vector<std::uint64_t> numbers;
    pair.for_each([&](const Place& number) { numbers.push_back(number.count()); });
    if (numbers.size() != 2) pair.fail("not a pair of lower edge and count");
    buckets.push_back({numbers[0], 0, numbers[1]});
  });
  const auto restored = Histogram::restore(buckets, place["sum"].count(), place["max"].count());
  if (!restored || restored->count() != place["count"].count())
    place.fail("count, sum, max and buckets contradict each other");
  return *restored;
}

CountByPage read_by_page(const Place& place, std::string_view what) {
  CountByPage by_page;
  place.for_each([&](const Place& row) { by_page[row.page_lg2()] = row[what].count(); });
  return by_page;
}

std::vector<Label> read_labels(const Place& place) {
  std::vector<Label> labels;
  place.for_each_member([&](const std::string& name, const Place& value) {
    labels.push_back({name, value.text()});
  });
  return labels;
}

CostSource read_cost(const Place& place) {
  const Place kind = place["kind"];
  const auto found = std::find_if(cost_kinds.begin(), cost_kinds.end(),
                                  [&](const Category& each) { return each.key == kind.text(); });
  if (found == cost_kinds.end())
    kind.fail("not one of measured, published, derived, assumed, sourced");
  return {place["key"].text(), place["cycles"].count(),
          static_cast<CostKind>(found - cost_kinds.begin()), place["source"].text()};
}

Meta read_meta(const Place& root) {
  Meta meta;
  meta.nestwalk_version = root["nestwalk_version"].text();
  meta.name = root["name"].text();
  meta.variant = root["variant"].text();
  meta.seed = root["seed"].count();
  meta.workload_name = root["workload"]["name"].text();
  meta.workload_identity = root["workload"]["identity"].text();
  meta.frequency_mhz = root["frequency_mhz"].count();
  meta.labels = read_labels(root["labels"]);
  meta.settings = read_labels(root["settings"]);
  meta.config_yaml = root["config_yaml"].text();
  root["costs"].for_each([&](const Place& cost) { meta.costs.push_back(read_cost(cost)); });
  meta.warnings = read_texts(root["warnings"]);
  meta.stage1_levels = read_texts(root["level_names"]["stage1"]);
  meta.stage2_levels = read_texts(root["level_names"]["stage2"]);
  return meta;
}

SpanCycles read_spans(const Place& place) {
  SpanCycles spans{};
  for (std::size_t i = 0; i < spans.size(); ++i) spans[i] = place[time_spans[i].key].count();
  return spans;
}

void read_accesses(const Place& root, Results& results) {
  const Place summary = root["summary"];
  results.simulated_cycles = summary["simulated_cycles"].count();
  results.warmup_cycles = summary["warmup_cycles"].count();
  const Place instructions = summary["instructions"];
  results.instructions = instructions.is_null() ? 0 : instructions.count();
  root["vcpus"].for_each([&](const Place& vcpu) {
    results.vcpus.push_back({vcpu["accesses"].count(),
                             vcpu["last_cycle"].count(results.simulated_cycles),
                             read_spans(vcpu["span_cycles"])});
  });
  const Place by_served = root["translation_latency_cycles"]["by_served"];
  for (std::size_t i = 0; i < how_served.size(); ++i)
    results.translation_latency[i] = read_histogram(by_served[how_served[i].key]);
  results.access_latency = read_histogram(root["access_latency_cycles"]);
  results.hardware_translation = read_histogram(root["hardware_translation_cycles"]);
  results.fetch_translation_cycles =
      root["fetch_translation_cycles"].count(results.hardware_translation.sum());
  results.steady_access = read_histogram(root["steady_access_cycles"]);
  for (std::size_t i = 0; i < time_spans.size(); ++i)
    results.span_cycles[i] = root["time_split"][time_spans[i].key]["cycles"].count();
}

void read_tlbs(const Place& root, Results& results) {
  for (std::size_t i = 0; i < tlb_names.size(); ++i)
    root["tlbs"][tlb_names[i].key]["by_page_size"].for_each([&](const Place& row) {
      results.tlbs[i][row.page_lg2()] = {row["hits"].count(), row["misses"].count(),
                                         row["merged"].count()};
    });
}

WalkGroup read_walk_group(const Place& place) {
  return {read_histogram(place["entry_reads"]), read_histogram(place["latency_cycles"])};
}

void read_walks(const Place& root, Results& results) {
  const Place walks = root["walks"];
  results.walks.completed = read_walk_group(walks["completed"]);
  results.walks.completed_by_page = read_by_page(walks["completed"]["by_page_size"], "walks");
  results.walks.faulted = read_walk_group(walks["faulted"]);
  results.walks.discarded = walks["discarded"].count();
  const auto height = [](const Place& place) {
    return place.is_null() ? ReferenceRow::none : static_cast<std::int8_t>(place.count(7));
  };
  root["references"].for_each([&](const Place& place) {
    ReferenceRow row{height(place["stage1_height"]), height(place["stage2_height"])};
    for (std::size_t i = 0; i < read_from.size(); ++i)
      row.count[i] = place["served"][read_from[i].key].count();
    row.read_cycles = place["read_cycles"].count();
    results.references.push_back(row);
  });
}

void read_software_and_memory(const Place& root, Results& results) {
  for (std::size_t i = 0; i < memory_sides.size(); ++i) {
    const Place faults = root["faults"][memory_sides[i].key];
    results.faults[i] = {read_by_page(faults["by_page_size"], "faults"),
                         read_histogram(faults["latency_cycles"]), faults["host_cycles"].count(),
                         read_histogram(faults["spurious_latency_cycles"]),
                         faults["spurious_host_cycles"].count()};
    const Place memory = root["memory"][memory_sides[i].key];
    results.memory[i] = {
        memory["table_bytes"].count(),    memory["mapped_bytes"].count(),
        memory["touched_bytes"].count(),  read_by_page(memory["by_page_size"], "pages"),
        memory["huge_fallbacks"].count(), memory["allocation_failures"].count()};
  }
  results.shootdowns = {root["shootdowns"]["targets"].count(),
                        read_histogram(root["shootdowns"]["latency_cycles"])};
}

void read_memory_system(const Place& root, MemorySystem& memory) {
  for (std::size_t i = 0; i < cache_levels.size(); ++i) {
    const Place use = root["caches"][cache_levels[i].key];
    memory.caches[i] = {use["hits"].count(), use["misses"].count(), use["merged"].count(),
                        use["latency_cycles"].count()};
  }
  const Place use = root["dram"];
  memory.dram = {use["row_hits"].count(),        use["row_misses"].count(),
                 use["row_conflicts"].count(),   use["bytes"].count(),
                 use["bus_busy_cycles"].count(), use["latency_cycles"].count(),
                 use["queueing_cycles"].count(), use["peak_bytes_per_cycle"].number()};
}

Json parse(std::string_view text, const std::string& file) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const std::size_t at = std::min(error.byte, text.size());
    const auto line =
        std::count(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(at), '\n');
    throw UserErrors(UserError{file, static_cast<std::uint64_t>(line) + 1, "",
                               "not JSON: the file is damaged or is no nestwalk result"});
  }
}

}  // namespace

Results from_json(std::string_view text, const std::string& file) {
  const Json json = parse(text, file);
  const Place root(json, file, "");
  if (!json.is_object() || json.value("kind", Json()) != "nestwalk-result")
    root.fail("no nestwalk result (no \"kind\": \"nestwalk-result\")");
  if (root["schema"].count() != results_schema)
    root["schema"].fail(fmt::format("schema {} is not known; this version reads schema {}",
                                    root["schema"].count(), results_schema));
  Results results;
  results.meta = read_meta(root);
  read_accesses(root, results);
  read_tlbs(root, results);
  read_walks(root, results);
  read_software_and_memory(root, results);
  read_memory_system(root, results.memory_system);
  const std::uint64_t n = translation_overall(results).count();
  for (const char* key :
       {"access_latency_cycles", "hardware_translation_cycles", "steady_access_cycles"})
    if (root[key]["count"].count() != n)
      root[key].fail("counts other accesses than translation_latency_cycles");
  return results;
}

}  // namespace nestwalk
