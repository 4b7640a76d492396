#include "common/cli/options.h"

#include <fmt/format.h>

#include <algorithm>
#include <iostream>

#include "common/base/user_error.h"

namespace nestwalk::cli {

namespace po = boost::program_options;

Options::Options(std::string usage, std::string description, std::string positional)
    : usage_(std::move(usage)),
      description_(std::move(description)),
      positional_(std::move(positional)),
      described_("options", 96, 48) {
  add()("help,h", "show this and exit");
}

void Options::add_config_options() {
  add()("set,s", po::value<std::vector<std::string>>()->value_name("KEY=VALUE"),
        "lay a value over the config, e.g. -s machine.vcpus=2; may be given several times");
}

bool Options::parse(const Arguments& arguments) {
  po::options_description all;
  all.add(described_);
  po::positional_options_description places;
  if (!positional_.empty()) {
    all.add_options()(positional_.c_str(), po::value<std::vector<std::string>>());
    places.add(positional_.c_str(), -1);
  }
  try {
    po::store(po::command_line_parser(arguments).options(all).positional(places).run(), values_);
    if (!has("help")) po::notify(values_);  // complains of what is missing
  } catch (const po::error& error) {
    throw UserErrors(
        UserError{"", 0, "", fmt::format("{}; usage: nestwalk {}", error.what(), usage_)});
  }
  if (!has("help")) return true;
  std::cout << "usage: nestwalk " << usage_ << "\n\n" << description_ << "\n\n" << described_;
  return false;
}

std::vector<std::string> Options::positional() const {
  if (positional_.empty() || !has(positional_.c_str())) return {};
  return get<std::vector<std::string>>(positional_.c_str());
}

std::string Options::only_positional() const {
  const std::vector<std::string> given = positional();
  if (given.size() != 1)
    throw UserErrors(UserError{
        "", 0, "",
        fmt::format("{} arguments given, one wanted; usage: nestwalk {}", given.size(), usage_)});
  return given.front();
}

config::Overrides Options::overrides() const {
  config::Overrides list;
  if (!has("set")) return list;
  for (const std::string& option : get<std::vector<std::string>>("set"))
    list.push_back(config::parse_option(option));
  return list;
}

ChosenConfig choose_config(const Program& program, const std::string& file,
                           const config::Overrides& overrides, const std::string& variant) {
  const config::Document document = config::load(file);
  const std::vector<config::Variant> variants =
      config::expand_variants(document, overrides, program.library);
  auto chosen = variants.begin();
  if (!variant.empty()) {
    chosen = std::find_if(variants.begin(), variants.end(),
                          [&](const config::Variant& one) { return one.name == variant; });
    if (chosen == variants.end()) {
      std::string names;
      for (const config::Variant& one : variants) names += (names.empty() ? "" : ", ") + one.name;
      throw UserErrors(UserError{file, 0, "variants",
                                 fmt::format("no variant '{}'; there are: {}", variant, names)});
    }
  }
  config::Overrides all = chosen->overrides;
  all.insert(all.end(), overrides.begin(), overrides.end());
  return {config::resolve(document, all, program.library), chosen->name};
}

}  // namespace nestwalk::cli
