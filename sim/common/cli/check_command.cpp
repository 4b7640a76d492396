// `nestwalk check`: translations against vectors that an independent machine has executed.
#include <iostream>

#include "common/base/user_error.h"
#include "common/cli/options.h"
#include "common/vectors/check_files.h"

namespace nestwalk::cli {

namespace po = boost::program_options;

int check_command(const Program& program, const Arguments& arguments) {
  Options options(
      "check FILE... [-v] [--differences FILE]",
      "Executes the accesses of vector files (.jsonl, .jsonl.xz) and prints every result\n"
      "that differs. Exit status 0 only if none does.",
      "file");
  options.add()("verbose,v", "with the walk of every mismatch");
  options.add()("differences", po::value<std::string>()->default_value("")->value_name("FILE"),
                "known differences between the executing machine and the manual");
  if (!options.parse(arguments)) return status_ok;
  const std::vector<std::string> files = options.positional();
  if (files.empty())
    throw UserErrors(UserError{"", 0, "", "no file given; usage: nestwalk check FILE..."});
  std::vector<VectorChecker*> checkers;
  for (const auto& checker : program.checkers) checkers.push_back(checker.get());
  const CheckTotals totals =
      check_files(files, {options.has("verbose"), options.get<std::string>("differences")},
                  checkers, std::cout);
  return totals.mismatched == 0 ? status_ok : status_failed;
}

}  // namespace nestwalk::cli
