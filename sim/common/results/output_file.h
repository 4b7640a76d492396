// A file of results too large to be held in memory: written as it comes, compressed if its name
// says so, and in its place only when it is whole.
#pragma once
#include <filesystem>
#include <memory>
#include <string_view>

namespace nestwalk {

class OutputFile {
 public:
  // A name that ends in .gz, .xz or .zst is compressed, any other is not. Until publish() the file
  // lies beside its place, hidden, with "partial" in its name. Throws UserErrors when it cannot be
  // written there.
  explicit OutputFile(const std::filesystem::path& path);
  // Removes what was not published.
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  // Throws UserErrors, as on a full disk.
  void write(std::string_view text);
  // Writes what is left and puts the file in its place, over an earlier one. Throws UserErrors.
  void publish();

 private:
  class Chain;
  std::filesystem::path path_, partial_;
  std::unique_ptr<Chain> chain_;
};

}  // namespace nestwalk
