// The rules for generators come from one promise: an aligned access of a power-of-two size up to
// 64 bytes, in items and nodes that are multiples of it, never crosses a page.
#include "common/workload/validate.h"

#include <fmt/format.h>

#include <bit>
#include <limits>
#include <utility>

namespace nestwalk {
namespace {

constexpr double max_zipf_exponent = 8;

class Problems {
 public:
  // `key` is below the part named by at().
  template <class... Args>
  void add(std::string_view key, fmt::format_string<Args...> text, Args&&... args) {
    found_.push_back({"", 0, where_ + std::string(key), fmt::format(text, args...)});
  }
  void at(std::string where) { where_ = std::move(where); }
  std::vector<UserError> take() { return std::move(found_); }

 private:
  std::string where_;
  std::vector<UserError> found_;
};

void check_fraction(Problems& problems, std::string_view key, double value) {
  if (!(value >= 0 && value <= 1)) problems.add(key, "is {}; allowed: 0 to 1", value);
}

void check_region(Problems& problems, std::string_view base_key, std::uint64_t base,
                  std::string_view bytes_key, std::uint64_t bytes, std::uint64_t unit) {
  if (base % 4096 != 0) problems.add(base_key, "is {:#x}; must be a multiple of 4096", base);
  if (bytes == 0 || bytes % unit != 0)
    problems.add(bytes_key, "is {}; must be a multiple of {}, and not 0", bytes, unit);
  if (bytes > std::numeric_limits<std::uint64_t>::max() - base)
    problems.add(bytes_key, "is {}; from {:#x} that runs past the end of the address space", bytes,
                 base);
}

// A part of the footprint that must hold whole accesses and fill the footprint.
void check_part(Problems& problems, const GeneratorSpec& spec, std::string_view key,
                std::uint64_t bytes) {
  if (bytes == 0 || bytes % spec.access_bytes != 0)
    problems.add(key, "is {}; must be a multiple of access_bytes ({}), and not 0", bytes,
                 spec.access_bytes);
  else if (spec.footprint_bytes % bytes != 0)
    problems.add("footprint_bytes", "is {}; must be a multiple of {} ({})", spec.footprint_bytes,
                 key, bytes);
}

struct LawRules {
  Problems& problems;
  const GeneratorSpec& spec;

  void operator()(const StrideLaw& law) const {
    const std::uint64_t step = law.stride_bytes < 0
                                   ? 0 - static_cast<std::uint64_t>(law.stride_bytes)
                                   : static_cast<std::uint64_t>(law.stride_bytes);
    if (step == 0 || step % spec.access_bytes != 0)
      problems.add("stride.stride_bytes",
                   "is {}; must be a multiple of access_bytes ({}), and not 0", law.stride_bytes,
                   spec.access_bytes);
  }
  void operator()(const UniformLaw&) const {}
  void operator()(const ZipfLaw& law) const {
    if (!(law.exponent > 0 && law.exponent <= max_zipf_exponent))
      problems.add("zipf.exponent", "is {}; allowed: above 0, up to {}", law.exponent,
                   max_zipf_exponent);
    check_part(problems, spec, "zipf.item_bytes", law.item_bytes);
  }
  void operator()(const PointerChaseLaw& law) const {
    check_part(problems, spec, "pointer_chase.node_bytes", law.node_bytes);
    if (law.offset_step_bytes % spec.access_bytes != 0)
      problems.add("pointer_chase.offset_step_bytes",
                   "is {}; must be a multiple of access_bytes ({})", law.offset_step_bytes,
                   spec.access_bytes);
  }
};

void check_generator(Problems& problems, const GeneratorSpec& spec) {
  if (spec.count == 0) problems.add("count", "is 0; must be at least 1");
  check_fraction(problems, "write_fraction", spec.write_fraction);
  check_fraction(problems, "fetch_fraction", spec.fetch_fraction);
  check_region(problems, "code_base", spec.code_base, "code_bytes", spec.code_bytes, 64);
  if (!std::has_single_bit(spec.access_bytes) || spec.access_bytes > 64) {
    problems.add("access_bytes", "is {}; allowed: 1, 2, 4, 8, 16, 32, 64", spec.access_bytes);
    return;  // the other rules divide by it
  }
  check_region(problems, "base", spec.base, "footprint_bytes", spec.footprint_bytes,
               spec.access_bytes);
  std::visit(LawRules{problems, spec}, spec.law);
}

struct InputRules {
  Problems& problems;

  void operator()(const GeneratorSpec& spec) const { check_generator(problems, spec); }
  void operator()(const PhasesSpec& spec) const {
    if (spec.phases.empty()) problems.add("phases", "is empty; at least one phase is needed");
    if (spec.repeat == 0) problems.add("repeat", "is 0; must be at least 1");
    for (std::size_t i = 0; i < spec.phases.size(); ++i) {
      problems.at(fmt::format("phases[{}].", i));
      check_generator(problems, spec.phases[i]);
    }
  }
  void operator()(const TraceSpec& spec) const {
    if (spec.path.empty()) problems.add("path", "is empty; it names the trace file");
    if (spec.loop && spec.limit == 0)
      problems.add("limit", "is 0 (no limit) with loop; a looping trace needs a limit");
  }
};

}  // namespace

std::vector<UserError> workload_problems(const WorkloadSpec& spec) {
  Problems problems;
  std::visit(InputRules{problems}, spec.input);
  return problems.take();
}

void validate(const WorkloadSpec& spec) {
  auto problems = workload_problems(spec);
  if (!problems.empty()) throw UserErrors(std::move(problems));
}

}  // namespace nestwalk
