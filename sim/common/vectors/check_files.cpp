#include "common/vectors/check_files.h"

#include <fmt/format.h>
#include <fmt/ostream.h>

#include <map>
#include <stdexcept>

#include "common/base/user_error.h"
#include "common/vectors/differences.h"
#include "common/vectors/line_reader.h"

namespace nestwalk {
namespace {

class Run {
 public:
  Run(const CheckOptions& options, std::span<VectorChecker* const> checkers, std::ostream& out)
      : verbose_(options.verbose), checkers_(checkers), out_(out) {
    if (!options.differences_file.empty()) known_ = load_differences(options.differences_file);
  }

  void file(const std::string& path) {
    LineReader reader(path);
    std::string line;
    while (reader.next(line)) {
      if (line.empty()) continue;
      try {
        this->line(nlohmann::json::parse(line));
      } catch (const nlohmann::json::exception& error) {
        throw UserErrors(UserError{path, reader.line_number(), "", error.what()});
      } catch (const std::invalid_argument& error) {
        throw UserErrors(UserError{path, reader.line_number(), "", error.what()});
      }
    }
  }
  const CheckTotals& totals() const { return totals_; }
  void print_totals() const {
    for (const auto& [deviation, count] : deviations_)
      fmt::print(out_, "{} differ where the manual wins: {}\n", count, deviation);
    fmt::print(out_, "{} checked, {} mismatched\n", totals_.checked, totals_.mismatched);
  }

 private:
  void line(const nlohmann::json& vector) {
    const VectorResult result =
        checker_for(vector.at("arch").get_ref<const std::string&>()).check(vector, verbose_);
    totals_.checked += result.checked;
    for (const VectorMismatch& mismatch : result.mismatches) report(mismatch);
  }

  VectorChecker& checker_for(const std::string& arch) const {
    std::string names;
    for (VectorChecker* checker : checkers_) {
      if (checker->arch() == arch) return *checker;
      names += fmt::format("{}\"{}\"", names.empty() ? "" : ", ", checker->arch());
    }
    throw std::invalid_argument(fmt::format("arch \"{}\" is unknown; allowed: {}", arch, names));
  }

  // Why a mismatch is no error: listed in the differences file, or explained by the checker.
  std::string excuse(const VectorMismatch& mismatch) const {
    const auto known = known_.find({mismatch.id, mismatch.access});
    if (known == known_.end()) return mismatch.deviation;
    return fmt::format("{} ({})", known->second.reason, known->second.section);
  }

  void report(const VectorMismatch& mismatch) {
    const std::string deviation = excuse(mismatch);
    if (deviation.empty()) {
      ++totals_.mismatched;
    } else {
      ++totals_.known_differences;
      ++deviations_[deviation];
      if (!verbose_) return;
    }
    fmt::print(out_, "{} access {}: {}\n  expected {}\n  found    {}\n{}", mismatch.id,
               mismatch.access, mismatch.access_text, mismatch.expected, mismatch.found,
               mismatch.walk);
    if (!deviation.empty()) fmt::print(out_, "  known difference: {}\n", deviation);
  }

  bool verbose_;
  std::span<VectorChecker* const> checkers_;
  std::ostream& out_;
  KnownDifferences known_;
  CheckTotals totals_;
  std::map<std::string, std::size_t> deviations_;  // accesses by reason
};

}  // namespace

CheckTotals check_files(std::span<const std::string> files, const CheckOptions& options,
                        std::span<VectorChecker* const> checkers, std::ostream& out) {
  Run run(options, checkers, out);
  for (const std::string& path : files) run.file(path);
  run.print_totals();
  return run.totals();
}

}  // namespace nestwalk
