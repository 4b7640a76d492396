#include "arm64/vectors/vector_checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>

#include "arm64/engine.h"
#include "arm64/vectors/vector_machine.h"
#include "common/tlb/walk_caches.h"
#include "common/vectors/differences.h"

namespace nestwalk::arm64 {
namespace {

using Json = nlohmann::json;
using Words = std::vector<std::pair<std::uint64_t, std::uint64_t>>;

std::uint64_t number(const Json& value) {
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t parsed = 0;
  const char* end = text.data() + text.size();
  const bool hex = text.starts_with("0x");
  const auto [at, error] = std::from_chars(text.data() + (hex ? 2 : 0), end, parsed, 16);
  if (!hex || error != std::errc{} || at != end)
    throw std::invalid_argument("not a hexadecimal number: " + text);
  return parsed;
}

struct RegisterName {
  std::string_view name;
  std::uint64_t Registers::*field;
};
constexpr RegisterName register_names[] = {
    {"SCTLR_EL1", &Registers::sctlr_el1}, {"TCR_EL1", &Registers::tcr_el1},
    {"TTBR0_EL1", &Registers::ttbr0_el1}, {"TTBR1_EL1", &Registers::ttbr1_el1},
    {"MAIR_EL1", &Registers::mair_el1},   {"SCTLR_EL2", &Registers::sctlr_el2},
    {"TCR_EL2", &Registers::tcr_el2},     {"TTBR0_EL2", &Registers::ttbr0_el2},
    {"TTBR1_EL2", &Registers::ttbr1_el2}, {"MAIR_EL2", &Registers::mair_el2},
    {"HCR_EL2", &Registers::hcr_el2},     {"VTCR_EL2", &Registers::vtcr_el2},
    {"VTTBR_EL2", &Registers::vttbr_el2},
};

// Registers that translation does not look at (VBAR_ELx) are passed over.
Registers read_registers(const Json& regs) {
  Registers r;
  if (!regs.is_object()) throw std::invalid_argument("\"regs\" must be an object");
  for (const auto& [name, value] : regs.items())
    for (const RegisterName& known : register_names)
      if (known.name == name) r.*known.field = number(value);
  return r;
}

Words read_words(const Json& list) {
  Words words;
  words.reserve(list.size());
  for (const Json& pair : list) words.emplace_back(number(pair.at(0)), number(pair.at(1)));
  return words;
}

struct VectorAccess {
  Va va;
  Access access;
  ProcessorState state;
};

VectorAccess read_access(const Json& json) {
  VectorAccess v;
  v.va = Va{number(json.at("va"))};
  const int el = json.at("el").get<int>();
  if (el < 0 || el > 2) throw std::invalid_argument("el must be 0, 1 or 2");
  v.state.el = static_cast<std::uint8_t>(el);
  v.state.pan = json.value("pan", 0) != 0;
  v.state.uao = json.value("uao", 0) != 0;
  const auto& type = json.at("type").get_ref<const std::string&>();
  if (type == "r" || type == "rt")
    v.access.type = AccessType::read;
  else if (type == "w" || type == "wt")
    v.access.type = AccessType::write;
  else if (type == "x")
    v.access.type = AccessType::fetch;
  else
    throw std::invalid_argument("access type must be r, w, x, rt or wt, not " + type);
  v.access.user = v.state.el == 0 || type.size() == 2;  // LDTR, STTR
  return v;
}

std::string changes_text(const Words& words) {
  std::string text;
  for (const auto& [at, word] : words) text += fmt::format(" [{:#x}]={:#x}", at, word);
  return text.empty() ? " nothing changed" : text;
}

// The kind of a fault status, without its level.
std::string_view fault_type(unsigned fsc) {
  switch (fsc) {
    case 0x29:
      return "address size";
    case 0x2b:
      return "translation";
    case 0x13:
      return "external abort on walk";
    default:
      break;
  }
  constexpr std::string_view types[] = {"address size", "translation", "access flag",
                                        "permission",   "other",       "external abort on walk",
                                        "other"};
  return types[std::min<std::size_t>(fsc >> 2, std::size(types) - 1)];
}

// An abort in the fields that count; those without a value are not compared.
struct Abort {
  std::optional<unsigned> el, fsc;
  bool level_counts = true;
  std::optional<bool> wnr, s1ptw;
  std::optional<std::uint64_t> hpfar;

  std::string text(const Abort& as) const {
    std::string t = "abort";
    if (as.el) t += fmt::format(" to EL{}", el.value_or(0));
    if (as.fsc && as.level_counts) t += fmt::format(", fsc {:#x}", fsc.value_or(0));
    if (as.fsc && !as.level_counts) t += fmt::format(", {}", fault_type(fsc.value_or(0)));
    if (as.s1ptw) t += fmt::format(", s1ptw {}", int{s1ptw.value_or(false)});
    if (as.wnr) t += fmt::format(", wnr {}", int{wnr.value_or(false)});
    if (as.hpfar) t += fmt::format(", hpfar {:#x}", hpfar.value_or(0));
    return t;
  }
};

// HPFAR counts except for a stage-2 Permission fault of the access itself.
Abort read_abort(const Json& res) {
  Abort abort;
  if (res.contains("el")) abort.el = res["el"].get<unsigned>();
  if (res.contains("fsc")) abort.fsc = static_cast<unsigned>(number(res["fsc"]));
  abort.level_counts = res.value("fsc_no_level", 0) == 0;
  if (res.contains("s1ptw")) abort.s1ptw = res["s1ptw"].get<int>() != 0;
  if (const auto wnr = res.find("wnr"); wnr != res.end() && !wnr->is_null())
    abort.wnr = wnr->get<int>() != 0;
  const bool permission = !abort.fsc || fault_type(*abort.fsc) == "permission";
  if (const auto hpfar = res.find("hpfar"); hpfar != res.end() && !hpfar->is_null())
    if (abort.el == 2u && (abort.s1ptw.value_or(false) || !permission))
      abort.hpfar = number(*hpfar);
  return abort;
}

std::string ok_text(std::optional<std::uint64_t> pa, const Words& changed) {
  return (pa ? fmt::format("ok {:#x},", *pa) : std::string("ok,")) + changes_text(changed);
}

// The classes of differences, and the rule that makes each.
struct Difference {
  std::string_view name;
  bool Departures::*rule;
};
constexpr std::array<Difference, 4> differences{{
    {"writable-clean-execution", &Departures::clean_is_executable},
    {"output-address-low-bits", &Departures::low_halves_ignored},
    {"small-root-base", &Departures::root_keeps_bits_5_4},
    {"stage2-start-level", &Departures::stage2_judged_by_ps},
}};
constexpr auto difference_names = [] {
  std::array<std::string_view, differences.size()> names;
  std::ranges::transform(differences, names.begin(), &Difference::name);
  return names;
}();

class Checker final : public VectorChecker {
 public:
  explicit Checker(const std::optional<WalkCachesSpec>& repeat_with) : repeat_with_(repeat_with) {}

  std::string_view arch() const override { return "arm64"; }
  std::span<const std::string_view> difference_classes() const override { return difference_names; }

  VectorResult check(const Json& line, bool with_walks) override {
    const Registers regs = read_registers(line.at("regs"));
    const Words words = read_words(line.at("mem"));
    for (const auto& [at, word] : words)
      if (at % 8)
        throw std::invalid_argument(fmt::format("memory word at {:#x} is not aligned", at));
    memory_.load(words);
    engine_.set_registers(regs);
    if (with_walks) memory_.tell();
    VectorResult result;
    for (const Json& access : line.at("accesses")) {
      check_access(line, access, with_walks, result);
      ++result.checked;
    }
    return result;
  }

 private:
  void check_access(const Json& line, const Json& json, bool with_walks, VectorResult& result) {
    const VectorAccess v = read_access(json);
    const ProcessorState& now = engine_.processor_state();
    if (now.el != v.state.el || now.pan != v.state.pan || now.uao != v.state.uao)
      engine_.set_processor_state(v.state);
    const auto [expected, found] = execute(engine_, json.at("res"), v);
    const std::string walk = with_walks ? memory_.take_text() : std::string();
    if (expected == found) return;
    result.mismatches.push_back(
        {line.at("id").get<std::string>(), result.checked,
         fmt::format("{} {:#x} el{} pan{} uao{}", json.at("type").get_ref<const std::string&>(),
                     v.va.value, v.state.el, int{v.state.pan}, int{v.state.uao}),
         expected, found, walk, explain(json.at("res"), v)});
  }

  WalkReply walk(Engine& engine, const VectorAccess& v) {
    if (!repeat_with_) return engine.walk(v.va, v.access, no_caches_, memory_);
    WalkCaches caches(*repeat_with_, 0);
    engine.walk(v.va, v.access, caches, memory_);
    return engine.walk(v.va, v.access, caches, memory_);
  }

  // Executes one access and takes its updates back.
  std::pair<std::string, std::string> execute(Engine& engine, const Json& res,
                                              const VectorAccess& v) {
    auto texts = outcomes(res, v, walk(engine, v));
    memory_.rewind();
    return texts;
  }

  // The classes whose rules give exactly the vector's result.
  std::vector<std::string_view> explain(const Json& res, const VectorAccess& v) {
    return explaining_classes(difference_names, [&](std::size_t i, std::size_t j) {
      Departures departures;
      departures.*differences[i].rule = departures.*differences[j].rule = true;
      Engine emulator(engine_.features(), engine_.knobs(), engine_.registers(), v.state,
                      departures);
      const auto [expected, found] = execute(emulator, res, v);
      memory_.take_text();
      return expected == found;
    });
  }

  // What the vector and what this model say, in the fields that the vector makes count.
  std::pair<std::string, std::string> outcomes(const Json& res, const VectorAccess& v,
                                               const WalkReply& reply) const {
    const auto& kind = res.at("kind").get_ref<const std::string&>();
    if (kind == "ok") return ok_outcomes(res, v, reply);
    if (kind != "abort") throw std::invalid_argument("result kind must be ok or abort");
    const Abort expected = read_abort(res);
    if (!reply.fault) return {expected.text(expected), ok_text(reply.pa.value, memory_.changes())};
    return {expected.text(expected), found_abort(v, reply).text(expected)};
  }

  std::pair<std::string, std::string> ok_outcomes(const Json& res, const VectorAccess& v,
                                                  const WalkReply& reply) const {
    std::optional<std::uint64_t> pa;
    if (const Json& value = res.at("pa"); !value.is_null()) pa = number(value);
    const bool updates_count = res.contains("upd");
    Words changed = updates_count ? read_words(res["upd"]) : memory_.changes();
    std::sort(changed.begin(), changed.end());
    const std::string expected = ok_text(pa, changed);
    if (!reply.fault)
      return {expected, ok_text(pa ? std::optional(reply.pa.value) : pa, memory_.changes())};
    Abort all;
    all.el = all.fsc = 0;
    all.s1ptw = false;
    all.wnr = true;
    all.hpfar = 0;
    return {expected, found_abort(v, reply).text(all)};
  }

  Abort found_abort(const VectorAccess& v, const WalkReply& reply) const {
    const Syndrome s = engine_.syndrome(reply.fault, v.va, v.access);
    return {s.target_el, s.fsc(), true, s.wnr(), s.s1ptw(), s.hpfar};
  }

  std::optional<WalkCachesSpec> repeat_with_;
  Engine engine_{vector_features(), vector_knobs()};
  VectorMemory memory_;
  WalkCaches no_caches_{{}, 0};
};

}  // namespace

std::unique_ptr<VectorChecker> make_vector_checker(
    const std::optional<WalkCachesSpec>& repeat_with) {
  return std::make_unique<Checker>(repeat_with);
}

}  // namespace nestwalk::arm64
