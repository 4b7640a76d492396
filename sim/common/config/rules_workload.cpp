// Workloads that cannot be made: what workload/validate.h asks of a generator, told with lines.
#include <fmt/format.h>

#include <bit>

#include "common/config/rules.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

constexpr std::uint64_t page_bytes = 4096;

void refuse(const Value& at, Errors& errors, std::string message) {
  errors.add(at.error(std::move(message)));
}

void need_multiple(const Value& at, std::uint64_t unit, std::string_view what, Errors& errors) {
  if (at.as_uint() % unit != 0)
    refuse(at, errors,
           fmt::format("{} is not a multiple of {}; allowed: multiples of {}",
                       format_bytes(at.as_uint()), what, format_bytes(unit)));
}

void check_region(const Value& workload, const char* base_key, const char* bytes_key,
                  const ProgramSpace& space, Errors& errors) {
  const Value &base = workload.at(base_key), &size = workload.at(bytes_key);
  const std::uint64_t first = base.as_uint() & space.significant_bits;
  if (first <= space.limit && size.as_uint() <= space.limit - first) return;
  refuse(base.is_default() ? size : base, errors,
         fmt::format("{} from {:#x} leave the program's addresses; allowed: up to {:#x}",
                     format_bytes(size.as_uint()), base.as_uint(), space.limit));
}

}  // namespace

void rule_generator(Value& workload, Errors& errors) {
  if (!workload.has("footprint")) return;
  const Value& access = workload.at("access_bytes");
  const std::uint64_t access_bytes = access.as_uint();
  if (!std::has_single_bit(access_bytes)) {
    refuse(access, errors,
           fmt::format("{} is not a power of two; allowed: 1, 2, 4, 8, 16, 32, 64", access_bytes));
    return;
  }
  need_multiple(workload.at("base"), page_bytes, "a page", errors);
  need_multiple(workload.at("code_base"), page_bytes, "a page", errors);
  need_multiple(workload.at("code_footprint"), 64, "a line", errors);
  need_multiple(workload.at("footprint"), access_bytes, "access_bytes", errors);
  for (const char* key : {"stride", "item_bytes", "node_bytes", "offset_step"}) {
    const Value* part = workload.find(key);
    if (!part) continue;
    need_multiple(*part, access_bytes, "access_bytes", errors);
    if (std::string_view(key) == "item_bytes" || std::string_view(key) == "node_bytes")
      need_multiple(workload.at("footprint"), part->as_uint(), key, errors);
  }
}

void rule_trace(Value& trace, Errors& errors) {
  if (trace.at("loop").as_bool() && trace.at("limit").as_uint() == 0)
    refuse(trace.at("loop"), errors,
           "a trace that begins again never ends; allowed: with a limit above 0");
}

void check_reach(const Value& workload, const ProgramSpace& space, Errors& errors) {
  if (workload.has("phases"))
    for (const Value& phase : workload.at("phases").items()) check_reach(phase, space, errors);
  if (!workload.has("footprint")) return;
  check_region(workload, "base", "footprint", space, errors);
  check_region(workload, "code_base", "code_footprint", space, errors);
}

}  // namespace nestwalk::config
