// `nestwalk check`: translations against vectors that an independent machine has executed, models
// against records of real hypervisors.
#include <iostream>

#include "common/base/user_error.h"
#include "common/cli/options.h"
#include "common/vectors/check_files.h"

namespace nestwalk::cli {

namespace po = boost::program_options;

int check_command(const Program& program, const Arguments& arguments) {
  Options options(
      "check FILE... [-v] [--differences FILE]",
      "Executes the accesses of vector files (.jsonl, .jsonl.xz), plays the steps of records of\n"
      "real KVM, and prints every result that differs. Exit status 0 only if none does. "
      "Differences of a class where the manual is\n"
      "known to win over the machine behind the vectors are counted apart, with the section.",
      "file");
  options.add()("verbose,v", "with the walk of every mismatch, and each known difference");
  options.add()("differences", po::value<std::string>()->value_name("FILE"),
                "accepted classes of differences, instead of\n"
                "tests/conformance/vectors/differences.json");
  if (!options.parse(arguments)) return status_ok;
  const std::vector<std::string> files = options.positional();
  if (files.empty())
    throw UserErrors(UserError{"", 0, "", "no file given; usage: nestwalk check FILE..."});
  std::vector<VectorChecker*> checkers;
  for (const auto& checker : program.checkers) checkers.push_back(checker.get());
  CheckOptions check;
  check.verbose = options.has("verbose");
  check.differences_file = program.home / "tests/conformance/vectors/differences.json";
  if (options.has("differences")) check.differences_file = options.get<std::string>("differences");
  std::vector<RecordChecker*> record_checkers;
  for (const auto& checker : program.record_checkers) record_checkers.push_back(checker.get());
  const CheckTotals totals = check_files(files, check, checkers, std::cout, record_checkers);
  return totals.mismatched == 0 ? status_ok : status_failed;
}

}  // namespace nestwalk::cli
