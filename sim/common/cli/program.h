// What main gives the commands: the architectures, and where the project's own files lie.
#pragma once
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "common/cli/simulation.h"
#include "common/config/library.h"
#include "common/vectors/record_checker.h"
#include "common/vectors/vector_checker.h"

namespace nestwalk::cli {

struct Program {
  MakeArchitecture make_architecture;
  std::vector<std::unique_ptr<VectorChecker>> checkers;
  std::vector<std::unique_ptr<RecordChecker>> record_checkers;
  config::Library library;           // configs/
  std::filesystem::path executable;  // to start further processes of itself
  std::filesystem::path home;        // the project's folder: workloads/, configs/
};

using Arguments = std::vector<std::string>;

inline constexpr int status_ok = 0, status_failed = 1, status_user_error = 2;

// One function per command; `arguments` are those after its name. They return the exit status and
// throw UserErrors for a user's mistake.
int run_command(const Program& program, const Arguments& arguments);
int compare_command(const Program& program, const Arguments& arguments);
int list_command(const Program& program, const Arguments& arguments);
int explain_command(const Program& program, const Arguments& arguments);
int check_command(const Program& program, const Arguments& arguments);
int bench_command(const Program& program, const Arguments& arguments);
int measure_command(const Program& program, const Arguments& arguments);
int compare_machine_command(const Program& program, const Arguments& arguments);

// The whole program: picks the command, shows errors, returns the exit status.
int run_program(const Program& program, const Arguments& arguments);

}  // namespace nestwalk::cli
