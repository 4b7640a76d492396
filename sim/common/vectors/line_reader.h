// Lines of a text file, plain or .xz; which of them is told by the file's first bytes.
#pragma once
#include <cstdint>
#include <istream>
#include <memory>
#include <string>

namespace nestwalk {

class LineReader {
 public:
  // Throws UserErrors if the file cannot be opened.
  explicit LineReader(const std::string& path);
  ~LineReader();

  // The next line, without its end. Throws UserErrors if the compressed data are damaged.
  bool next(std::string& line);
  std::uint64_t line_number() const { return line_number_; }  // of the last line given

 private:
  struct Source;
  std::string path_;
  std::unique_ptr<Source> source_;
  std::uint64_t line_number_ = 0;
};

}  // namespace nestwalk
