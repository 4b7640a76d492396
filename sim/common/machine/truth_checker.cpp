#include "common/machine/truth_checker.h"

#include <fmt/format.h>

namespace nestwalk {

void TruthChecker::translated(unsigned vcpu, std::uint16_t space, Va va, Pa pa) {
  constexpr std::size_t most_kept = 20;
  ++checked_;
  const std::optional<Pa> truth = vm_.truth(space, va);
  if (truth == pa) return;
  if (vm_.changing(space, va)) {
    ++legally_stale_;
    return;
  }
  if (violations_.size() == most_kept) return;
  violations_.push_back(fmt::format(
      "vCPU {} reached physical address {:#x} through {:#x} of address space {}; the tables say {}",
      vcpu, pa.value, va.value, space,
      truth ? fmt::format("{:#x}", truth->value) : std::string("that it is not mapped")));
}

}  // namespace nestwalk
