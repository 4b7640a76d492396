// Command-line options of one command: Boost.Program_options with our messages for mistakes.
#pragma once
#include <boost/program_options.hpp>
#include <optional>
#include <string>
#include <vector>

#include "common/cli/program.h"
#include "common/config/config.h"

namespace nestwalk::cli {

class Options {
 public:
  // `usage`: what follows "usage: nestwalk "; `positional`: name of the arguments without a dash.
  Options(std::string usage, std::string description, std::string positional);

  boost::program_options::options_description_easy_init add() { return described_.add_options(); }
  // Adds -s/--set and the other options that commands with a config share.
  void add_config_options();

  // False: --help was asked for and has been printed.
  bool parse(const Arguments& arguments);

  bool has(const char* name) const { return values_.count(name) != 0; }
  template <class T>
  T get(const char* name) const {
    return values_[name].as<T>();
  }
  std::vector<std::string> positional() const;
  // The single positional argument; throws UserErrors if there is none or more.
  std::string only_positional() const;
  config::Overrides overrides() const;

 private:
  std::string usage_, description_, positional_;
  boost::program_options::options_description described_;
  boost::program_options::variables_map values_;
};

// A config with its overrides and one of its variants applied.
struct ChosenConfig {
  config::Config config;
  std::string variant;
};
// `variant`: by name; empty: the config as it stands, or its first variant if it has any.
ChosenConfig choose_config(const Program& program, const std::string& file,
                           const config::Overrides& overrides, const std::string& variant);

}  // namespace nestwalk::cli
