// What the kernel tells of the machine, on x86 and on arm64.
#include "common/measure/machine_facts.h"

#include <doctest/doctest.h>

using namespace nestwalk;

TEST_CASE("x86") {
  const char* const text =
      "processor\t: 0\nvendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n"
      "model name\t: AMD EPYC 9R14\nstepping\t: 1\nflags\t\t: fpu vme hypervisor lahf_lm\n\n"
      "processor\t: 1\nvendor_id\t: other\n";
  const MachineFacts facts = parse_cpuinfo(text);
  CHECK(facts.model_name == "AMD EPYC 9R14");
  CHECK(facts.vendor == "AuthenticAMD");
  CHECK(facts.family == "25");
  CHECK(facts.model == "17");
  CHECK(facts.stepping == "1");
  CHECK(facts.hypervisor == Hypervisor::yes);
  CHECK(parse_cpuinfo("flags : fpu no_hypervisor vme\n").hypervisor == Hypervisor::no);
}

TEST_CASE("arm64 does not say whether it is virtual") {
  const MachineFacts facts = parse_cpuinfo(
      "processor\t: 0\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\n"
      "CPU part\t: 0xd0c\nCPU revision\t: 1\n");
  CHECK(facts.vendor == "0x41");
  CHECK(facts.family == "8");
  CHECK(facts.model == "0xd0c");
  CHECK(facts.stepping == "1");
  CHECK(facts.hypervisor == Hypervisor::unknown);
}

TEST_CASE("available memory") {
  CHECK(parse_available_bytes("MemTotal:  100 kB\nMemAvailable:   64 kB\n") == 65536);
  CHECK(parse_available_bytes("MemTotal:  100 kB\n") == 0);
  CHECK(available_bytes() > 0);
}
