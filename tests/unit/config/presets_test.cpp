// The shipped presets, and that no value goes without its source.
#include "common/config/presets.h"

#include <doctest/doctest.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "helpers.h"

using namespace nestwalk::config;
namespace fs = std::filesystem;

namespace {

// A preset file in a folder of its own, gone at the end of the test.
class TemporaryPreset {
 public:
  explicit TemporaryPreset(const std::string& text) {
    fs::create_directories(folder_ / "machines");
    std::ofstream(folder_ / "machines/mine.yaml") << text;
  }
  ~TemporaryPreset() { fs::remove_all(folder_); }
  TemporaryPreset(const TemporaryPreset&) = delete;
  TemporaryPreset& operator=(const TemporaryPreset&) = delete;
  // The errors, without the folder's name.
  Texts errors() const {
    Texts out = complaints([&] { list_presets({{folder_}}); });
    const std::string prefix = (folder_ / "machines").string() + "/";
    for (std::string& text : out)
      if (text.starts_with(prefix)) text.erase(0, prefix.size());
    return out;
  }

 private:
  fs::path folder_ = fs::temp_directory_path() / fmt::format("nestwalk-presets-{}", ::getpid());
};

std::string tiny_text() {
  std::ifstream in(source_dir + "/configs/machines/tiny.yaml");
  return {std::istreambuf_iterator<char>(in), {}};
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  const std::size_t at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), by);
}

}  // namespace

TEST_CASE("every preset that users are promised is there and in order") {
  Texts found;
  for (const Preset& preset : list_presets(shipped())) {
    found.push_back(preset.name);
    CAPTURE(preset.name);
    CHECK(!preset.description.empty());
    CHECK(preset.values.size() > 40);
    for (const PresetValue& value : preset.values) CHECK(!value.source.empty());
    CHECK(errors_of(small_config, {"machine.preset=" + preset.name}) == Texts{});
  }
  CHECK(found == Texts{"cortex-a55", "graniterapids", "icelake-sp", "neoverse-n1", "sandybridge-e5",
                       "sapphirerapids", "skylake-sp", "tiny", "zen2", "zen3", "zen4", "zen5"});
}

TEST_CASE("each value has the mark of the longest key above it") {
  std::map<std::string, PresetValue> values;
  for (const Preset& preset : list_presets(shipped()))
    if (preset.name == "zen4")
      for (const PresetValue& value : preset.values) values[value.path] = value;
  CHECK(values.at("tlbs.l2.arrays.0.entries").mark == Mark::sourced);
  CHECK(values.at("tlbs.l2.arrays.0.entries").value == "3072");
  CHECK(values.at("tlbs.l2.arrays.0.sizes").value == "[4K, 2M]");
  CHECK(values.at("tlbs.l2.arrays.0.ways").mark == Mark::assumed);
  CHECK(values.at("caches.l2.size").value == "1M");
  CHECK(values.at("caches.l2.size").mark == Mark::sourced);
  CHECK(values.at("tlbs.l2.latency_cycles").mark == Mark::measured);
  CHECK(values.at("walkers.count").mark == Mark::assumed);
  CHECK(values.count("vcpus") == 0);
}

TEST_CASE("nothing recalled or chosen is marked as sourced") {
  for (const Preset& preset : list_presets(shipped()))
    for (const PresetValue& value : preset.values) {
      if (value.mark != Mark::sourced) continue;
      CAPTURE(preset.name);
      CAPTURE(value.path);
      for (const char* word :
           {"recalled", "Recalled", "chosen", "Chosen", "no document", "unverified"})
        CHECK(value.source.find(word) == std::string::npos);
    }
}

TEST_CASE("what is measured names a measurement that lies beside the presets") {
  std::size_t measured = 0;
  for (const Preset& preset : list_presets(shipped()))
    for (const PresetValue& value : preset.values) {
      if (value.mark != Mark::measured) continue;
      ++measured;
      CAPTURE(preset.name);
      CAPTURE(value.path);
      const std::size_t begin = value.source.find("measured/"), end = value.source.find(".csv");
      REQUIRE(begin != std::string::npos);
      REQUIRE(end != std::string::npos);
      CHECK(std::filesystem::exists(std::filesystem::path(NESTWALK_SOURCE_DIR) / "configs" /
                                    "machines" / value.source.substr(begin, end + 4 - begin)));
    }
  CHECK(measured > 0);
}

TEST_CASE("values without a source, sources without a value, marks that do not exist") {
  CHECK(TemporaryPreset(tiny_text()).errors() == Texts{});
  CHECK(TemporaryPreset(replaced(tiny_text(), "  walkers:", "  walkers.count:")).errors() ==
        Texts{"mine.yaml:35: walkers.start_level: has no source; allowed: an entry under 'sources' "
              "for it "
              "or above it"});
  CHECK(TemporaryPreset(replaced(tiny_text(), "  walkers:", "  walker:")).errors().size() == 3);
  CHECK(TemporaryPreset(tiny_text() + "  tlbs.l3: {kind: assumed, source: x}\n")
            .errors()
            .back()
            .find("sources.tlbs.l3: is the source of no value") != std::string::npos);
  CHECK(TemporaryPreset(tiny_text() + "  tlbs.l2: {kind: guessed, source: x}\n")
            .errors()
            .back()
            .find("'guessed' is not allowed; allowed: sourced, measured, assumed") !=
        std::string::npos);
  CHECK(TemporaryPreset(tiny_text() + "  tlbs.l2: {kind: assumed}\n")
            .errors()
            .back()
            .find("source: missing") != std::string::npos);
  CHECK(TemporaryPreset(replaced(tiny_text(), "isa: x86\n", "isa: x86\npreset: zen4\n"))
            .errors()
            .size() == 1);
  CHECK(TemporaryPreset(replaced(tiny_text(), "frequency_mhz: 1000\n", "")).errors() ==
        Texts{"mine.yaml: frequency_mhz: missing; allowed: a whole number 1..100000"});
}
