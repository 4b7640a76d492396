// A process for each machine: SystemC elaborates once per process, so a test that compares several
// machines runs each in a child and gets its result back through a pipe.
#pragma once
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <exception>
#include <functional>
#include <stdexcept>
#include <string>

namespace nestwalk::test {

// What `work` returns, run in a child. Throws what the child's exception said, or that it died.
inline std::string in_child(const std::function<std::string()>& work) {
  int ends[2];
  if (pipe(ends) != 0) throw std::runtime_error("no pipe");
  std::fflush(nullptr);
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("no child process");
  if (child == 0) {
    close(ends[0]);
    std::signal(SIGABRT, SIG_DFL);  // doctest's handler would report the parent's test
    std::string answer;
    try {
      answer = "=" + work();
    } catch (const std::exception& error) {
      answer = std::string("!") + error.what();
    }
    for (std::size_t at = 0; at < answer.size();) {
      const ssize_t count = write(ends[1], answer.data() + at, answer.size() - at);
      if (count <= 0) _exit(2);
      at += static_cast<std::size_t>(count);
    }
    _exit(0);
  }
  close(ends[1]);
  std::string answer;
  char buffer[65536];
  for (ssize_t count; (count = read(ends[0], buffer, sizeof buffer)) > 0;)
    answer.append(buffer, static_cast<std::size_t>(count));
  close(ends[0]);
  int status = 0;
  waitpid(child, &status, 0);
  if (answer.empty()) throw std::runtime_error("the child process died");
  if (answer.front() == '!') throw std::runtime_error(answer.substr(1));
  return answer.substr(1);
}

}  // namespace nestwalk::test
