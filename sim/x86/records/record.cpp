#include "x86/records/record.h"

#include <fmt/format.h>

#include <charconv>
#include <sstream>
#include <stdexcept>

namespace nestwalk::x86 {
namespace {

using Json = nlohmann::json;

std::uint64_t parse_number(const std::string& text) {
  std::uint64_t value = 0;
  const bool hex = text.starts_with("0x");
  const char* end = text.data() + text.size();
  const auto [stop, error] =
      std::from_chars(text.data() + (hex ? 2 : 0), end, value, hex ? 16 : 10);
  if (error != std::errc{} || stop != end)
    throw std::invalid_argument(fmt::format("\"{}\" is not a number", text));
  return value;
}
std::uint64_t number(const Json& value) {
  return value.is_string() ? parse_number(value.get_ref<const std::string&>())
                           : value.get<std::uint64_t>();
}

Command parse_command(const std::string& text) {
  Command command{text, {}};
  std::istringstream in(text);
  for (std::string word; in >> word;) command.words.push_back(word);
  if (command.words.empty()) throw std::invalid_argument("a command is empty");
  return command;
}

GuestMode parse_mode(const std::string& text) {
  if (text == "64") return GuestMode::four_level;
  if (text == "57") return GuestMode::five_level;
  if (text == "pae") return GuestMode::pae;
  if (text == "32") return GuestMode::two_level;
  if (text == "off") return GuestMode::unpaged;
  throw std::invalid_argument(
      fmt::format("mode \"{}\" is unknown; allowed: 64, 57, pae, 32, off", text));
}

RecordedSlot parse_slot(const Json& json) {
  RecordedSlot slot;
  slot.id = json.at("id").get<std::uint16_t>();
  slot.gpa = number(json.at("gpa"));
  slot.bytes = number(json.at("size"));
  slot.host_offset = number(json.at("hoff"));
  const int kind = json.at("kind").get<int>(), flags = json.at("flags").get<int>();
  const bool huge = json.at("thp_kb").get<int>() > 0;
  switch (kind) {
    case 0:
      break;
    case 1:
      if (huge) slot.backing = SlotBacking::transparent_huge;
      break;
    case 2:
      slot.backing = SlotBacking::pool_2m;
      break;
    case 4:
      slot.backing = SlotBacking::pool_1g;
      break;
    default:
      throw std::invalid_argument(
          fmt::format("slot kind {} is unknown; allowed: 0, 1, 2, 4", kind));
  }
  slot.log_dirty = flags & 1;
  slot.read_only = flags & 2;
  return slot;
}

// "0x200:1:np>PWUADHMX": what has become present in a last table, or large (S), is a leaf.
void add_leaf(const std::string& change, std::vector<std::string>& leaves) {
  const std::size_t level_end = change.find(':', change.find(':') + 1);
  const std::size_t arrow = change.find('>');
  if (level_end == std::string::npos || arrow == std::string::npos) return;
  const std::string after = change.substr(arrow + 1);
  const bool last = change[level_end - 1] == '1';
  if (after.starts_with('P') && (last || after.find('S') != std::string::npos))
    leaves.push_back(change.substr(0, level_end));
}

void parse_user_exits(const Json& exits, RecordedStep& step) {
  for (const Json& exit : exits) {
    if (!exit.is_array()) {
      step.truncated = true;
      continue;
    }
    const auto& kind = exit.at(0).get_ref<const std::string&>();
    if (kind == "mmio")
      step.mmio.push_back(
          {number(exit.at(1)), number(exit.at(2)), number(exit.at(4)), number(exit.at(3)) != 0});
    else if (kind != "io")
      step.died = true;
  }
}

RecordedStep parse_step(const Json& json) {
  RecordedStep step;
  step.number = json.at("n").get<unsigned>();
  step.command = parse_command(json.at("op").get_ref<const std::string&>());
  const Json& seen = json.at("observed");
  step.skipped = seen.contains("skipped");
  if (seen.contains("val")) step.value = seen["val"].get<std::string>();
  if (seen.contains("mem")) step.memory = seen["mem"].get<std::string>();
  if (seen.contains("vec")) {
    step.exception = true;
    step.vector = number(seen["vec"]);
    step.error = number(seen.at("err"));
    step.cr2 = number(seen.at("cr2"));
  }
  if (seen.contains("kx"))
    for (const Json& exit : seen["kx"]) {
      const auto& text = exit.get_ref<const std::string&>();
      if (text.starts_with("npf:")) step.page_faults.push_back(text);
      if (text.starts_with("...")) step.truncated = true;
    }
  if (seen.contains("tdp"))
    for (const Json& change : seen["tdp"]) {
      const auto& text = change.get_ref<const std::string&>();
      if (text.starts_with("...")) step.truncated = true;
      add_leaf(text, step.leaves);
    }
  step.refused = seen.contains("rc") && seen["rc"].get<int>() != 0;
  if (seen.contains("dirty")) {
    step.has_dirty = true;
    for (const Json& frame : seen["dirty"]) step.dirty.push_back(frame.get<std::string>());
  }
  if (seen.contains("uexits")) parse_user_exits(seen["uexits"], step);
  return step;
}

bool on(const Json& params, const char* name) {
  const auto& text = params.at(name).get_ref<const std::string&>();
  return text == "Y" || text == "1";
}

}  // namespace

std::uint64_t Command::number(std::size_t word) const {
  if (word >= words.size())
    throw std::invalid_argument(fmt::format("\"{}\" has too few words", text));
  return parse_number(words[word]);
}

bool looks_like_record(const Json& line) {
  return line.is_object() && line.contains("cmds") && line.contains("batch") &&
         line.contains("steps");
}

Record parse_record(const Json& line) {
  Record record;
  record.id = line.at("id").get<std::string>();
  record.batch = line.at("batch").get<std::string>();
  record.generation =
      static_cast<unsigned>(parse_number(line.at("gen").get_ref<const std::string&>()));
  record.host_levels = line.at("host").get<unsigned>();
  if (record.host_levels != 4 && record.host_levels != 5)
    throw std::invalid_argument("\"host\" must be 4 or 5");
  record.mode = parse_mode(line.at("mode").get_ref<const std::string&>());
  const Json& params = line.at("params");
  record.mmio_caching = on(params, "mmio_caching");
  record.nx_huge_pages = on(params, "nx_huge_pages");
  record.tdp = (record.batch == "tdp" || record.batch.starts_with("tdp-")) && on(params, "npt") &&
               on(params, "tdp_mmu");
  // Physical-address bits are not recorded. KVM switches MMIO caching off by itself where no
  // reserved bit is left, which is with 52 of them (K-101).
  if (!record.mmio_caching && !record.batch.ends_with("nommiocache")) record.maxphyaddr = 52;
  for (const Json& command : line.at("cmds"))
    record.script.push_back(parse_command(command.get_ref<const std::string&>()));
  for (const Json& slot : line.at("slots"))
    if (slot.at("rc").get<int>() == 0) record.slots.push_back(parse_slot(slot));
  for (const Json& step : line.at("steps")) record.steps.push_back(parse_step(step));
  return record;
}

}  // namespace nestwalk::x86
