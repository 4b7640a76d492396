// TLBI instructions: what each must remove, no more (Arm ARM C5.5, D8.16; ASL TLBI functions). Pure
// functions from an operation, its operand and the registers to a list of Invalidations and how far
// they reach. Left out: FEAT_XS timing (nXS forms remove the same), TLBI E3, PAALL, RPA*.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "arm64/features.h"
#include "arm64/registers.h"
#include "common/tlb/invalidation.h"

namespace nestwalk::arm64 {

enum class TlbiKind : std::uint8_t {
  vmalle1,
  vmalls12e1,
  alle1,
  alle2,
  aside1,
  vae1,
  vale1,
  vaae1,
  vaale1,
  vae2,
  vale2,
  ipas2e1,
  ipas2le1,
  rvae1,
  rvale1,
  rvaae1,
  rvaale1,
  rvae2,
  rvale2,
  ripas2e1,
  ripas2le1,
};
enum class TlbiScope : std::uint8_t { local, inner, outer };

struct TlbiOperation {
  TlbiKind kind = TlbiKind::vmalle1;
  TlbiScope scope = TlbiScope::local;
  bool nxs = false;  // waits only for accesses with the XS attribute clear
  bool operator==(const TlbiOperation&) const = default;
};

// By the manual's name without "TLBI", e.g. "VAE1IS", "RIPAS2LE1OSNXS"; nothing: no such operation.
std::optional<TlbiOperation> parse_tlbi(std::string_view name);
std::string name(const TlbiOperation& op);
// By the fields of the SYS instruction (CRn 8, or 9 for nXS).
std::optional<TlbiOperation> decode_tlbi(unsigned op1, unsigned crn, unsigned crm, unsigned op2);
// All kinds, and whether an operation of this kind has an operand, is a range form.
std::vector<TlbiKind> all_tlbi_kinds();
bool is_range(TlbiKind kind);

struct TlbiEffect {
  TlbiScope scope = TlbiScope::local;  // with HCR_EL2.FB applied
  std::vector<Invalidation> what;      // empty: nothing has to go
};
// `el`: where it is executed.
TlbiEffect tlbi(const TlbiOperation& op, std::uint64_t operand, const Registers& regs,
                std::uint8_t el, const Features& features, const Knobs& knobs);

}  // namespace nestwalk::arm64
