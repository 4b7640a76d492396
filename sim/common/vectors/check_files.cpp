#include "common/vectors/check_files.h"

#include <fmt/format.h>
#include <fmt/ostream.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <stdexcept>

#include "common/base/user_error.h"
#include "common/vectors/differences.h"
#include "common/vectors/line_reader.h"

namespace nestwalk {
namespace {

// The JSON library's messages begin with a code in brackets.
std::string without_code(std::string_view message) {
  const std::size_t end = message.starts_with('[') ? message.find("] ") : std::string::npos;
  return std::string(end == std::string::npos ? message : message.substr(end + 2));
}

class Run {
 public:
  Run(const CheckOptions& options, std::span<VectorChecker* const> checkers, std::ostream& out,
      std::span<RecordChecker* const> record_checkers)
      : verbose_(options.verbose), checkers_(checkers), records_(record_checkers), out_(out) {
    if (options.differences_file.empty()) return;
    std::vector<DifferenceClasses> classes;
    for (const VectorChecker* checker : checkers)
      classes.push_back({checker->arch(), checker->difference_classes()});
    for (const RecordChecker* checker : record_checkers)
      classes.push_back({checker->name(), checker->difference_classes()});
    known_ = load_differences(options.differences_file, classes);
  }

  void file(const std::string& path) {
    LineReader reader(path);
    std::string line;
    while (reader.next(line)) {
      if (line.empty()) continue;
      place_ = fmt::format("{}:{}", path, reader.line_number());
      try {
        this->line(nlohmann::json::parse(line));
      } catch (const nlohmann::json::exception& error) {
        throw UserErrors(UserError{path, reader.line_number(), "", without_code(error.what())});
      } catch (const std::invalid_argument& error) {
        throw UserErrors(UserError{path, reader.line_number(), "", error.what()});
      }
    }
  }
  const CheckTotals& totals() const { return totals_; }
  void print_totals() const {
    for (const auto& [at, count] : counts_) {
      const KnownDifference& difference = known_.at(at);
      fmt::print(out_, "{} differ where the manual wins, {} {}: {} ({})\n", count, at.first,
                 at.second, difference.reason, difference.section);
    }
    for (const auto& [kind, count] : left_out_)
      fmt::print(out_, "{} steps not modelled: {}\n", count, kind);
    fmt::print(out_, "{} checked, {} mismatched", totals_.checked, totals_.mismatched);
    if (saw_records_) fmt::print(out_, ", {} of kinds not modelled", totals_.not_modelled);
    fmt::print(out_, "\n");
  }

 private:
  void line(const nlohmann::json& line) {
    for (RecordChecker* checker : records_)
      if (checker->recognises(line)) return record(line, *checker);
    vector(line);
  }

  void record(const nlohmann::json& line, RecordChecker& checker) {
    saw_records_ = true;
    const RecordResult result = checker.check(line);
    totals_.checked += result.checked;
    for (const auto& [kind, count] : result.not_modelled) {
      left_out_[fmt::format("{} {}", checker.name(), kind)] += count;
      totals_.not_modelled += count;
    }
    for (const RecordMismatch& mismatch : result.mismatches) {
      const bool known = count(mismatch.differences, std::string(checker.name()));
      if (known && !verbose_) continue;
      fmt::print(out_, "{}: {} step {}: {}\n  expected {}\n  found    {}\n", place_, mismatch.id,
                 mismatch.step, mismatch.step_text, mismatch.expected, mismatch.found);
      print_classes(mismatch.differences, known);
    }
  }

  void vector(const nlohmann::json& vector) {
    if (!vector.is_object()) throw std::invalid_argument("a vector is a JSON object");
    VectorChecker& checker = checker_for(vector.at("arch").get_ref<const std::string&>());
    if (!vector.at("id").is_string()) throw std::invalid_argument("\"id\" must be a text");
    if (!vector.at("accesses").is_array())
      throw std::invalid_argument("\"accesses\" must be a list");
    const VectorResult result = checker.check(vector, verbose_);
    totals_.checked += result.checked;
    for (const VectorMismatch& mismatch : result.mismatches)
      report(mismatch, std::string(checker.arch()));
  }

  VectorChecker& checker_for(const std::string& arch) const {
    std::string names;
    for (VectorChecker* checker : checkers_) {
      if (checker->arch() == arch) return *checker;
      names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", checker->arch());
    }
    throw std::invalid_argument(fmt::format("arch \"{}\" is unknown; allowed: {}", arch, names));
  }

  void report(const VectorMismatch& mismatch, const std::string& arch) {
    const bool known = count(mismatch.differences, arch);
    if (known && !verbose_) return;
    fmt::print(out_, "{}: {} access {}: {}\n  expected {}\n  found    {}\n{}", place_, mismatch.id,
               mismatch.access, mismatch.access_text, mismatch.expected, mismatch.found,
               mismatch.walk);
    print_classes(mismatch.differences, known);
  }

  // Whether a mismatch is a known difference; counts it as what it is.
  bool count(const std::vector<std::string_view>& classes, const std::string& arch) {
    const auto listed = [&](std::string_view name) {
      return known_.contains({arch, std::string(name)});
    };
    if (classes.empty() || !std::ranges::all_of(classes, listed)) {
      ++totals_.mismatched;
      return false;
    }
    ++totals_.known_differences;
    for (const std::string_view name : classes) ++counts_[{arch, std::string(name)}];
    return true;
  }

  void print_classes(const std::vector<std::string_view>& classes, bool known) {
    if (!classes.empty())
      fmt::print(out_, "  {} difference: {}\n", known ? "known" : "unlisted",
                 fmt::join(classes, ", "));
  }

  bool verbose_;
  std::span<VectorChecker* const> checkers_;
  std::span<RecordChecker* const> records_;
  std::ostream& out_;
  KnownDifferences known_;
  CheckTotals totals_;
  std::string place_;  // file and line
  bool saw_records_ = false;
  std::map<std::string, std::size_t> left_out_;               // steps by kind
  std::map<KnownDifferences::key_type, std::size_t> counts_;  // accesses by class
};

}  // namespace

CheckTotals check_files(std::span<const std::string> files, const CheckOptions& options,
                        std::span<VectorChecker* const> checkers, std::ostream& out,
                        std::span<RecordChecker* const> record_checkers) {
  Run run(options, checkers, out, record_checkers);
  for (const std::string& path : files) run.file(path);
  run.print_totals();
  return run.totals();
}

}  // namespace nestwalk
