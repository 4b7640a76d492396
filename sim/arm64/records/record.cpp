#include "arm64/records/record.h"

#include <fmt/format.h>

#include <charconv>
#include <stdexcept>

namespace nestwalk::arm64 {
namespace {

using Json = nlohmann::json;

std::uint64_t number(const Json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t parsed = 0;
  const char* end = text.data() + text.size();
  const bool hex = text.starts_with("0x");
  const auto [stop, error] = std::from_chars(text.data() + (hex ? 2 : 0), end, parsed, 16);
  if (!hex || error != std::errc{} || stop != end)
    throw std::invalid_argument(fmt::format("\"{}\" is not a hexadecimal number 0x...", text));
  return parsed;
}

void parse_backing(const std::string& text, RecordedSlot& slot) {
  struct Pool {
    std::string_view name;
    std::uint8_t lg2;
  };
  constexpr Pool pools[] = {{"h64k", 16}, {"h2m", 21}, {"h32m", 25}, {"h1g", 30}};
  if (text == "thp") {
    slot.backing = SlotBacking::transparent_huge;
    return;
  }
  for (const Pool& pool : pools)
    if (pool.name == text) {
      slot.backing = SlotBacking::pool;
      slot.pool_lg2 = pool.lg2;
      return;
    }
  if (text != "4k" && text != "gmem")
    throw std::invalid_argument(fmt::format("slot backing \"{}\" is unknown", text));
}

RecordedSlot parse_slot(const Json& json) {
  RecordedSlot slot;
  slot.number = json.at("n").get<std::uint16_t>();
  slot.ipa = number(json.at("gpa"));
  slot.bytes = number(json.at("size"));
  slot.host_offset = number(json.at("hva_offset"));
  parse_backing(json.at("backing").get_ref<const std::string&>(), slot);
  const auto& flags = json.at("flags").get_ref<const std::string&>();
  slot.read_only = flags.find("ro") != std::string::npos;
  slot.log_dirty = flags.find("log") != std::string::npos;
  return slot;
}

// L1 runs from slot 0; L2's program is not there.
bool is_l1(std::uint64_t pc) { return pc >= 0x40000000 && pc < 0x40200000; }

void parse_events(const Json& events, RecordedStep& step) {
  for (const Json& event : events) {
    const auto& name = event.at(0).get_ref<const std::string&>();
    if (name == "guest_fault" && is_l1(number(event.at(4))))
      step.faults.push_back(number(event.at(1)));
    if (name == "map" && event.at(1) == "canonical")
      step.maps.push_back({number(event.at(2)), number(event.at(3))});
    if ((name == "unmap_range" || name == "wp_range") && event.at(1) == "canonical")
      step.unmaps = true;
  }
}

RecordedStep parse_step(const Json& json) {
  RecordedStep step;
  step.op = json.at("op").get<std::string>();
  if (json.contains("addr")) step.address = number(json["addr"]);
  if (json.contains("val")) step.value = number(json["val"]);
  if (step.op == "host") step.detail = json.at("what").at(0).get<std::string>();
  const Json& seen = json.at("observed");
  if (step.op == "l1_read" && seen.contains("regs")) step.value = number(seen["regs"].at(0));
  step.truncated = seen.contains("events_dropped");
  if (seen.contains("events")) parse_events(seen["events"], step);
  return step;
}

}  // namespace

bool looks_like_traps(const Json& line) {
  return line.is_object() && line.contains("traps") && line.contains("by_class");
}

bool looks_like_record(const Json& line) {
  return line.is_object() && line.contains("setup") && line.contains("steps");
}

Record parse_record(const Json& line) {
  Record record;
  record.id = line.at("id").get<std::string>();
  const Json& setup = line.at("setup");
  for (const Json& slot : setup.at("slots")) record.slots.push_back(parse_slot(slot));
  if (setup.contains("l1_table_words"))
    for (const Json& word : setup["l1_table_words"])
      record.words.emplace_back(number(word.at(0)), number(word.at(1)));
  for (const Json& step : line.at("steps")) record.steps.push_back(parse_step(step));
  return record;
}

}  // namespace nestwalk::arm64
