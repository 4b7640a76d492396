// `variants:` as a list and as a product.
#include <doctest/doctest.h>

#include "helpers.h"

using namespace nestwalk::config;

namespace {

std::vector<Variant> expanded(const std::string& text, const Texts& set = {}) {
  return expand_variants(from(text), options(set), shipped());
}
Texts variant_errors(const std::string& text, const Texts& set = {}) {
  return complaints([&] { expanded(text, set); });
}

}  // namespace

TEST_CASE("without variants there is one, the config itself") {
  const auto variants = expanded(small_config);
  REQUIRE(variants.size() == 1);
  CHECK(variants[0].name == "test");
  CHECK(variants[0].overrides.empty());
}

TEST_CASE("a list gives its variants in order, options on top") {
  const std::string text =
      small_config +
      "variants:\n  - {name: base}\n  - {name: huge, set: {guest.policy: thp, host: "
      "{policy: thp, memory: 4G}}}\n";
  const auto variants = expanded(text);
  REQUIRE(variants.size() == 2);
  CHECK(variants[0].name == "base");
  const Config huge = resolve(from(text), variants[1].overrides, shipped());
  CHECK(huge.at("guest.policy").as_text() == "thp");
  CHECK(huge.at("host.memory").as_uint() == std::uint64_t{4} << 30);
  CHECK_FALSE(huge.has("variants"));
}

TEST_CASE("a product gives every combination, the first key slowest") {
  const auto variants = expanded(
      small_config +
      "variants: {product: {guest.policy: [base, thp], host.policy: [base, thp, hugetlb-2M]}}\n");
  REQUIRE(variants.size() == 6);
  CHECK(variants[0].name == "guest.policy=base host.policy=base");
  CHECK(variants[1].name == "guest.policy=base host.policy=thp");
  CHECK(variants[5].name == "guest.policy=thp host.policy=hugetlb-2M");
  const auto maps = expanded(
      small_config + "variants: {product: {guest: [{policy: thp, fragmentation: 0.5}, {}]}}\n");
  CHECK(maps[0].name == "guest={policy: thp, fragmentation: 0.5}");
  CHECK(maps[1].name == "guest={}");
}

TEST_CASE("mistakes of all variants come together, with lines and names") {
  CHECK(variant_errors(small_config + "variants:\n"
                                      "  - {name: a, set: {guest.polcy: thp}}\n"
                                      "  - name: b\n"
                                      "    set: {host.policy: huge}\n"
                                      "  - {name: c}\n") ==
        Texts{"test.yaml:4: guest.polcy: in variant 'a': unknown key; did you mean 'policy'?",
              "test.yaml:6: host.policy: in variant 'b': 'huge' is not allowed; allowed: base, "
              "thp, hugetlb-64K, hugetlb-2M, "
              "hugetlb-32M, hugetlb-512M, hugetlb-1G, hugetlb-16G"});
  CHECK(variant_errors(small_config + "variants:\n  product:\n    guest.policy: [base, huge]\n") ==
        Texts{"test.yaml:5: guest.policy: in variant 'guest.policy=huge': 'huge' is not allowed; "
              "allowed: base, "
              "thp, hugetlb-64K, hugetlb-2M, hugetlb-32M, hugetlb-512M, hugetlb-1G, hugetlb-16G"});
}

TEST_CASE("a mistake of the base is told once") {
  CHECK(
      variant_errors(small_config + "seed: x\nvariants:\n  - {name: a}\n  - {name: b}\n").size() ==
      1);
}

TEST_CASE("variants that cannot be") {
  CHECK(variant_errors(small_config + "variants:\n  - {name: a}\n  - {name: a}\n") ==
        Texts{"test.yaml:5: variants.1: 'a' names two variants; allowed: each name once"});
  CHECK(variant_errors(small_config + "variants:\n  - {name: a, set: {name: x}}\n") ==
        Texts{"test.yaml:4: variants.0.name: cannot differ between variants; allowed: keys that "
              "change the run"});
  CHECK(variant_errors(small_config + "variants:\n  - {name: a, set: {variants: []}}\n").size() ==
        1);
  CHECK(
      variant_errors(small_config + "variants: []\n") ==
      Texts{"test.yaml:3: variants: a list of 0 is not allowed; allowed: a list of 1..1000 items"});
  CHECK(variant_errors(small_config + "variants: {product: {}}\n").size() == 1);
  CHECK(variant_errors(small_config + "variants: {product: {seed: 3}}\n").size() == 1);
  CHECK(variant_errors(small_config + "variants: {other: 1}\n").size() == 2);
  CHECK(variant_errors(small_config + "variants: 3\n").size() == 1);
  std::string many = small_config + "variants: {product: {";
  for (const char* key : {"seed", "warmup_accesses"}) {
    many += std::string(key) + ": [0";
    for (int i = 1; i < 40; ++i) many += "," + std::to_string(i);
    many += "], ";
  }
  CHECK(variant_errors(many + "}}\n") ==
        Texts{"test.yaml:3: variants.product: more than 1000 combinations; allowed: fewer"});
}
