// What the tests of this room share: collecting a stream, files that vanish, compressing, and the
// text of the error that a piece of code throws.
#pragma once
#include <unistd.h>
#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "common/base/user_error.h"
#include "common/workload/access_source.h"
#include "common/workload/byte_stream.h"
#include "common/workload/trace_reader.h"

namespace nestwalk {

inline bool operator==(const MemoryAccess& a, const MemoryAccess& b) {
  return a.va == b.va && a.kind == b.kind && a.size_bytes == b.size_bytes && a.space == b.space &&
         a.dependent == b.dependent && a.user == b.user &&
         a.after_system_call == b.after_system_call;
}

}  // namespace nestwalk

namespace workload_test {

using namespace nestwalk;

// Everything to the end, in batches of `batch`.
inline std::vector<MemoryAccess> collect(AccessSource& source, std::size_t batch = 100) {
  std::vector<MemoryAccess> all, part(batch);
  while (const std::size_t got = source.next(part))
    all.insert(all.end(), part.begin(), part.begin() + static_cast<std::ptrdiff_t>(got));
  return all;
}

inline ByteStream bytes_of(std::string text, std::string name = "trace") {
  return ByteStream(std::make_unique<std::istringstream>(std::move(text)), std::move(name));
}

inline std::vector<MemoryAccess> read_all(TraceFormat format, std::string text,
                                          std::size_t batch = 100) {
  const auto reader = make_trace_reader(format, bytes_of(std::move(text)));
  return collect(*reader, batch);
}

// The text of the UserErrors that `act` throws; "no error" when it does not.
template <class Act>
std::string error_of(Act act) {
  try {
    act();
  } catch (const UserErrors& errors) {
    return errors.what();
  }
  return "no error";
}

template <class Filter>
std::string filtered(const std::string& text, Filter filter) {
  std::istringstream in(text);
  std::ostringstream out;
  boost::iostreams::filtering_ostream chain;
  chain.push(filter);
  chain.push(out);
  boost::iostreams::copy(in, chain);
  return out.str();
}
inline std::string gzipped(const std::string& text) {
  return filtered(text, boost::iostreams::gzip_compressor());
}
inline std::string xzipped(const std::string& text) {
  return filtered(text, boost::iostreams::lzma_compressor());
}
inline std::string zstandard(const std::string& text) {
  return filtered(text, boost::iostreams::zstd_compressor());
}

// A file in the temporary directory, gone with the object.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& contents) {
    static int made = 0;
    path_ = (std::filesystem::temp_directory_path() /
             ("nestwalk-workload-" + std::to_string(getpid()) + "-" + std::to_string(made++)))
                .string();
    std::ofstream(path_, std::ios::binary) << contents;
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() { std::filesystem::remove(path_); }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace workload_test
