// Every kind of mistake, with the exact place and text that the user sees.
#include <doctest/doctest.h>

#include "helpers.h"

using namespace nestwalk::config;

TEST_CASE("a small config is in order") { CHECK(errors_of(small_config) == Texts{}); }

TEST_CASE("unknown keys: the nearest, the right place, or the list") {
  CHECK(errors_of(small_config + "warmup_acesses: 3\n") ==
        Texts{"test.yaml:3: warmup_acesses: unknown key; did you mean 'warmup_accesses'?"});
  CHECK(errors_of(small_config + "vcpus: 3\n") ==
        Texts{"test.yaml:3: vcpus: unknown key; did you mean 'machine.vcpus'?"});
  CHECK(errors_of(small_config + "shootdowns:\n  xyz: 3\n") ==
        Texts{"test.yaml:4: shootdowns.xyz: unknown key; allowed: interval_accesses, kind"});
  CHECK(errors_of("machine: {preset: tiny, vcpu: 2}\n"
                  "workload: {kind: uniform, footprint: 1M, accesses: 100}\n") ==
        Texts{"test.yaml:1: machine.vcpu: unknown key; did you mean 'vcpus'?"});
}

TEST_CASE("missing keys stand where their object stands") {
  CHECK(errors_of("machine: {preset: tiny}\n") ==
        Texts{"test.yaml: workload: missing; allowed: keys with values: kind, base, footprint, "
              "accesses, access_bytes, stride, exponent, item_bytes, scatter, node_bytes, "
              "offset_step, dependent, "
              "write_fraction, fetch_fraction, instructions_per_access, code_base, code_footprint, "
              "space, seed, phases, "
              "repeat, trace"});
  CHECK(errors_of("machine: {preset: tiny}\nworkload:\n  kind: uniform\n  footprint: 1M\n") ==
        Texts{"test.yaml:2: workload.accesses: missing; allowed: a whole number "
              "1..1000000000000000"});
  const Texts all =
      errors_of("workload: {kind: uniform, footprint: 1M, accesses: 1}\nmachine:\n  isa: x86\n");
  REQUIRE(all.size() == 8);
  CHECK(all[0] ==
        "test.yaml:2: machine.frequency_mhz: missing; allowed: a whole number 1..100000, or "
        "'machine.preset' to take it from");
}

TEST_CASE("values of the wrong kind or out of range") {
  const auto value = [](const std::string& key, const std::string& text) {
    return errors_of(small_config, {key + "=" + text});
  };
  CHECK(value("machine.vcpus", "65") == Texts{"-s machine.vcpus=65: machine.vcpus: '65' is not "
                                              "allowed; allowed: a whole number 1..64"});
  CHECK(value("seed", "-1").size() == 1);
  CHECK(value("seed", "1.5") ==
        Texts{"-s seed=1.5: seed: '1.5' is not allowed; allowed: a whole number"});
  CHECK(value("check", "yes") ==
        Texts{"-s check=yes: check: 'yes' is not allowed; allowed: true or false"});
  CHECK(value("data_accesses", "on") ==
        Texts{"-s data_accesses=on: data_accesses: 'on' is not allowed; allowed: modelled, off"});
  CHECK(value("guest.memory", "4X") ==
        Texts{"-s guest.memory=4X: guest.memory: '4X' is not allowed; allowed: a size in bytes "
              "2M..256T, such as 4096, 4K or 1.5G"});
  CHECK(value("guest.fragmentation", "1.1") ==
        Texts{"-s guest.fragmentation=1.1: guest.fragmentation: '1.1' is not allowed; allowed: a "
              "number 0..1"});
  CHECK(value("guest.fragmentation", ".nan").size() == 1);
  CHECK(value("name", "12").size() == 1);
  CHECK(value("name", "'12'").empty());
  CHECK(value("name", "[a]") == Texts{"-s name=[a]: name: a list of 1 is not allowed; allowed: "
                                      "text that is not empty (in quotes if "
                                      "it looks like a number)"});
  CHECK(value("workload.base", "here").size() == 1);
  CHECK(value("guest", "3").size() == 1);
  CHECK(value("machine.tlbs.l1d.arrays", "{}").size() == 1);
  CHECK(errors_of(small_config + "guest:\n  policy:\n") ==
        Texts{"test.yaml:4: guest.policy: has no value; allowed: base, thp, hugetlb-64K, "
              "hugetlb-2M, hugetlb-32M, hugetlb-512M, hugetlb-1G, hugetlb-16G"});
  CHECK(errors_of("- 1\n") ==
        Texts{"test.yaml:1: a list of 1 is not allowed; allowed: keys with values: name, seed, "
              "data_accesses, check, machine, translation, guest, host, hypervisor, shootdowns, "
              "workload, warmup_accesses, variants"});
}

TEST_CASE("keys that another key rules out") {
  CHECK(
      errors_of(
          "machine: {preset: tiny}\nworkload:\n  kind: stride\n  footprint: 1M\n  accesses: 1\n  "
          "exponent: 1\n") ==
      Texts{
          "test.yaml:6: workload.exponent: has no meaning with kind 'stride'; allowed with: zipf"});
}

TEST_CASE("all mistakes of a file come together, in the order of its lines") {
  CHECK(errors_of("seed: x\nmachine: {preset: tiny, vcpus: 0}\nseed: 2\nworkload: {kind: "
                  "no}\nhots: {}\n") ==
        Texts{"test.yaml:1: seed: 'x' is not allowed; allowed: a whole number",
              "test.yaml:2: machine.vcpus: '0' is not allowed; allowed: a whole number 1..64",
              "test.yaml:3: seed: given twice, first on line 1; allowed: once",
              "test.yaml:4: workload.kind: 'no' is not allowed; allowed: stride, uniform, zipf, "
              "pointer_chase, phases, trace",
              "test.yaml:5: hots: unknown key; did you mean 'host'?"});
}

TEST_CASE("presets that are not there, and what else is wrong beside them") {
  const Texts errors = errors_of("machine:\n  preset: zen44\n  vcpu: 3\n" +
                                 small_config.substr(small_config.find('\n') + 1));
  REQUIRE(errors.size() == 2);
  CHECK(errors[0] ==
        "test.yaml:2: machine.preset: 'zen44' is not known; did you mean 'zen4'? allowed: "
        "cortex-a55, "
        "graniterapids, icelake-sp, neoverse-n1, sandybridge-e5, sapphirerapids, skylake-sp, tiny, "
        "zen2, zen3, "
        "zen4, "
        "zen5, or the path of a .yaml file");
  CHECK(errors[1] == "test.yaml:3: machine.vcpu: unknown key; did you mean 'vcpus'?");
  CHECK(errors_of(small_config, {"machine.preset=./gone.yaml"}) ==
        Texts{"-s machine.preset=./gone.yaml: machine.preset: there is no file '././gone.yaml'"});
  CHECK(errors_of(small_config, {"machine.preset=[1]"}).size() == 1);
}

TEST_CASE("cost files that are not there or do not fit") {
  CHECK(errors_of(small_config, {"hypervisor.guest_costs=free"})[0].find(
            "hypervisor.guest_costs: 'free' is not known; allowed: arm64-kvm, arm64-linux-guest, "
            "none, "
            "x86-kvm, x86-kvm-amd, x86-linux-guest") != std::string::npos);
  CHECK(errors_of(small_config, {"hypervisor.host_costs=arm64-kvm"})[0].find(
            "has no price for vm_exit, dispatch, vm_entry; allowed") != std::string::npos);
  CHECK(errors_of(small_config, {"hypervisor.host_cycles.read_fault=1"})[0].find(
            "hypervisor.host_cycles.read_fault: no step of this machine; allowed: vm_exit") !=
        std::string::npos);
  CHECK(errors_of(small_config, {"hypervisor.host_cycles.vmexit=1"})[0].find(
            "did you mean 'vm_exit'?") != std::string::npos);
}

TEST_CASE("options that are not options") {
  const auto option = [](const char* text) { return complaints([&] { parse_option(text); }); };
  for (const char* text : {"seed", "=3", ".seed=3", "seed.=3", "a..b=3"})
    CHECK(option(text) == Texts{std::string("-s ") + text + ": allowed: path.to.key=value"});
  CHECK(option("seed=") == Texts{"-s seed=: seed: has no value"});
  CHECK(option("seed={a: [1") ==
        Texts{"-s seed={a: [1: a key is not text, or a bracket is not closed; "
              "allowed: plain or quoted text"});
  CHECK(option("guest={a: 1, a: 2}").size() == 1);
  CHECK(option("variants.0.name=x").size() == 1);
  CHECK(errors_of(small_config, {"machine.tlbs.l1d.arrays.7.entries=4"}) ==
        Texts{"-s machine.tlbs.l1d.arrays.7.entries=4: machine.tlbs.l1d.arrays.7.entries: "
              "'machine.tlbs.l1d.arrays' has 2 items; allowed after it: a number below that"});
}
