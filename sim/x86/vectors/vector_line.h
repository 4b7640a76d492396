// One line of x86 translation vectors, parsed: registers, memory, accesses with their results.
#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "common/base/address.h"
#include "common/paging/access.h"
#include "x86/cpu.h"
#include "x86/registers.h"

namespace nestwalk::x86 {

using Words = std::vector<std::pair<std::uint64_t, std::uint64_t>>;  // address, contents

struct VectorOutcome {
  enum class Kind : std::uint8_t { ok, page_fault, nested_page_fault, general_protection, other };
  Kind kind = Kind::other;
  std::uint64_t pa = 0;
  // What a vector leaves out is not compared.
  bool pa_known = true, updates_known = true, code_known = true, gpa_known = true;
  Words updates{};         // of ok: every word changed, by ascending address
  std::uint64_t code = 0;  // #PF error code, EXITINFO1
  std::uint64_t gpa = 0;   // EXITINFO2

  std::string text() const;
};

struct VectorAccess {
  Va va{};
  Access access{};
  std::uint64_t rflags = 0;
  std::uint32_t pkru = 0, pkrs = 0;
  VectorOutcome expected;

  std::string text() const;
};

struct VectorLine {
  std::string id;
  Cpu cpu;
  Registers registers;
  VirtualMachine vm;
  Words memory;
  std::vector<VectorAccess> accesses;
};

// Throws std::invalid_argument or nlohmann::json::exception for a line that is not an x86 vector.
VectorLine parse_vector(const nlohmann::json& line);

}  // namespace nestwalk::x86
