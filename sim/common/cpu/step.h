// The steps of a software path: each is one row of a table. From the row follow the key of its
// price, its name in traces and as a point where a scenario pauses, and what a test of the path's
// graph expects. A path is a type with a name, an `enum class Step` and its table:
//
//   struct UnmapPath {
//     enum class Step : std::uint8_t { lock, clear };
//     static constexpr std::string_view name = "unmap";
//     static constexpr auto steps = step_table<Step>({
//         {Step::lock, "lock", "mmap_write_lock, 6.12"},
//         {Step::clear, "clear", "zap_pte_range, 6.12"},
//     });
//   };
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace nestwalk {

// What a price pays for.
enum class Per : std::uint8_t {
  event,    // one occurrence
  page_4k,  // 4 KiB worked on
  target    // one other vCPU
};

template <class Step>
struct StepRow {
  Step step;
  std::string_view name;
  std::string_view abstracts;  // the kernel function and version, or the hardware's action
  Per per = Per::event;
};

// The rows in the order of the enum, each name once; anything else does not compile.
template <class Step, std::size_t count>
consteval std::array<StepRow<Step>, count> step_table(const StepRow<Step> (&rows)[count]) {
  std::array<StepRow<Step>, count> table{};
  for (std::size_t i = 0; i < count; ++i) {
    if (static_cast<std::size_t>(rows[i].step) != i) throw "the rows are not in the enum's order";
    if (rows[i].name.empty() || rows[i].abstracts.empty()) throw "a row lacks its texts";
    for (std::size_t j = 0; j < i; ++j)
      if (rows[j].name == rows[i].name) throw "two rows have one name";
    table[i] = rows[i];
  }
  return table;
}

template <class Path>
inline constexpr std::size_t step_count = Path::steps.size();

// What a price list must price for this path, in the order of its steps.
template <class Path>
constexpr std::array<std::string_view, step_count<Path>> step_names() {
  std::array<std::string_view, step_count<Path>> names{};
  for (std::size_t i = 0; i < names.size(); ++i) names[i] = Path::steps[i].name;
  return names;
}

}  // namespace nestwalk
