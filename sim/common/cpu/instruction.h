// One instruction of privileged software that acts on its vCPU's translation hardware.
#pragma once
#include <functional>
#include <utility>
#include <vector>

#include "common/mmu/vcpu_mmu.h"

namespace nestwalk {

struct Instruction {
  // Whether the registers make it trap to the level below.
  using Traps = std::function<bool(const TranslationEngine&)>;

  Instruction(MmuInstruction what, Traps when = {})
      : effect(std::move(what)), traps(std::move(when)) {}

  MmuInstruction effect;
  Traps traps;  // empty: never
};

// What has become of it. `trapped`: nothing has happened; what the level below answers is its
// caller's to find out (hyp).
enum class Executed : std::uint8_t { done, trapped };

// The translation hardware of one vCPU, as instructions act on it.
class InstructionTarget {
 public:
  virtual ~InstructionTarget() = default;
  virtual Executed execute(const Instruction& instruction) = 0;
  virtual void invalidate(const std::vector<Invalidation>& what) = 0;
};

}  // namespace nestwalk
