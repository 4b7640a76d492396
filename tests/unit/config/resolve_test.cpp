// Laying preset, file and options together; defaults; typed access; the dump and its way back.
#include <doctest/doctest.h>

#include <filesystem>

#include "common/config/choices.h"
#include "helpers.h"

using namespace nestwalk::config;
namespace fs = std::filesystem;

TEST_CASE("a preset lies under the file's keys: maps merge, lists are replaced") {
  const Config config = resolved(
      "machine:\n"
      "  preset: zen4\n"
      "  caches: {l2: {latency_cycles: 99}}\n"
      "  tlbs: {l1d: {arrays: [{sizes: [4K], entries: 16, ways: 4}]}}\n"
      "workload: {kind: uniform, footprint: 1M, accesses: 100}\n");
  CHECK(config.at("machine.caches.l2.latency_cycles").as_uint() == 99);
  CHECK(config.at("machine.caches.l2.size").as_uint() == 1 << 20);
  CHECK(config.at("machine.tlbs.l1d.arrays").items().size() == 1);
  CHECK(config.at("machine.tlbs.l1d.arrays.0.entries").as_uint() == 16);
  CHECK(config.at("machine.tlbs.l1d.latency_cycles").as_uint() == 1);
  CHECK(config.at("machine.tlbs.l2.arrays.0.entries").as_uint() == 3072);
  CHECK(config.at("machine.name").as_text() == "zen4");
  CHECK_FALSE(config.has("machine.preset"));
}

TEST_CASE("options lie on top, later ones win, and reach into lists of a preset") {
  const Config config =
      resolved(small_config, {"machine.preset=zen3", "machine.tlbs.l2.arrays.0.entries=1024",
                              "guest={memory: 2G, policy: thp}", "guest.policy=base", "seed=0x10"});
  CHECK(config.at("machine.name").as_text() == "zen3");
  CHECK(config.at("machine.tlbs.l2.arrays.0.entries").as_uint() == 1024);
  CHECK(config.at("machine.tlbs.l2.arrays.0.sizes.1").as_text() == "2M");
  CHECK(config.at("guest.policy").as_text() == "base");
  CHECK(config.at("guest.memory").as_uint() == std::uint64_t{2} << 30);
  CHECK(config.at("seed").as_uint() == 16);
  const Config named = resolve(from("workload: {kind: uniform, footprint: 1M, accesses: 1}\n"),
                               options({"machine={preset: tiny, vcpus: 2}"}), shipped());
  CHECK(named.at("machine.vcpus").as_uint() == 2);
}

TEST_CASE("defaults are filled in, and what depends on the machine is settled") {
  const Config intel = resolved(small_config, {"machine.preset=skylake-sp"});
  CHECK(intel.at("name").as_text() == "test");
  CHECK(intel.at("seed").as_uint() == 1);
  CHECK(intel.at("seed").is_default());
  CHECK_FALSE(intel.at("check").as_bool());
  CHECK(intel.at("translation.x86.stage2").as_text() == "ept");
  CHECK(intel.at("translation.x86.stage2").as<X86Stage2>() == X86Stage2::ept);
  CHECK(intel.at("workload.write_fraction").as_real() == 0.3);
  CHECK(intel.at("workload.base").as_uint() == std::uint64_t{1} << 36);
  CHECK_FALSE(intel.has("translation.arm64"));
  CHECK_FALSE(intel.has("workload.stride"));
  CHECK(intel.host_costs.name == "x86-kvm");
  CHECK(intel.host_costs.clock_mhz == 2500);
  const Config amd = resolved(small_config, {"machine.preset=zen2"});
  CHECK(amd.at("translation.x86.stage2").as<X86Stage2>() == X86Stage2::npt);  // from auto
  CHECK(amd.host_costs.name == "x86-kvm-amd");
  const Config arm = resolved(small_config, {"machine.preset=neoverse-n1",
                                             "translation.arm64.granule=16K", "guest.policy=thp"});
  CHECK(arm.at("translation.arm64.stage2_granule").as_text() == "16K");
  CHECK(arm.guest_costs.name == "arm64-linux-guest");
  CHECK(arm.host_costs.name == "arm64-kvm");
}

TEST_CASE("values know where they stand, defaults where their object stands") {
  const Config config = resolved(
      "machine:\n  preset: tiny\nworkload:\n  kind: uniform\n  footprint: 1M\n"
      "  accesses: 100\n");
  CHECK(config.at("workload.accesses").error("no").text() == "test.yaml:6: workload.accesses: no");
  CHECK(config.at("workload.seed").error("no").text() == "test.yaml:3: workload.seed: no");
  const std::string preset = config.at("machine.dram.banks").error("no").text();
  CHECK(preset.find("configs/machines/tiny.yaml:") != std::string::npos);
}

TEST_CASE("paths start at the file that names them") {
  const std::string text =
      "machine: {preset: tiny}\nworkload: {kind: trace, trace: {path: traces/a.xz}}\n";
  const Config config = resolved(text);
  CHECK(config.at("workload.trace.path").as_path() == fs::path(source_dir) / "configs/traces/a.xz");
  CHECK(resolved(text, {"workload.trace.path=b.xz"}).at("workload.trace.path").as_path() ==
        "./b.xz");
  CHECK(dump(config, source_dir).find("path: configs/traces/a.xz\n") != std::string::npos);
  CHECK(dump(config, source_dir + "/configs/examples").find("path: ../traces/a.xz\n") !=
        std::string::npos);
}

TEST_CASE("prices may be changed in the config") {
  const Config config = resolved(small_config, {"hypervisor.host_cycles={vm_exit: 5}"});
  CHECK(config.host_costs.at("vm_exit").cycles == 5);
  CHECK(config.host_costs.at("vm_exit").kind == "config");
  CHECK(config.host_costs.at("vm_entry").cycles == 750);
  CHECK(config.guest_costs.find("vm_exit") == nullptr);
}

TEST_CASE("native runs have no hypervisor to price") {
  CHECK(resolved(small_config, {"translation.stages=one"}).host_costs.steps.empty());
}

TEST_CASE("every shipped config loads, and its dump loads to the same bytes") {
  std::size_t count = 0;
  for (const char* folder : {"/configs", "/configs/examples"})
    for (const fs::directory_entry& entry : fs::directory_iterator(source_dir + folder)) {
      if (entry.path().extension() != ".yaml") continue;
      CAPTURE(entry.path().string());
      ++count;
      const Document document = load(entry.path());
      for (const Variant& variant : expand_variants(document, {}, shipped())) {
        const std::string first = dump(resolve(document, variant.overrides, shipped()), source_dir);
        const Document again = load_text(first, "dump.yaml", source_dir);
        CHECK(dump(resolve(again, {}, shipped()), source_dir) == first);
      }
    }
  CHECK(count >= 6);
}

TEST_CASE("a dump keeps the kind of every value") {
  const std::string text = small_config + "name: '12'\nhypervisor: {host_cycles: {vm_exit: 7}}\n";
  const std::string first =
      dump(resolved(text, {"workload.write_fraction=1e-7", "guest.fragmentation=1"}), ".");
  CHECK(first.find("name: \"12\"\n") != std::string::npos);
  CHECK(first.find("base: 0x1000000000\n") != std::string::npos);
  CHECK(first.find("memory: 8G\n") != std::string::npos);
  const Config again = resolved(first);
  CHECK(again.at("name").as_text() == "12");
  CHECK(again.at("workload.write_fraction").as_real() == 1e-7);
  CHECK(dump(again, ".") == first);
  for (const char* name :
       {"a: b", "~", "null", "# x", "- y", "two\\nlines", "\\\"q\\\"", "é", " s "}) {
    const std::string odd =
        dump(resolved(small_config, {std::string("name=\"") + name + "\""}), ".");
    CHECK(dump(resolved(odd), ".") == odd);
  }
}

TEST_CASE("relative cost files and presets stay where they are") {
  const Config config =
      resolved(small_config, {"machine.preset=" + source_dir + "/configs/machines/zen4.yaml",
                              "hypervisor.guest_costs=" + source_dir + "/configs/costs/none.yaml"});
  CHECK(config.at("machine.name").as_text() == "zen4");
  CHECK(config.guest_costs.at("zero_4k").cycles == 0);
  const Config relative = resolved(small_config + "hypervisor: {host_costs: costs/none.yaml}\n");
  const std::string moved = dump(relative, source_dir + "/configs/costs");
  CHECK(moved.find("host_costs: none.yaml\n") != std::string::npos);
  const Document there = load_text(moved, "d.yaml", source_dir + "/configs/costs");
  CHECK(dump(resolve(there, {}, shipped()), source_dir + "/configs/costs") == moved);
}
