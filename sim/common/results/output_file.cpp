// The chain compressor -> file, by Boost.Iostreams.
#pragma GCC diagnostic ignored "-Wrestrict"  // GCC 12 warns falsely of Boost's gzip header text
#include "common/results/output_file.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/iostreams/device/file_descriptor.hpp>
#include <boost/iostreams/filter/gzip.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filter/zstd.hpp>
#include <boost/iostreams/filtering_stream.hpp>

#include "common/base/user_error.h"

namespace nestwalk {
namespace {

namespace fs = std::filesystem;
namespace io = boost::iostreams;

[[noreturn]] void fail(const fs::path& path, const std::string& what) {
  throw UserErrors(UserError{path.string(), 0, "", fmt::format("cannot be written: {}", what)});
}

// Runs `work`, whose failures are those of writing `path`.
template <class Work>
void writing(const fs::path& path, Work work) {
  try {
    work();
  } catch (const std::exception& error) {
    fail(path, error.what());
  }
}

}  // namespace

class OutputFile::Chain {
 public:
  Chain(const fs::path& file, const std::string& suffix) {
    if (suffix == ".gz") out_.push(io::gzip_compressor());
    if (suffix == ".xz") out_.push(io::lzma_compressor());
    if (suffix == ".zst") out_.push(io::zstd_compressor());
    out_.push(io::file_descriptor_sink(file.string(), std::ios::binary | std::ios::trunc));
    out_.exceptions(std::ios::badbit);
  }
  void write(std::string_view text) {
    out_.write(text.data(), static_cast<std::streamsize>(text.size()));
  }
  void close() { out_.reset(); }

 private:
  io::filtering_ostream out_;
};

OutputFile::OutputFile(const fs::path& path)
    : path_(path),
      partial_(path.parent_path() /
               fmt::format(".{}.partial-{}", path.filename().string(), ::getpid())) {
  if (!path.has_filename() || fs::is_directory(path)) fail(path, "it is a directory");
  writing(path_, [&] { chain_ = std::make_unique<Chain>(partial_, path.extension().string()); });
}

OutputFile::~OutputFile() {
  if (!chain_) return;
  chain_.reset();
  std::error_code ignored;
  fs::remove(partial_, ignored);
}

void OutputFile::write(std::string_view text) {
  writing(path_, [&] { chain_->write(text); });
}

void OutputFile::publish() {
  writing(path_, [&] {
    chain_->close();
    fs::rename(partial_, path_);
  });
  chain_.reset();
}

}  // namespace nestwalk
