// Fuzz target for the trace readers: the first byte chooses the format, the rest is the trace,
// plain or compressed. Any bytes must give accesses that keep AccessSource's promises, or
// UserErrors. With NESTWALK_FUZZ_REPLAY defined it is an ordinary program that runs the files, and
// all files of the folders, named on its command line, so that a corpus can be replayed under any
// compiler.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <utility>

#include "common/base/check.h"
#include "common/base/user_error.h"
#include "common/workload/trace_reader.h"

namespace {

using namespace nestwalk;

void check(const MemoryAccess& access) {
  NW_CHECK(access.size_bytes >= 1 && access.size_bytes <= 64, "{} bytes", access.size_bytes);
  NW_CHECK(access.va.value % 4096 + access.size_bytes <= 4096, "{:#x} crosses a page",
           access.va.value);
  NW_CHECK(access.kind <= AccessKind::fetch, "kind {}", static_cast<int>(access.kind));
}

void read_trace(TraceFormat format, std::string bytes) {
  // A few bytes can decompress to very many; that is no finding.
  constexpr std::size_t enough = 200'000;
  const auto reader = make_trace_reader(
      format, ByteStream(std::make_unique<std::istringstream>(std::move(bytes)), "fuzz"));
  std::array<MemoryAccess, 37> out;
  std::size_t total = 0;
  while (const std::size_t got = reader->next(out)) {
    NW_CHECK(got <= out.size(), "{} accesses in a batch of {}", got, out.size());
    std::for_each_n(out.begin(), got, check);
    total += got;
    if (total > enough) return;
  }
  NW_CHECK(reader->next(out) == 0, "the end must stay the end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const auto format = trace_formats[data[0] % trace_formats.size()].format;
  try {
    read_trace(format, std::string(reinterpret_cast<const char*>(data) + 1, size - 1));
  } catch (const UserErrors& errors) {
    for (const auto& error : errors.all())
      NW_CHECK(!error.message.empty(), "an error says nothing");
  }
  return 0;
}

#ifdef NESTWALK_FUZZ_REPLAY
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

namespace {

void replay(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
}

}  // namespace

int main(int argc, char** argv) {
  namespace fs = std::filesystem;
  std::size_t replayed = 0;
  for (int i = 1; i < argc; ++i) {
    const fs::path path(argv[i]);
    if (!fs::exists(path)) {
      std::cerr << path.string() << ": no such file or folder\n";
      return 2;
    }
    if (!fs::is_directory(path)) {
      replay(path);
      ++replayed;
      continue;
    }
    for (const auto& entry : fs::recursive_directory_iterator(path)) {
      if (!entry.is_regular_file()) continue;
      replay(entry.path());
      ++replayed;
    }
  }
  std::cout << replayed << " inputs replayed\n";
  return replayed > 0 ? 0 : 2;
}
#endif
