#include "common/vectors/line_reader.h"

#include <array>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filtering_streambuf.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>

#include "common/base/user_error.h"

namespace nestwalk {
namespace {

constexpr std::array<char, 6> xz_magic{'\xfd', '7', 'z', 'X', 'Z', '\0'};
constexpr std::array<char, 2> xz_footer_magic{'Y', 'Z'};

bool is_xz(std::ifstream& file) {
  std::array<char, xz_magic.size()> first{};
  file.read(first.data(), first.size());
  const bool complete = file.gcount() == static_cast<std::streamsize>(first.size());
  file.clear();
  file.seekg(0);
  return complete && first == xz_magic;
}

// The decompressor takes a file that ends too early for complete, so its end is looked at first.
bool ends_as_xz(std::ifstream& file) {
  std::array<char, xz_footer_magic.size()> last{};
  file.seekg(-static_cast<std::streamoff>(last.size()), std::ios::end);
  file.read(last.data(), last.size());
  const bool complete = static_cast<bool>(file);
  file.clear();
  file.seekg(0);
  return complete && last == xz_footer_magic;
}

}  // namespace

struct LineReader::Source {
  std::ifstream file;
  boost::iostreams::filtering_streambuf<boost::iostreams::input> filters;
  std::istream text{&filters};
};

LineReader::LineReader(const std::string& path) : path_(path), source_(std::make_unique<Source>()) {
  source_->file.open(path, std::ios::binary);
  if (!source_->file || source_->file.peek() == std::ifstream::traits_type::eof())
    throw UserErrors(UserError{
        path, 0, "",
        source_->file.is_open() ? "the file is empty or not a file" : std::strerror(errno)});
  if (is_xz(source_->file)) {
    if (!ends_as_xz(source_->file))
      throw UserErrors(UserError{path, 0, "", "the xz data end too early"});
    source_->filters.push(boost::iostreams::lzma_decompressor());
  }
  source_->filters.push(source_->file);
  source_->text.exceptions(std::ios::badbit);
}

LineReader::~LineReader() = default;

bool LineReader::next(std::string& line) {
  try {
    if (!std::getline(source_->text, line)) return false;
  } catch (const std::exception& error) {
    throw UserErrors(UserError{path_, line_number_ + 1, "",
                               std::string("the compressed data are damaged: ") + error.what()});
  }
  ++line_number_;
  return true;
}

}  // namespace nestwalk
