// A user's mistakes are thrown as text that says where; broken invariants abort and say what went
// on.
#include <doctest/doctest.h>

#include <csignal>
#include <string>

#include "common/base/check.h"
#include "common/base/user_error.h"
#include "unit/base/death.h"

using namespace nestwalk;
using namespace nestwalk::test;

TEST_CASE("the text of a mistake leaves out what is unknown") {
  CHECK(UserError{"a.yaml", 3, "vcpus", "must be 1..64"}.text() ==
        "a.yaml:3: vcpus: must be 1..64");
  CHECK(UserError{"a.yaml", 0, "", "cannot be read"}.text() == "a.yaml: cannot be read");
  CHECK(UserError{"", 7, "", "no such kind"}.text() == "line 7: no such kind");
  CHECK(UserError{"", 0, "host.memory", "ran out"}.text() == "host.memory: ran out");
  CHECK(UserError{"", 0, "", "wrong"}.text() == "wrong");
}

TEST_CASE("all mistakes are shown together, one a line") {
  const UserErrors errors({{"a", 1, "", "x"}, {"a", 2, "k", "y"}});
  CHECK(errors.all().size() == 2);
  CHECK(std::string(errors.what()) == "a:1: x\na:2: k: y");
  CHECK(std::string(UserErrors(UserError{"", 0, "", "z"}).what()) == "z");
}

TEST_CASE("a check that holds does nothing, and its message is not built") {
  int built = 0;
  const auto text = [&] {
    ++built;
    return "x";
  };
  NW_CHECK(2 + 2 == 4, "{}", text());
  CHECK(built == 0);
}

TEST_CASE("a broken invariant prints the condition, the message and the context, and aborts") {
  const Death death = death_of([] {
    static const std::string request = "read of 0x42 at cycle 7";
    set_check_context([](const void* who) { return *static_cast<const std::string*>(who); },
                      &request);
    NW_CHECK(1 > 2, "{} is not above {}", 1, 2);
  });
  CHECK(death.signal == SIGABRT);
  CHECK(death.said.find("errors_test.cpp:") != std::string::npos);
  CHECK(death.said.find("1 > 2") != std::string::npos);
  CHECK(death.said.find("1 is not above 2") != std::string::npos);
  CHECK(death.said.find("while: read of 0x42 at cycle 7") != std::string::npos);
}

TEST_CASE("without a context the message stands alone") {
  const Death death = death_of([] { NW_CHECK(false, "plain"); });
  CHECK(death.signal == SIGABRT);
  CHECK(death.said.find("while:") == std::string::npos);
}
