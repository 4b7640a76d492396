// Lines of the arm64 translation vectors for tests that do more with them than the checker does.
#pragma once
#include <algorithm>
#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "arm64/address_translate.h"
#include "arm64/registers.h"
#include "common/vectors/line_reader.h"

namespace nestwalk::arm64::test {

using Json = nlohmann::json;
using Words = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

inline std::uint64_t number(const Json& text) {
  return std::stoull(text.get<std::string>(), nullptr, 16);
}

inline Words words_of(const Json& list) {
  Words words;
  for (const Json& word : list) words.emplace_back(number(word[0]), number(word[1]));
  std::sort(words.begin(), words.end());
  return words;
}

inline Registers registers_of(const Json& regs) {
  Registers r;
  const std::map<std::string, std::uint64_t*> fields = {
      {"SCTLR_EL1", &r.sctlr_el1}, {"TCR_EL1", &r.tcr_el1},     {"TTBR0_EL1", &r.ttbr0_el1},
      {"TTBR1_EL1", &r.ttbr1_el1}, {"MAIR_EL1", &r.mair_el1},   {"SCTLR_EL2", &r.sctlr_el2},
      {"TCR_EL2", &r.tcr_el2},     {"TTBR0_EL2", &r.ttbr0_el2}, {"TTBR1_EL2", &r.ttbr1_el2},
      {"MAIR_EL2", &r.mair_el2},   {"HCR_EL2", &r.hcr_el2},     {"VTCR_EL2", &r.vtcr_el2},
      {"VTTBR_EL2", &r.vttbr_el2}};
  for (const auto& [name, value] : regs.items())
    if (const auto field = fields.find(name); field != fields.end()) *field->second = number(value);
  return r;
}

// "S12E0W": both stages, as EL0, for writing.
inline AtOperation at_operation(const std::string& name) {
  AtOperation op;
  op.both_stages = name.starts_with("S12");
  op.el = static_cast<std::uint8_t>(name[name.size() - 2] - '0');
  op.write = name.back() == 'W';
  return op;
}

// Calls `use` with every line of every vector file.
template <class Use>
void for_each_vector_line(Use&& use) {
  for (const auto& file : std::filesystem::directory_iterator(NESTWALK_SOURCE_DIR
                                                              "/tests/conformance/vectors/arm64")) {
    if (file.path().extension() != ".xz") continue;
    LineReader reader(file.path().string());
    for (std::string line; reader.next(line);) use(Json::parse(line));
  }
}

}  // namespace nestwalk::arm64::test
