#include "common/results/atomic_directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <stdio.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <sstream>
#include <system_error>

#include "common/base/user_error.h"

namespace nestwalk {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const fs::path& path, const std::string& what, int error) {
  const std::string reason = error ? ": " + std::generic_category().message(error) : "";
  throw UserErrors(UserError{path.string(), 0, "", what + reason});
}

[[noreturn]] void fail(const fs::path& path, const std::string& what,
                       const std::error_code& error) {
  fail(path, what, error.value());
}

// A directory beside the one to be written, gone at the end of the scope unless it was renamed.
class ScratchDirectory {
 public:
  explicit ScratchDirectory(const fs::path& target)
      : path_(target.parent_path() /
              fmt::format(".{}.partial-{}", target.filename().string(), ::getpid())) {
    std::error_code error;
    fs::create_directories(target.parent_path(), error);
    if (error) fail(target, "cannot create its parent directory", error);
    fs::remove_all(path_, error);
    if (!fs::create_directory(path_, error)) fail(target, "cannot write beside it", error);
  }
  ~ScratchDirectory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

// Absolute, without links, "..", or a slash at the end, so that its parent is where it really lies.
fs::path real_path(const fs::path& directory) {
  std::error_code error;
  fs::path real = fs::weakly_canonical(fs::absolute(directory, error), error);
  if (error) fail(directory, "cannot be resolved", error);
  if (!real.has_filename()) real = real.parent_path();
  if (!real.has_filename()) fail(directory, "is no place for results", 0);
  return real;
}

void refuse_unless_replaceable(const fs::path& directory, const FileTexts& replaceable) {
  std::error_code error;
  if (!fs::is_directory(directory, error))
    fail(directory, "exists and is not a directory; choose another place for the results", 0);
  fs::directory_iterator entries(directory, error);
  if (error) fail(directory, "cannot be read", error);
  for (const auto& entry : entries) {
    const std::string name = entry.path().filename().string();
    if (!replaceable.contains(name))
      fail(directory,
           fmt::format("holds \"{}\", which is no file of these results, so it is not replaced; "
                       "choose another directory or an empty one",
                       name),
           0);
  }
}

void write_text(const fs::path& path, const std::string& text, const fs::path& shown_as) {
  errno = 0;
  std::ofstream out(path, std::ios::binary | std::ios::trunc);
  out.write(text.data(), static_cast<std::streamsize>(text.size()));
  out.close();  // flushes; a full disk is often noticed only now
  if (!out) fail(shown_as, "cannot be written", errno);
}

void publish(const ScratchDirectory& scratch, const fs::path& target) {
  const auto rename = [&](unsigned flags) {
    return ::renameat2(AT_FDCWD, scratch.path().c_str(), AT_FDCWD, target.c_str(), flags) == 0;
  };
  // Exchange leaves what was there before in the scratch directory, which is then removed.
  if (rename(RENAME_EXCHANGE)) return;
  // Nothing there yet, or a file system that cannot exchange: plain rename replaces an empty one.
  if (errno == EINVAL) {
    std::error_code ignored;
    fs::remove_all(target, ignored);
  }
  if (!rename(0)) fail(target, "cannot be written", errno);
}

}  // namespace

void write_file(const fs::path& path, const std::string& text) { write_text(path, text, path); }

std::string read_file(const fs::path& path) {
  errno = 0;
  std::error_code error;
  if (fs::is_directory(path, error)) fail(path, "cannot be read: it is a directory", 0);
  std::ifstream in(path, std::ios::binary);
  std::ostringstream text;
  if (in) text << in.rdbuf();
  if (!in || in.bad()) fail(path, "cannot be read", errno);
  return text.str();
}

void write_directory(const fs::path& directory, const FileTexts& files,
                     const FileTexts& replaceable) {
  const fs::path target = real_path(directory);
  std::error_code error;
  if (fs::exists(fs::symlink_status(target, error))) refuse_unless_replaceable(target, replaceable);
  const ScratchDirectory scratch(target);
  for (const auto& [name, text] : files) write_text(scratch.path() / name, text, directory / name);
  publish(scratch, target);
}

}  // namespace nestwalk
