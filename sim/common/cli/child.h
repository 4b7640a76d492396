// One run in a process of its own (SystemC elaborates once per process), as `compare` starts it.
#pragma once
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace nestwalk::cli {

class Child {
 public:
  // Starts `executable` with `arguments`, a progress pipe and its error output kept.
  Child(const std::filesystem::path& executable, std::vector<std::string> arguments);
  Child(Child&&) noexcept;
  Child& operator=(Child&&) = delete;
  ~Child();

  // Reads what there is to read, without waiting.
  void poll();
  bool running() const { return pid_ > 0; }
  // After the end: exit status, or 128 + signal.
  int status() const { return status_; }
  std::uint64_t accesses() const { return accesses_; }
  const std::string& errors() const { return errors_; }

 private:
  void read_pipes();

  pid_t pid_ = -1;
  int progress_pipe_ = -1, error_pipe_ = -1;
  int status_ = 0;
  std::uint64_t accesses_ = 0;
  std::string unread_, errors_;
};

}  // namespace nestwalk::cli
