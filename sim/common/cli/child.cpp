#include "common/cli/child.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <utility>

#include "common/base/check.h"

namespace nestwalk::cli {
namespace {

struct Pipe {
  int read_end = -1, write_end = -1;
};

Pipe make_pipe() {
  int ends[2];
  NW_CHECK(pipe2(ends, O_CLOEXEC) == 0, "pipe2 failed");
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {ends[0], ends[1]};
}

std::string read_all(int fd) {
  std::string text;
  std::array<char, 4096> part;
  for (;;) {
    const ssize_t count = read(fd, part.data(), part.size());
    if (count <= 0) return text;
    text.append(part.data(), static_cast<std::size_t>(count));
  }
}

}  // namespace

Child::Child(const std::filesystem::path& executable, std::vector<std::string> arguments) {
  const Pipe progress = make_pipe(), errors = make_pipe();
  arguments.push_back("--progress-pipe");
  arguments.push_back(std::to_string(progress.write_end));
  std::vector<char*> argv;
  std::string program = executable.string();
  argv.push_back(program.data());
  for (std::string& argument : arguments) argv.push_back(argument.data());
  argv.push_back(nullptr);
  pid_ = fork();
  NW_CHECK(pid_ >= 0, "fork failed");
  if (pid_ == 0) {
    fcntl(progress.write_end, F_SETFD, 0);  // the child keeps this end
    dup2(errors.write_end, STDERR_FILENO);
    execv(program.c_str(), argv.data());
    _exit(127);
  }
  close(progress.write_end);
  close(errors.write_end);
  progress_pipe_ = progress.read_end;
  error_pipe_ = errors.read_end;
}

Child::Child(Child&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      progress_pipe_(std::exchange(other.progress_pipe_, -1)),
      error_pipe_(std::exchange(other.error_pipe_, -1)),
      status_(other.status_),
      accesses_(other.accesses_),
      unread_(std::move(other.unread_)),
      errors_(std::move(other.errors_)) {}

Child::~Child() {
  if (progress_pipe_ >= 0) close(progress_pipe_);
  if (error_pipe_ >= 0) close(error_pipe_);
}

void Child::read_pipes() {
  errors_ += read_all(error_pipe_);
  unread_ += read_all(progress_pipe_);
  for (std::size_t end; (end = unread_.find('\n')) != std::string::npos;) {
    std::from_chars(unread_.data(), unread_.data() + end, accesses_);
    unread_.erase(0, end + 1);
  }
}

void Child::poll() {
  if (!running()) return;
  read_pipes();
  int status = 0;
  if (waitpid(pid_, &status, WNOHANG) != pid_) return;
  read_pipes();
  pid_ = -1;
  status_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace nestwalk::cli
