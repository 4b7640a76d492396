// What YAML a config may use, and where the rest is refused.
#include "common/config/parse.h"

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>

#include "helpers.h"

using namespace nestwalk::config;

namespace {

Texts parse_errors(std::string_view text) {
  return complaints([&] {
    const Parsed parsed = parse_text(text, std::make_shared<Source>(Source{"f.yaml", ".", true}));
    if (!parsed.errors.empty()) throw nestwalk::UserErrors(parsed.errors);
  });
}

}  // namespace

TEST_CASE("values keep their lines and kinds") {
  const Parsed parsed = parse_text("a: 1\nb:\n  - x\n  - 'y'\nc: {d: null}\n", nullptr);
  CHECK(parsed.errors.empty());
  CHECK(parsed.root.find("a")->text == "1");
  const Raw& list = *parsed.root.find("b");
  CHECK(list.key_where.line == 2);
  CHECK(list.items[1].where.line == 4);
  CHECK(list.items[1].quoted);
  CHECK_FALSE(list.items[0].quoted);
  CHECK(parsed.root.find("c")->find("d")->type == Raw::Type::null);
}

TEST_CASE("an empty file is an empty map") {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n"})
    CHECK(parse_text(text, nullptr).root.type == Raw::Type::map);
}

TEST_CASE("duplicate keys are told, all of them, with both lines") {
  CHECK(parse_errors("a: 1\nb: {c: 1, c: 2}\na: 3\n") ==
        Texts{"f.yaml:2: b.c: given twice, first on line 2; allowed: once",
              "f.yaml:3: a: given twice, first on line 1; allowed: once"});
  CHECK(parse_errors("l:\n  - {a: 1}\n  - a: 1\n    a: 2\n") ==
        Texts{"f.yaml:4: l.1.a: given twice, first on line 3; allowed: once"});
}

TEST_CASE("what a config has no use for is refused") {
  CHECK(parse_errors("a: &x 1\n") ==
        Texts{"f.yaml:1: a: anchors (&name) are not supported; write the value out"});
  CHECK(parse_errors("a: &x {}\n").size() == 1);
  CHECK(parse_errors("a: 1\nb: !!int 2\n") ==
        Texts{"f.yaml:2: b: tags (tag:yaml.org,2002:int) are not supported"});
  CHECK(parse_errors("a: 1\n---\nb: 2\n") == Texts{"f.yaml: more than one document; allowed: one"});
  CHECK(parse_errors("? [1, 2]\n: 3\n") == Texts{"f.yaml:1: a key is not text, or a bracket is not "
                                                 "closed; allowed: plain or quoted text"});
  CHECK(parse_errors("a: 1\n~: 3\n") == Texts{"f.yaml:2: a key is missing before ':'"});
}

TEST_CASE("broken YAML is told with its line") {
  for (const char* text : {"a: 1\nb: [1, 2\n", "a: 1\nb: *gone\n", "a: 1\n b: 2\n", "a: 'b\n",
                           "é: [a, \"b\\\"]\n", "a: 'it''s\n", "a: 1\n\t- b\n"}) {
    const Texts errors = parse_errors(text);
    REQUIRE_MESSAGE(errors.size() == 1, text);
    CHECK_MESSAGE(errors[0].find("f.yaml:") == 0, errors[0]);
    CHECK_MESSAGE(errors[0].find("not valid YAML") != std::string::npos, errors[0]);
  }
}

TEST_CASE("quotes that are closed are no mistake") {
  for (const std::string text : {"a: 'b'\n", "é: \"b\\\"\"", "a: 'it''s'", "a: |\n  'b\n",
                                 "'a': \"\"\n", "a: 'b\n  c'\n# it's\n"})
    CHECK_MESSAGE(parse_errors(text) == Texts{}, text);
}

TEST_CASE("depth and size are bounded") {
  const auto nested = [](std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
  };
  CHECK(parse_errors(nested(max_depth)).empty());
  CHECK(parse_errors(nested(max_depth + 1))[0].find("nested too deep; allowed: 64 levels") !=
        std::string::npos);
  CHECK(parse_errors(nested(400'000)).size() == 1);
  CHECK(parse_errors(std::string(max_bytes + 1, ' ')).size() == 1);
}

TEST_CASE("files that cannot be read are told by name") {
  CHECK(complaints([] { load("no/such.yaml"); }) == Texts{"no/such.yaml: no such file"});
  CHECK(complaints([] { load("/"); }) == Texts{"/: not a regular file"});
}
