// Geometry that cannot be built.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <optional>
#include <set>

#include "common/config/rules.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

void refuse(const Value& at, Errors& errors, std::string message) {
  errors.add(at.error(std::move(message)));
}

// The greatest power of two not above n, n >= 1.
std::uint64_t floor_power(std::uint64_t n) { return std::bit_floor(n); }

void check_cache(const Value& cache, std::uint64_t line_bytes, Errors& errors) {
  const std::uint64_t size = cache.at("size").as_uint(), ways = cache.at("ways").as_uint();
  if (size == 0) return;
  const std::uint64_t way_bytes = ways * line_bytes, sets = size / way_bytes;
  if (size % way_bytes == 0 && std::has_single_bit(sets)) return;
  const std::uint64_t near = floor_power(std::max<std::uint64_t>(sets, 1)) * way_bytes;
  refuse(
      cache.at("size"), errors,
      fmt::format("{} in {} ways of {}-byte lines gives {} sets; allowed: a power of two of sets, "
                  "for instance {} or {}",
                  format_bytes(size), ways, line_bytes,
                  size % way_bytes == 0 ? std::to_string(sets) : "no whole number of",
                  format_bytes(near), format_bytes(near * 2)));
}

}  // namespace

void rule_array(Value& array, Errors& errors) {
  const std::uint64_t entries = array.at("entries").as_uint(), ways = array.at("ways").as_uint();
  if (entries == 0 || ways == 0) return;
  if (entries % ways != 0)
    refuse(
        array.at("ways"), errors,
        fmt::format("{} entries do not divide into {} ways; allowed: a divisor of {}, or 0 (fully "
                    "associative)",
                    entries, ways, entries));
  else if (!std::has_single_bit(entries / ways))
    refuse(array.at("ways"), errors,
           fmt::format("{} entries in {} ways give {} sets; allowed: a power of two of sets",
                       entries, ways, entries / ways));
}

void rule_tlb_array(Value& array, Errors& errors) {
  rule_array(array, errors);
  std::set<std::string> seen;
  for (const Value& size : array.at("sizes").items())
    if (!seen.insert(size.as_text()).second)
      refuse(size, errors,
             fmt::format("{} is given twice; allowed: each size once", size.as_text()));
}

void rule_tlb(Value& tlb, Errors& errors) {
  std::set<std::string> seen;
  for (const Value& array : tlb.at("arrays").items())
    for (const Value& size : array.at("sizes").items())
      if (!seen.insert(size.as_text()).second)
        refuse(
            size, errors,
            fmt::format("{} is held by another array of this TLB; allowed: each size in one array",
                        size.as_text()));
}

void rule_walk_cache(Value& levels, Errors& errors) {
  std::set<std::uint64_t> seen;
  for (const Value& level : levels.items())
    if (!seen.insert(level.at("height").as_uint()).second)
      refuse(level.at("height"), errors,
             fmt::format("height {} is given twice; allowed: each height once",
                         level.at("height").as_uint()));
}

void rule_caches(Value& caches, Errors& errors) {
  const std::uint64_t line_bytes = caches.at("line_bytes").as_uint();
  if (!std::has_single_bit(line_bytes)) {
    refuse(caches.at("line_bytes"), errors,
           fmt::format("{} is not a power of two; allowed: 16, 32, 64, 128, 256, 512, 1024",
                       line_bytes));
    return;
  }
  for (const char* name : {"l1d", "l2", "llc"}) check_cache(caches.at(name), line_bytes, errors);
}

void rule_dram(Value& dram, Errors& errors) {
  for (const char* name : {"ranks", "banks", "row_bytes"}) {
    const std::uint64_t number = dram.at(name).as_uint();
    if (!std::has_single_bit(number))
      refuse(dram.at(name), errors,
             fmt::format("{} is not a power of two; allowed: for instance {} or {}", number,
                         floor_power(number), floor_power(number) * 2));
  }
  const double trefi = dram.at("trefi_ns").as_real(), trfc = dram.at("trfc_ns").as_real();
  if (trefi > 0 && trfc >= trefi / 2)
    refuse(dram.at("trfc_ns"), errors,
           fmt::format("{} leaves little time between refreshes; allowed: less than half of "
                       "trefi_ns, {}",
                       trfc, trefi));
}

void rule_machine(Value& machine, Errors& errors) {
  const bool x86 = machine.at("isa").as_text() == "x86";
  const std::set<std::string> sizes =
      x86 ? std::set<std::string>{"4K", "2M", "4M", "1G"}
          : std::set<std::string>{"4K", "16K", "64K", "2M", "32M", "512M", "1G"};
  for (const Value& tlb : machine.at("tlbs").items())
    for (const Value& array : tlb.at("arrays").items())
      for (const Value& size : array.at("sizes").items())
        if (!sizes.contains(size.as_text()))
          refuse(size, errors,
                 fmt::format("{} has no pages of {}; allowed: {}", machine.at("isa").as_text(),
                             size.as_text(),
                             x86 ? "4K, 2M, 4M, 1G" : "4K, 16K, 64K, 2M, 32M, 512M, 1G"));
  if (const Value& entries = machine.at("stage1_tlb.entries"); x86 && entries.as_uint() != 0)
    refuse(entries, errors,
           "x86 caches no first-stage translation of a guest by itself; allowed: 0");
  if (const std::uint64_t row = machine.at("dram.row_bytes").as_uint(),
      line = machine.at("caches.line_bytes").as_uint();
      row < line)
    refuse(machine.at("dram.row_bytes"), errors,
           fmt::format("{} is less than a cache line; allowed: at least {}", row, line));
}

}  // namespace nestwalk::config
