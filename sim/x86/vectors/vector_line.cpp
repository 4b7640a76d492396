#include "x86/vectors/vector_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>

#include "common/base/bits.h"

namespace nestwalk::x86 {
namespace {

using nlohmann::json;
using Kind = VectorOutcome::Kind;

std::uint64_t number(const json& value) {
  const std::string& text = value.get_ref<const std::string&>();
  std::uint64_t result = 0;
  const char* end = text.data() + text.size();
  if (text.size() < 3 || text[0] != '0' || text[1] != 'x')
    throw std::invalid_argument(fmt::format("\"{}\" is not a hexadecimal number 0x...", text));
  const auto [stop, error] = std::from_chars(text.data() + 2, end, result, 16);
  if (stop != end || error != std::errc{})
    throw std::invalid_argument(fmt::format("\"{}\" is not a 64-bit hexadecimal number", text));
  return result;
}

std::uint32_t number32(const json& value) {
  const std::uint64_t wide = number(value);
  if (wide >> 32) throw std::invalid_argument(fmt::format("{:#x} has more than 32 bits", wide));
  return static_cast<std::uint32_t>(wide);
}

Words words(const json& list) {
  Words result;
  result.reserve(list.size());
  for (const json& item : list) result.emplace_back(number(item.at(0)), number(item.at(1)));
  std::sort(result.begin(), result.end());
  return result;
}

// The machine that executed the vectors has AMD-V, and takes 48 bits of an address into 4-level
// nested tables, which the manual leaves open.
Cpu vector_cpu(const json& line) {
  Cpu cpu;
  cpu.vendor = Vendor::amd;
  cpu.npt_wide_address_faults = false;
  const auto bits = line.at("maxphyaddr").get<unsigned>();
  if (bits < 32 || bits > 52)
    throw std::invalid_argument(fmt::format("maxphyaddr is {}; allowed: 32 to 52", bits));
  cpu.maxphyaddr = static_cast<std::uint8_t>(bits);
  return cpu;
}

Registers parse_registers(const json& regs) {
  Registers registers;
  registers.cr0 = number(regs.at("cr0"));
  registers.cr3 = number(regs.at("cr3"));
  registers.cr4 = number(regs.at("cr4"));
  registers.efer = number(regs.at("efer"));
  return registers;
}

void expect_mode(const json& name, const Registers& registers) {
  constexpr std::string_view names[] = {"off", "2level", "pae", "4level", "5level"};
  const auto& text = name.get_ref<const std::string&>();
  if (text != names[static_cast<std::size_t>(registers.paging_kind())])
    throw std::invalid_argument(
        fmt::format("paging \"{}\" does not agree with the registers", text));
}

VirtualMachine parse_npt(const json& nested) {
  VirtualMachine vm;
  vm.paging = VirtualMachine::Paging::npt;
  vm.id = 1;
  vm.ncr3 = number(nested.at("ncr3"));
  vm.host.cr0 = one(cr0_pe) | one(cr0_pg);
  vm.host.cr4 = one(cr4_pae);
  vm.host.efer = one(efer_lme) | one(efer_lma);
  if (nested.at("host_cr0_wp").get<int>()) vm.host.cr0 |= one(cr0_wp);
  if (nested.at("host_efer_nxe").get<int>()) vm.host.efer |= one(efer_nxe);
  const auto& paging = nested.at("paging").get_ref<const std::string&>();
  if (paging == "5level")
    vm.host.cr4 |= one(cr4_la57);
  else if (paging != "4level")
    throw std::invalid_argument(
        fmt::format("nested paging \"{}\" is unknown; allowed: 4level, 5level", paging));
  return vm;
}

VectorOutcome parse_outcome(const json& res) {
  VectorOutcome outcome;
  const auto& kind = res.at("kind").get_ref<const std::string&>();
  if (kind == "ok") {
    outcome.kind = Kind::ok;
    outcome.pa_known = !res.at("pa").is_null();
    if (outcome.pa_known) outcome.pa = number(res.at("pa"));
    outcome.updates_known = res.contains("upd");
    if (outcome.updates_known) outcome.updates = words(res["upd"]);
  } else if (kind == "pf") {
    outcome.kind = Kind::page_fault;
    outcome.code_known = res.contains("err");
    if (outcome.code_known) outcome.code = number(res["err"]);
  } else if (kind == "npf") {
    outcome.kind = Kind::nested_page_fault;
    outcome.code_known = res.contains("info1");
    if (outcome.code_known) outcome.code = number(res["info1"]);
    outcome.gpa_known = res.contains("gpa");
    if (outcome.gpa_known) outcome.gpa = number(res["gpa"]);
  } else if (kind == "gp") {
    outcome.kind = Kind::general_protection;
  } else {
    throw std::invalid_argument(
        fmt::format("result kind \"{}\" is unknown; allowed: ok, pf, npf, gp", kind));
  }
  return outcome;
}

AccessType parse_type(const std::string& type) {
  if (type == "r") return AccessType::read;
  if (type == "w") return AccessType::write;
  if (type == "x") return AccessType::fetch;
  throw std::invalid_argument(fmt::format("access type \"{}\" is unknown; allowed: r, w, x", type));
}

VectorAccess parse_access(const json& item) {
  VectorAccess access;
  access.va = Va{number(item.at("va"))};
  access.access.type = parse_type(item.at("type").get_ref<const std::string&>());
  const int cpl = item.at("cpl").get<int>();
  if (cpl != 0 && cpl != 3) throw std::invalid_argument("cpl must be 0 or 3");
  access.access.user = cpl == 3;
  if (item.at("ac").get<int>()) access.rflags = one(rflags_ac);
  access.pkru = number32(item.at("pkru"));
  access.pkrs = number32(item.at("pkrs"));
  access.expected = parse_outcome(item.at("res"));
  return access;
}

}  // namespace

VectorLine parse_vector(const json& line) {
  VectorLine vector;
  vector.id = line.at("id").get<std::string>();
  vector.cpu = vector_cpu(line);
  vector.registers = parse_registers(line.at("regs"));
  expect_mode(line.at("paging"), vector.registers);
  if (line.contains("nested")) vector.vm = parse_npt(line["nested"]);
  vector.memory = words(line.at("mem"));
  for (const auto& [at, word] : vector.memory)
    if (at % 8) throw std::invalid_argument(fmt::format("memory word at {:#x} is not aligned", at));
  for (const json& item : line.at("accesses")) vector.accesses.push_back(parse_access(item));
  return vector;
}

std::string VectorAccess::text() const {
  constexpr char types[] = {'r', 'w', 'x'};
  return fmt::format("{} {:#x} cpl{} ac{} pkru {:#x} pkrs {:#x}",
                     types[static_cast<std::size_t>(access.type)], va.value, access.user ? 3 : 0,
                     rflags ? 1 : 0, pkru, pkrs);
}

std::string VectorOutcome::text() const {
  switch (kind) {
    case Kind::ok: {
      std::string text = pa_known ? fmt::format("ok pa {:#x}", pa) : "ok";
      for (const auto& [at, word] : updates) text += fmt::format(" [{:#x}]={:#x}", at, word);
      return text;
    }
    case Kind::page_fault:
      return fmt::format("#PF code {:#x}", code);
    case Kind::nested_page_fault:
      return fmt::format("#NPF info1 {:#x} gpa {:#x}", code, gpa);
    case Kind::general_protection:
      return "#GP";
    case Kind::other:
      break;
  }
  return "another fault";
}

}  // namespace nestwalk::x86
