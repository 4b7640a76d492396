// Compares text with a file of tests/golden/results. With NESTWALK_UPDATE_GOLDEN set, writes it
// instead.
#pragma once
#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace nestwalk {

inline void check_golden(const std::string& name, const std::string& text) {
  const std::string path = NESTWALK_SOURCE_DIR "/tests/golden/results/" + name;
  if (std::getenv("NESTWALK_UPDATE_GOLDEN")) std::ofstream(path) << text;
  std::ifstream file(path);
  REQUIRE_MESSAGE(file, path);
  std::ostringstream expected;
  expected << file.rdbuf();
  CHECK_MESSAGE(text == expected.str(), path);
}

}  // namespace nestwalk
