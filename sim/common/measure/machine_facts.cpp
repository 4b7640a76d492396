#include "common/measure/machine_facts.h"

#include <sys/utsname.h>

#include <charconv>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>

namespace nestwalk {
namespace {

std::string text_of(const char* file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

// What stands behind "key :" in the first line that begins with the key; empty: no such line.
std::string_view value_of(std::string_view text, std::string_view key) {
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (!line.starts_with(key)) continue;
    line.remove_prefix(key.size());
    const std::size_t colon = line.find_first_not_of(" \t");
    if (colon == std::string_view::npos || line[colon] != ':') continue;
    const std::size_t value = line.find_first_not_of(" \t", colon + 1);
    return value == std::string_view::npos ? std::string_view{} : line.substr(value);
  }
  return {};
}

bool has_word(std::string_view list, std::string_view word) {
  return (" " + std::string(list) + " ").find(" " + std::string(word) + " ") != std::string::npos;
}

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  gmtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

}  // namespace

MachineFacts parse_cpuinfo(std::string_view cpuinfo) {
  const auto first_of = [&](std::string_view x86_key, std::string_view arm_key) {
    const std::string_view value = value_of(cpuinfo, x86_key);
    return std::string(value.empty() ? value_of(cpuinfo, arm_key) : value);
  };
  MachineFacts facts;
  facts.model_name = value_of(cpuinfo, "model name");
  facts.vendor = first_of("vendor_id", "CPU implementer");
  facts.family = first_of("cpu family", "CPU architecture");
  facts.model = first_of("model", "CPU part");
  facts.stepping = first_of("stepping", "CPU revision");
  if (const std::string_view flags = value_of(cpuinfo, "flags"); !flags.empty())
    facts.hypervisor = has_word(flags, "hypervisor") ? Hypervisor::yes : Hypervisor::no;
  return facts;
}

MachineFacts machine_facts() {
  MachineFacts facts = parse_cpuinfo(text_of("/proc/cpuinfo"));
  utsname system{};
  if (uname(&system) == 0) facts.kernel = system.release;
  facts.date = utc_now();
  return facts;
}

std::uint64_t parse_available_bytes(std::string_view meminfo) {
  const std::string_view value = value_of(meminfo, "MemAvailable");
  std::uint64_t kib = 0;
  std::from_chars(value.data(), value.data() + value.size(), kib);
  return kib * 1024;
}

std::uint64_t available_bytes() { return parse_available_bytes(text_of("/proc/meminfo")); }

}  // namespace nestwalk
