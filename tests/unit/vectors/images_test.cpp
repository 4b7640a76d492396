// Memory of a vector as a binary image beside the file.
#include "common/vectors/images.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace nestwalk {
namespace {

class ImageFolder {
 public:
  ImageFolder()
      : path_(std::filesystem::temp_directory_path() /
              ("nestwalk-images-" + std::to_string(::getpid()))) {
    std::filesystem::create_directory(path_);
  }
  ~ImageFolder() { std::filesystem::remove_all(path_); }
  ImageFolder(const ImageFolder&) = delete;
  ImageFolder& operator=(const ImageFolder&) = delete;

  void file(const std::string& name, const std::string& contents) const {
    std::ofstream(path_ / name, std::ios::binary) << contents;
  }
  bool refused(const char* vector) const {
    nlohmann::json json = nlohmann::json::parse(vector);
    try {
      expand_images(json, path_);
    } catch (const std::invalid_argument&) {
      return true;
    } catch (const nlohmann::json::exception&) {
      return true;
    }
    return false;
  }
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Three words: 0x0807060504030201, 0, 0x67.
const std::string three_words("\x01\x02\x03\x04\x05\x06\x07\x08\0\0\0\0\0\0\0\0\x67\0\0\0\0\0\0\0",
                              24);

}  // namespace

TEST_CASE("an image becomes the words that are not zero, with those of mem") {
  const ImageFolder folder;
  folder.file("pages.bin", three_words);
  nlohmann::json vector =
      nlohmann::json::parse(R"({"images":[{"at":"0x1000","file":"pages.bin"}]})");
  expand_images(vector, folder.path());
  CHECK(vector["mem"].dump() == R"([["0x1000","0x807060504030201"],["0x1010","0x67"]])");
  vector = nlohmann::json::parse(
      R"({"mem":[["0x0","0x1"]],"images":[{"at":"0x1000","file":"pages.bin"}]})");
  expand_images(vector, folder.path());
  CHECK(vector["mem"].size() == 3);
  vector = nlohmann::json::parse(R"({"mem":[]})");
  expand_images(vector, folder.path());
  CHECK(vector == nlohmann::json::parse(R"({"mem":[]})"));
}

TEST_CASE("images that are refused") {
  const ImageFolder folder;
  folder.file("pages.bin", three_words);
  folder.file("odd.bin", "1234567");
  folder.file("empty.bin", "");
  CHECK_FALSE(folder.refused(R"({"images":[{"at":"0x1000","file":"pages.bin"}]})"));
  CHECK(folder.refused(R"({"images":{}})"));
  CHECK(folder.refused(R"({"images":[{"at":"0x1000"}]})"));
  CHECK(folder.refused(R"({"images":[{"at":"0x1004","file":"pages.bin"}]})"));
  CHECK(folder.refused(R"({"images":[{"at":"4096","file":"pages.bin"}]})"));
  CHECK(folder.refused(R"({"images":[{"at":"0x1000","file":"none.bin"}]})"));
  CHECK(folder.refused(R"({"images":[{"at":"0x1000","file":"odd.bin"}]})"));
  CHECK(folder.refused(R"({"images":[{"at":"0x1000","file":"empty.bin"}]})"));
  CHECK(folder.refused(
      R"({"mem":[["0x1010","0x1"]],"images":[{"at":"0x1000","file":"pages.bin"}]})"));
}

}  // namespace nestwalk
