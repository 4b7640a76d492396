// `nestwalk scenario`: plays scenario files and says which hold.
#include <fmt/format.h>

#include <iostream>
#include <sstream>

#include "common/base/user_error.h"
#include "common/cli/options.h"
#include "common/cli/scene_from_value.h"
#include "common/config/scenario_layout.h"
#include "common/results/output_file.h"
#include "common/scenario/junit.h"
#include "common/scenario/run.h"

namespace nestwalk::cli {

namespace po = boost::program_options;

int scenario_command(const Program& program, const Arguments& arguments) {
  Options options(
      "scenario FILE... [--trace] [--junit FILE]",
      "Plays scenarios (YAML, configs/schema/scenario.schema.json): a machine, steps on\n"
      "its vCPUs, and what must be true after each. Prints what was expected and what\n"
      "was found where they differ. Exit status 0 only if all pass, 1 if any fails, 2\n"
      "for a file that is not a scenario.",
      "file");
  options.add()("trace", "print every step, its exits and what the hypervisor changes");
  options.add()("junit", po::value<std::string>()->value_name("FILE"),
                "write the results as JUnit XML, too");
  if (!options.parse(arguments)) return status_ok;
  const std::vector<std::string> files = options.positional();
  if (files.empty())
    throw UserErrors(UserError{"", 0, "", "no file given; usage: nestwalk scenario FILE..."});
  // All files are read before the first is played.
  std::vector<config::Value> loaded;
  for (const std::string& file : files) loaded.push_back(config::load_scenario(file));
  std::size_t failed = 0;
  std::vector<scenario::Played> all;
  for (const config::Value& file : loaded) {
    const scenario::Played played =
        scenario::play(scene_from(file), program.make_dialect(file.at("machine")));
    failed += !played.passed();
    scenario::print(played, options.has("trace"), std::cout);
    all.push_back(played);
  }
  if (options.has("junit")) {
    std::ostringstream xml;
    scenario::write_junit(all, xml);
    OutputFile file(options.get<std::string>("junit"));
    file.write(xml.str());
    file.publish();
  }
  std::cout << fmt::format("{} passed, {} failed\n", files.size() - failed, failed);
  return failed ? status_failed : status_ok;
}

}  // namespace nestwalk::cli
