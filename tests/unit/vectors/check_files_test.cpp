// The runner of translation vectors: reading, reporting, known differences, bad input. What a
// checker finds is made up here.
#include "common/vectors/check_files.h"

#include <doctest/doctest.h>
#include <unistd.h>

#include <boost/iostreams/copy.hpp>
#include <boost/iostreams/filter/lzma.hpp>
#include <boost/iostreams/filtering_stream.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include "common/base/user_error.h"
#include "common/vectors/differences.h"

namespace nestwalk {
namespace {

constexpr std::string_view made_up_classes[] = {"slip", "trip"};

std::vector<std::string_view> classes_of(int kind) {
  std::vector<std::string_view> classes;
  if (kind == 2 || kind == 4) classes.push_back(made_up_classes[0]);
  if (kind == 3 || kind == 4) classes.push_back(made_up_classes[1]);
  return classes;
}

// Says of each number of "accesses" whether it agrees: 0 does, 1 does not, 2 is a slip, 3 a trip, 4
// both.
class MadeUpChecker final : public VectorChecker {
 public:
  std::string_view arch() const override { return "made-up"; }
  std::span<const std::string_view> difference_classes() const override { return made_up_classes; }
  VectorResult check(const nlohmann::json& line, bool with_walks) override {
    VectorResult result;
    for (const nlohmann::json& access : line.at("accesses")) {
      const int kind = access.get<int>();
      if (kind > 4) throw std::invalid_argument("an access is 0 to 4");
      if (kind)
        result.mismatches.push_back({line.at("id").get<std::string>(), result.checked, "r 0x10",
                                     "ok", "fault", with_walks ? "    entry\n" : "",
                                     classes_of(kind)});
      ++result.checked;
    }
    return result;
  }
};

class TemporaryFolder {
 public:
  TemporaryFolder() : path_(std::filesystem::temp_directory_path() / unique_name()) {
    std::filesystem::create_directory(path_);
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  std::string file(const std::string& name, const std::string& contents) const {
    std::ofstream(path_ / name, std::ios::binary) << contents;
    return path_ / name;
  }
  std::string path() const { return path_; }

 private:
  static std::string unique_name() { return "nestwalk-vectors-" + std::to_string(::getpid()); }
  std::filesystem::path path_;
};

std::string compressed(const std::string& text) {
  std::ostringstream out;
  boost::iostreams::filtering_ostream filter;
  filter.push(boost::iostreams::lzma_compressor());
  filter.push(out);
  filter << text;
  filter.reset();
  return out.str();
}

struct Outcome {
  CheckTotals totals;
  std::string text, error;
  UserError first_error;
};

Outcome run(const std::vector<std::string>& files, const CheckOptions& options = {}) {
  MadeUpChecker checker;
  VectorChecker* const checkers[] = {&checker};
  std::ostringstream out;
  Outcome outcome;
  try {
    outcome.totals = check_files(files, options, checkers, out);
  } catch (const UserErrors& errors) {
    outcome.error = errors.what();
    outcome.first_error = errors.all().front();
  }
  outcome.text = out.str();
  return outcome;
}

const std::string good = R"({"id":"a","arch":"made-up","accesses":[0,0,0]})";
const std::string slip =
    R"({"differences":[{"arch":"made-up","class":"slip","reason":"it slips",
                        "section":"manual, 3.4"}]})";
const std::string mixed = R"({"id":"b","arch":"made-up","accesses":[0,1,2]})";

}  // namespace

TEST_CASE("agreement says nothing but the totals") {
  const TemporaryFolder folder;
  const Outcome outcome = run({folder.file("a", good + "\n" + good + "\n")});
  CHECK(outcome.text == "6 checked, 0 mismatched\n");
  CHECK(outcome.totals.checked == 6);
  CHECK(outcome.error.empty());
}

TEST_CASE("plain and xz files, several, with or without a last line end") {
  const TemporaryFolder folder;
  const Outcome outcome =
      run({folder.file("a", good), folder.file("b.xz", compressed(good + "\n\n" + good + "\n"))});
  CHECK(outcome.text == "9 checked, 0 mismatched\n");
}

TEST_CASE("a mismatch names line, access, what was expected and what was found") {
  const TemporaryFolder folder;
  const std::string file = folder.file("a", mixed);
  const std::string report = file + ":1: b access 1: r 0x10\n  expected ok\n  found    fault\n";
  const std::string totals =
      "1 differ where the manual wins, made-up slip: it slips (manual, 3.4)\n3 checked, 1 "
      "mismatched\n";
  const std::string differences = folder.file("d.json", slip);
  CHECK(run({file}, {false, differences}).text == report + totals);
  const Outcome verbose = run({file}, {true, differences});
  CHECK(verbose.text.find(report + "    entry\n") == 0);
  CHECK(verbose.text.find("b access 2") != std::string::npos);
  CHECK(verbose.text.find("known difference: slip") != std::string::npos);
  CHECK(verbose.totals.mismatched == 1);
  CHECK(verbose.totals.known_differences == 1);
}

TEST_CASE("a class of differences that the list does not name is a mismatch") {
  const TemporaryFolder folder;
  const std::string file = folder.file("a", R"({"id":"c","arch":"made-up","accesses":[2,3,4]})");
  const Outcome listed = run({file}, {false, folder.file("d.json", slip)});
  CHECK(listed.totals.mismatched == 2);
  CHECK(listed.totals.known_differences == 1);
  CHECK(listed.text.find("unlisted difference: slip, trip") != std::string::npos);
  CHECK(run({file}).totals.mismatched == 3);  // no list at all
}

TEST_CASE("bad input is told with file and line") {
  const TemporaryFolder folder;
  const auto refused = [&](const std::string& contents) {
    return run({folder.file("bad", contents)}).first_error;
  };
  CHECK(refused(good + "\n{\"id\":").line == 2);
  CHECK(refused(good + "\n" + good + "\n[]").line == 3);
  CHECK(refused(R"({"id":"a","arch":"made-up","accesses":[5]})").message == "an access is 0 to 4");
  CHECK(refused(R"({"id":"a","accesses":[]})").line == 1);
  CHECK(refused("[]").message == "a vector is a JSON object");
  CHECK(refused("7").message == "a vector is a JSON object");
  CHECK(refused(R"({"arch":"made-up","accesses":[]})").message == "key 'id' not found");
  CHECK(refused(R"({"id":"a","arch":"made-up","accesses":{}})").message ==
        "\"accesses\" must be a list");
  const UserError unknown = refused(R"({"arch":"mips"})");
  CHECK(unknown.message == "arch \"mips\" is unknown; allowed: \"made-up\"");
  CHECK(unknown.file == folder.path() + "/bad");
  CHECK(refused(R"({"arch":7})").line == 1);
}

TEST_CASE("files that cannot be read") {
  const TemporaryFolder folder;
  CHECK(run({folder.path() + "/none"}).error.find("No such file") != std::string::npos);
  CHECK_FALSE(run({folder.path()}).error.empty());
  CHECK_FALSE(run({folder.file("empty", "")}).error.empty());
  const std::string whole = compressed(good + "\n");
  for (std::size_t length = 6; length < whole.size(); length += 5)
    CHECK_FALSE(run({folder.file("cut.xz", whole.substr(0, length))}).error.empty());
  std::string damaged = compressed(std::string(5000, 'x') + good);
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 0x55);
  CHECK(run({folder.file("damaged.xz", damaged)}).error.find("damaged") != std::string::npos);
}

TEST_CASE("differences files that are refused") {
  const TemporaryFolder folder;
  const DifferenceClasses checkers[] = {{"made-up", made_up_classes}};
  const auto refused = [&](const std::string& contents) {
    try {
      load_differences(folder.file("d.json", contents), checkers);
    } catch (const UserErrors&) {
      return true;
    }
    return false;
  };
  CHECK_FALSE(refused(R"({"differences":[]})"));
  CHECK(refused("{"));
  CHECK(refused("[]"));
  const auto item = [](const std::string& arch, const std::string& name) {
    return R"({"arch":")" + arch + R"(","class":")" + name + R"(","reason":"r","section":"s"})";
  };
  const auto list = [](const std::string& items) { return R"({"differences":[)" + items + "]}"; };
  CHECK_FALSE(refused(list(item("made-up", "slip"))));
  CHECK_FALSE(refused(list(item("made-up", "slip") + "," + item("elsewhere", "slip"))));
  CHECK(refused(list(item("made-up", "stumble"))));
  CHECK(refused(list(item("made-up", "slip") + "," + item("made-up", "slip"))));
  CHECK(refused(list(R"({"arch":"made-up","class":"slip","reason":"r"})")));
  CHECK(refused(list(R"({"arch":"made-up","class":7,"reason":"r","section":"s"})")));
  CHECK_THROWS_AS(load_differences(folder.path() + "/none", checkers), UserErrors);
}

}  // namespace nestwalk
