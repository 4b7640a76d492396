#include "common/results/write_results.h"

#include "common/base/user_error.h"
#include "common/results/json.h"
#include "common/results/report_tables.h"
#include "common/results/text_report.h"

namespace nestwalk {

FileTexts result_files(const Results& results) {
  Results repeatable = results;
  repeatable.host.reset();
  FileTexts files{{"result.json", to_json(results)},
                  {"host.json", host_to_json(results)},
                  {"report.txt", to_text(repeatable)},
                  {"config.yaml", results.meta.config_yaml}};
  for (const Table& table : report_tables(results))
    if (table.shown != Shown::text) files[table.id + ".csv"] = to_csv(table);
  return files;
}

void write_results(const std::filesystem::path& directory, const Results& results) {
  const FileTexts files = result_files(results);
  write_directory(directory, files, files);
}

Results read_results(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::path file = path;
  if (std::filesystem::is_directory(path, error)) {
    file /= "result.json";
    if (!std::filesystem::exists(file, error))
      throw UserErrors(UserError{path.string(), 0, "", "holds no result.json, so it is no result"});
  }
  return from_json(read_file(file), file.string());
}

FileTexts comparison_files(const Comparison& comparison) {
  return {{"comparison.json", to_json(comparison)},
          {"comparison.txt", to_text(comparison)},
          {"comparison.csv", to_csv(comparison_table(comparison))},
          {"time_split.csv", to_csv(comparison_time_split_table(comparison))}};
}

void write_comparison(const std::filesystem::path& directory, const Comparison& comparison) {
  const FileTexts files = comparison_files(comparison);
  write_directory(directory, files, files);
}

}  // namespace nestwalk
