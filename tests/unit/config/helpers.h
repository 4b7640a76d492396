// Loading configs from text in tests, and errors as the user sees them.
#pragma once
#include <doctest/doctest.h>

#include <string>
#include <string_view>
#include <vector>

#include "common/config/config.h"

namespace nestwalk::config {

inline const std::string source_dir = NESTWALK_SOURCE_DIR;

inline Library shipped() { return {{source_dir + "/configs"}}; }

// Line 1 is `machine`, line 2 `workload`.
inline const std::string small_config =
    "machine: {preset: tiny}\n"
    "workload: {kind: uniform, footprint: 1M, accesses: 100}\n";

inline Document from(std::string_view text) {
  return load_text(text, "test.yaml", source_dir + "/configs");
}

inline Overrides options(const std::vector<std::string>& texts) {
  Overrides out;
  for (const std::string& text : texts) out.push_back(parse_option(text));
  return out;
}

inline Config resolved(std::string_view text, const std::vector<std::string>& set = {}) {
  return resolve(from(text), options(set), shipped());
}

// What `act` complains about, one text per error; empty: nothing.
template <class Act>
std::vector<std::string> complaints(Act act) {
  std::vector<std::string> out;
  try {
    act();
  } catch (const UserErrors& errors) {
    for (const UserError& error : errors.all()) out.push_back(error.text());
  }
  return out;
}

inline std::vector<std::string> errors_of(std::string_view text,
                                          const std::vector<std::string>& set = {}) {
  return complaints([&] { resolved(text, set); });
}

using Texts = std::vector<std::string>;

}  // namespace nestwalk::config

template <>
struct doctest::StringMaker<std::vector<std::string>> {
  static doctest::String convert(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += "\n    | " + text;
    return out.c_str();
  }
};
