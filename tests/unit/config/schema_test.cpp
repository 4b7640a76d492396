// The shipped JSON Schemas are those that the code describes, and they say what the loader does:
// at every key of the layouts, both take or refuse the same values.
#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>
#include <set>

#include "common/config/check.h"
#include "common/config/json_schema.h"
#include "common/config/layout.h"
#include "common/config/parse.h"
#include "common/config/scalar.h"
#include "common/config/scenario_layout.h"
#include "helpers.h"
#include "schema_interpreter.h"

using namespace nestwalk::config;
using Json = nlohmann::ordered_json;
using Kind = Spec::Kind;
namespace fs = std::filesystem;

namespace {

std::string contents(const fs::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

// YAML as an editor hands it to a schema.
Json to_json(const Raw& raw) {
  if (raw.type == Raw::Type::null) return nullptr;
  if (raw.type == Raw::Type::list) {
    Json out = Json::array();
    for (const Raw& item : raw.items) out.push_back(to_json(item));
    return out;
  }
  if (raw.type == Raw::Type::map) {
    Json out = Json::object();
    for (const Raw& item : raw.items) out[item.key] = to_json(item);
    return out;
  }
  const Scalar scalar = classify(raw);
  if (scalar.type == Scalar::Type::flag) return scalar.flag;
  if (scalar.type == Scalar::Type::whole) return scalar.whole;
  if (scalar.type == Scalar::Type::real) return scalar.real;
  return raw.text;
}

Raw parsed(const std::string& yaml) { return parse_text(yaml, nullptr).root; }

// The layout without the rules between keys, which no JSON Schema can state.
Spec without_rules(Spec spec) {
  spec.rule = nullptr;
  for (Spec& part : spec.parts) part = without_rules(part);
  return spec;
}

// Both judges of one layout.
struct Judges {
  explicit Judges(const Spec& layout)
      : spec(without_rules(layout)), schema(Json::parse(json_schema(layout))) {}
  bool loader(const Raw& raw) const {
    Errors errors;
    check(spec, raw, errors);
    return errors.empty();
  }
  bool editor(const Raw& raw) const { return schema_accepts(schema, to_json(raw)); }

  Spec spec;
  Json schema;
};

// Values to try at any key: of every kind, and around the bounds of this one.
std::vector<std::string> candidates(const Spec& spec) {
  std::vector<std::string> out = {"true",     "0",    "1",     "2",    "-1",     "2.5",  "0.5",
                                  "1e3",      ".inf", "-.inf", ".nan", "text",   "\"\"", "\"7\"",
                                  "null",     "[]",   "{}",    "[1]",  "{a: 1}", "4K",   "1.5M",
                                  "\"4096\"", "4Q",   "0x10",  "1e30"};
  for (const std::uint64_t bound : {spec.min, spec.max})
    for (const std::uint64_t value : {bound - 1, bound, bound + 1})
      out.push_back(std::to_string(value));
  for (const double bound : {spec.real_min, spec.real_max})
    for (const double value : {bound - 0.25, bound, bound + 0.25})
      out.push_back(format_real(value));
  for (const Choice& choice : spec.choices) {
    out.push_back(choice.name);
    out.push_back(choice.name + "x");
  }
  return out;
}

// Bounds of sizes written as text are the loader's alone.
bool only_loader_sees(const Spec& spec, const Raw& value) {
  return spec.kind == Kind::bytes && classify(value).type == Scalar::Type::text;
}

class Walk {
 public:
  explicit Walk(const Judges& judges, const Raw& good) : judges_(judges), good_(good) {}

  void visit(const Spec& spec, const Raw& node, const std::string& path) {
    CAPTURE(path);
    if (spec.kind == Kind::either) {
      visit(spec.parts[node.type == Raw::Type::list ? 0 : 1], node, path);
      return;
    }
    if (!path.empty()) try_values(spec, path);
    if (spec.kind == Kind::object) try_keys(node, path);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      const Raw& item = node.items[i];
      if (spec.kind == Kind::object) visit(*spec.part(item.key), item, join_path(path, item.key));
      if (spec.kind == Kind::list) visit(spec.parts[0], item, join_path(path, std::to_string(i)));
      // Keys of a map have dots in them, which a path cannot name.
    }
    seen_.insert(&spec);
  }
  const std::set<const Spec*>& seen() const { return seen_; }

 private:
  void agree(const Raw& document, const std::string& what, bool loader_may_be_stricter) {
    const bool loader = judges_.loader(document), editor = judges_.editor(document);
    CAPTURE(what);
    if (loader_may_be_stricter)
      CHECK((!loader || editor));
    else
      CHECK(loader == editor);
    ++(loader ? accepted_ : refused_);
  }
  // Replaces the value at `path`, whatever it was.
  Raw with(const std::string& path, const Raw& value) const {
    Raw document = good_;
    Raw nothing;
    Errors errors;
    set_path(document, path, nothing, errors);
    set_path(document, path, value, errors);
    REQUIRE(errors.empty());
    return document;
  }
  void try_values(const Spec& spec, const std::string& path) {
    accepted_ = refused_ = 0;
    for (const std::string& text : candidates(spec)) {
      const Raw value = text == "null" ? Raw{} : parsed(text);
      agree(with(path, value), path + " = " + text, only_loader_sees(spec, value));
    }
    if (spec.kind == Kind::any) return;
    CHECK(refused_ > 0);
    const bool scalar =
        spec.kind != Kind::object && spec.kind != Kind::list && spec.kind != Kind::map;
    if (scalar) CHECK(accepted_ > 0);
  }
  void try_keys(const Raw& node, const std::string& path) {
    agree(with(join_path(path, "no_such_key"), parsed("1")), path + " + no_such_key", false);
    for (const Raw& item : node.items) {
      Raw fewer = node;
      std::erase_if(fewer.items, [&](const Raw& other) { return other.key == item.key; });
      agree(path.empty() ? fewer : with(path, fewer), path + " - " + item.key, false);
    }
  }

  const Judges& judges_;
  const Raw& good_;
  std::set<const Spec*> seen_;
  int accepted_ = 0, refused_ = 0;
};

void gather(const Spec& spec, std::set<const Spec*>& out) {
  out.insert(&spec);
  if (spec.kind == Kind::map) return;
  for (const Spec& part : spec.parts) gather(part, out);
}

const std::string machine_text =
    "isa: x86\nvendor: amd\nvcpus: 2\nfrequency_mhz: 1000\nissue_interval_cycles: "
    "1\nmax_outstanding: 4\n"
    "tlbs:\n"
    "  l1d: {arrays: [{sizes: [4K], entries: 8, ways: 2, replacement: lru}], latency_cycles: 1, "
    "extra_size_cycles: 0}\n"
    "  l1i: {arrays: [{sizes: [4K], entries: 8, ways: 2, replacement: lru}], latency_cycles: 1, "
    "extra_size_cycles: 0}\n"
    "  l2: {arrays: [{sizes: [4K], entries: 8, ways: 2, replacement: lru}], latency_cycles: 1, "
    "extra_size_cycles: 0}\n"
    "walk_caches: {latency_cycles: 1, stage1: [{height: 0, entries: 4, ways: 0, replacement: "
    "lru}], "
    "stage2: [{height: 0, entries: 4, ways: 0, replacement: lru}], stage1_holds: physical}\n"
    "stage2_tlb: {entries: 4, ways: 0, replacement: lru, latency_cycles: 1}\n"
    "stage1_tlb: {entries: 4, ways: 0, replacement: lru, latency_cycles: 1}\n"
    "walkers: {count: 1, start_level: l1d}\n"
    "caches:\n"
    "  line_bytes: 64\n"
    "  l1d: {size: 4K, ways: 2, latency_cycles: 2, mshrs: 4, ports: 1, set_index: plain, "
    "replacement: lru, "
    "indexed_by: virtual}\n"
    "  l2: {size: 32K, ways: 4, latency_cycles: 2, mshrs: 4, ports: 1, set_index: plain, "
    "replacement: lru}\n"
    "  llc: {size: 64K, ways: 4, latency_cycles: 2, mshrs: 4, ports: 1, set_index: plain, "
    "replacement: lru}\n"
    "dram: {channels: 1, bus_bytes: 8, rate_mts: 3200, ranks: 1, banks: 16, row_bytes: 8K, "
    "fixed_ns: 40, trcd_ns: 13.75, tcl_ns: 13.75, trp_ns: 13.75, tras_ns: 32, trefi_ns: 7800, "
    "trfc_ns: 350}\n";

std::string indented(const std::string& text) {
  std::string out;
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) out += "  " + line + "\n";
  return out;
}

const std::string generator_text =
    "base: 0x1000, footprint: 1M, accesses: 10, access_bytes: 8, write_fraction: 0.5, "
    "fetch_fraction: 0, instructions_per_access: 4, "
    "code_base: 0x1000, code_footprint: 64K, space: 0, seed: 1";

std::string workload_of(const std::string& kind) {
  const std::string head = "{kind: " + kind + ", ";
  if (kind == "stride") return head + generator_text + ", stride: 64}";
  if (kind == "zipf")
    return head + generator_text + ", exponent: 1, item_bytes: 4K, scatter: true}";
  if (kind == "pointer_chase")
    return head + generator_text + ", node_bytes: 64, offset_step: 0, dependent: true}";
  if (kind == "uniform") return head + generator_text + "}";
  if (kind == "trace")
    return head + "trace: {path: a, format: auto, skip: 0, limit: 1, loop: false}}";
  return head + "repeat: 2, phases: [" + workload_of("stride") + ", " + workload_of("zipf") + ", " +
         workload_of("pointer_chase") + "]}";
}

std::string prices(CostSet set) {
  std::string out = "{";
  for (const std::string& step : steps_of(set)) out += step + ": 1, ";
  return out + "}";
}

// Every key that the layout has, with this kind of workload.
std::string full_config(const std::string& kind, const std::string& variants,
                        const std::string& machine) {
  return "name: n\nseed: 1\ndata_accesses: modelled\ncheck: false\nmachine:\n  name: m\n" +
         indented(machine) +
         "translation:\n  stages: two\n  stage2_identity: false\n"
         "  x86: {paging: 4level, stage2: npt, stage2_levels: 4, maxphyaddr: 48, accessed_dirty: "
         "true}\n"
         "  arm64: {granule: 4K, contiguous: both, va_bits: 48, stage2_granule: auto, ipa_bits: "
         "40, "
         "stage2_start_level: auto, "
         "pa_bits: 48, tbi: false, stage2_force_write_back: true, hardware_access_flag: true, "
         "hardware_dirty: true}\n"
         "guest: {memory: 4G, policy: thp, thp_sizes: [64K], reserved: 0, fragmentation: 0, "
         "frames: lowest, populate: true}\n"
         "host: {memory: 4G, policy: thp, thp_sizes: [64K], reserved: 0, fragmentation: 0, "
         "frames: lowest, populate: true}\n"
         "hypervisor: {guest_costs: a, host_costs: b, guest_cycles: " +
         prices(CostSet::guest) + ", host_cycles: " + prices(CostSet::any_host) +
         "}\n"
         "shootdowns: {interval_accesses: 0, kind: all}\nworkload: " +
         workload_of(kind) + "\nwarmup_accesses: 5\nvariants: " + variants + "\n";
}

}  // namespace

TEST_CASE("the shipped schema files are what the code describes") {
  const fs::path folder = fs::path(source_dir) / "configs/schema";
  if (std::getenv("NESTWALK_WRITE_SCHEMAS"))
    for (const SchemaFile& file : schema_files())
      std::ofstream(folder / file.file_name) << file.text;
  for (const SchemaFile& file : schema_files()) {
    CAPTURE(file.file_name);
    CHECK(contents(folder / file.file_name) == file.text);
    CHECK(Json::parse(file.text).at("$schema") == "https://json-schema.org/draft/2020-12/schema");
  }
}

TEST_CASE("loader and schema agree on every key of a config") {
  const Judges judges(run_layout());
  std::set<const Spec*> seen, all;
  const std::string list = "[{name: a, set: {seed: 1}}, {name: b}]",
                    product = "{product: {seed: [1, 2]}}";
  for (const char* kind : {"stride", "uniform", "zipf", "pointer_chase", "phases", "trace"}) {
    const bool alone = std::string_view(kind) == "stride";
    const Raw good = parsed(full_config(kind, alone ? list : product, machine_text));
    REQUIRE(judges.loader(good));
    REQUIRE(judges.editor(good));
    Walk walk(judges, good);
    if (alone)
      walk.visit(judges.spec, good, "");
    else  // the rest has been seen
      walk.visit(*judges.spec.part("workload"), *good.find("workload"), "workload");
    if (std::string_view(kind) == "trace")
      walk.visit(*judges.spec.part("variants"), *good.find("variants"), "variants");
    seen.insert(walk.seen().begin(), walk.seen().end());
  }
  gather(judges.spec, all);
  for (const Spec* spec : all) {
    if (spec->kind == Kind::either || spec->kind == Kind::any || spec->name == "preset") continue;
    CAPTURE(spec->name);
    CAPTURE(spec->doc);
    CHECK(seen.count(spec) == 1);
  }
}

TEST_CASE(
    "a preset may give what a machine otherwise requires; the schema leaves that to the loader") {
  const Judges judges(run_layout());
  const std::string rest = "workload: " + workload_of("uniform") + "\n";
  const auto editor = [&](const std::string& machine) {
    return judges.editor(parsed(machine + rest));
  };
  CHECK(editor("machine: {preset: zen4}\n"));
  CHECK(editor("machine: {preset: zen4, tlbs: {l2: {latency_cycles: 5}}}\n"));
  CHECK_FALSE(editor("machine: {preset: zen4, tlbs: {l2: {latency: 5}}}\n"));
  CHECK_FALSE(editor("machine: {preset: zen4, tlbs: {l2: {arrays: [{entries: 5}]}}}\n"));
  CHECK_FALSE(editor("machine: {preset: 4}\n"));
  CHECK_FALSE(editor("machine: {}\n"));
  CHECK(editor("machine:\n" + indented(machine_text)));
}

TEST_CASE("loader and schema agree on every key of a machine file and of a cost file") {
  const Judges machine(machine_layout());
  const Raw preset =
      parsed(machine_text + "description: d\nsources: {isa: {kind: assumed, source: s}}\n");
  REQUIRE(machine.loader(preset));
  REQUIRE(machine.editor(preset));
  Walk(machine, preset).visit(machine.spec, preset, "");

  const Judges costs(cost_layout());
  std::string text = "description: d\nsteps:\n";
  for (const std::string& step : steps_of(CostSet::all))
    text += "  " + step + ": {cycles: 1, per: event, kind: assumed, source: s}\n";
  const Raw table = parsed(text);
  REQUIRE(costs.loader(table));
  Walk(costs, table).visit(costs.spec, table, "");
}

TEST_CASE("every shipped file satisfies the schema that its first line names") {
  std::size_t count = 0;
  for (const fs::directory_entry& entry :
       fs::recursive_directory_iterator(source_dir + "/configs")) {
    if (entry.path().extension() != ".yaml") continue;
    CAPTURE(entry.path().string());
    std::ifstream in(entry.path());
    std::string line;
    std::getline(in, line);
    const std::string mark = "# yaml-language-server: $schema=";
    REQUIRE(line.starts_with(mark));
    const fs::path schema = entry.path().parent_path() / line.substr(mark.size());
    REQUIRE(fs::exists(schema));
    CHECK(schema_accepts(Json::parse(contents(schema)), to_json(parsed(contents(entry.path())))));
    ++count;
  }
  CHECK(count >= 22);
}

TEST_CASE("loader and schema agree on the shipped scenarios, and on keys that they lack") {
  const Judges judges(scenario_layout());
  unsigned files = 0;
  for (const auto& entry :
       fs::recursive_directory_iterator(fs::path(source_dir) / "tests/scenarios")) {
    if (entry.path().extension() != ".yaml") continue;
    ++files;
    CAPTURE(entry.path().string());
    Raw good = parsed(contents(entry.path()));
    CHECK(judges.loader(good));
    CHECK(judges.editor(good));
    for (const char* key : {"isa", "gpa"}) {  // of another place
      Raw bad = good;
      Raw extra = *bad.find("scenario");
      extra.key = key;
      bad.items.push_back(extra);
      CHECK_FALSE(judges.loader(bad));
      CHECK_FALSE(judges.editor(bad));
    }
    const std::string step = "{do: access, address: 0, to: 0}";  // of another step
    Raw bad = good;
    bad.find("steps")->items.push_back(parsed(step));
    CHECK_FALSE(judges.loader(bad));
    CHECK_FALSE(judges.editor(bad));
  }
  CHECK(files >= 20);
}
