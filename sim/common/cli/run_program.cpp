// The program: picks the command and turns mistakes into messages and exit statuses.
#include <fmt/format.h>

#include <iostream>

#include "common/base/user_error.h"
#include "common/cli/interruption.h"
#include "common/cli/program.h"

namespace nestwalk::cli {
namespace {

struct Command {
  const char* name;
  const char* does;
  int (*run)(const Program&, const Arguments&);
};

constexpr Command commands[] = {
    {"run", "run one simulation and print its report", run_command},
    {"compare", "run several variants, or read their results, and compare them", compare_command},
    {"explain", "tell one translation step by step", explain_command},
    {"scenario", "play scenario files and say which hold", scenario_command},
    {"check", "check translations against vectors that another machine executed", check_command},
    {"list", "list presets, policies, workloads or costs", list_command},
    {"bench", "measure the simulator's speed", bench_command},
    {"measure", "measure this machine's memory, without the simulator", measure_command},
    {"compare-machine", "the simulator's figures beside a measurement", compare_machine_command},
};

void print_help() {
  std::cout << "nestwalk " NESTWALK_VERSION
               ": what address translation costs in a virtual machine\n\n"
               "usage: nestwalk COMMAND [ARGUMENTS]\n\ncommands:\n";
  for (const Command& command : commands)
    std::cout << fmt::format("  {:<15} {}\n", command.name, command.does);
  std::cout << "\n  nestwalk COMMAND --help   options of a command\n"
               "  nestwalk --version        the version\n";
}

int dispatch(const Program& program, const Arguments& arguments) {
  if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
    print_help();
    return arguments.empty() ? status_user_error : status_ok;
  }
  if (arguments[0] == "--version") {
    std::cout << "nestwalk " NESTWALK_VERSION "\n";
    return status_ok;
  }
  for (const Command& command : commands)
    if (arguments[0] == command.name)
      return command.run(program, Arguments(arguments.begin() + 1, arguments.end()));
  throw UserErrors(
      UserError{"", 0, "", fmt::format("'{}' is no command; see nestwalk --help", arguments[0])});
}

}  // namespace

int run_program(const Program& program, const Arguments& arguments) {
  catch_interruptions();
  try {
    const int status = dispatch(program, arguments);
    std::cout.flush();
    if (!std::cout) throw UserErrors(UserError{"standard output", 0, "", "cannot be written"});
    return status;
  } catch (const UserErrors& errors) {
    for (const UserError& error : errors.all())
      std::cerr << "nestwalk: error: " << error.text() << "\n";
    return status_user_error;
  } catch (const std::bad_alloc&) {
    std::cerr << "nestwalk: error: this machine's memory is used up\n";
    return status_failed;
  }
}

}  // namespace nestwalk::cli
