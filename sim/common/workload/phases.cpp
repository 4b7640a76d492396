// Phases: generators taking turns, each for its count.
#include <utility>
#include <vector>

#include "common/workload/generator.h"

namespace nestwalk {
namespace {

class PhasesSource final : public AccessSource {
 public:
  struct Phase {
    std::unique_ptr<Generator> generator;
    std::uint64_t count;
  };
  PhasesSource(std::vector<Phase> phases, std::uint64_t repeat)
      : phases_(std::move(phases)), laps_left_(repeat) {
    phases_.front().generator->grant(phases_.front().count);
  }

  std::size_t next(std::span<MemoryAccess> out) override {
    std::size_t filled = 0;
    while (filled < out.size() && laps_left_ > 0) {
      filled += phases_[now_].generator->next(out.subspan(filled));
      if (filled < out.size()) turn();
    }
    return filled;
  }

  // Known if it is for every phase.
  std::optional<std::uint64_t> instructions() const override {
    std::uint64_t sum = 0;
    for (const Phase& phase : phases_) {
      const std::optional<std::uint64_t> part = phase.generator->instructions();
      if (!part) return std::nullopt;
      sum += *part;
    }
    return sum;
  }

 private:
  void turn() {
    if (++now_ == phases_.size()) {
      now_ = 0;
      --laps_left_;
    }
    if (laps_left_ > 0) phases_[now_].generator->grant(phases_[now_].count);
  }

  std::vector<Phase> phases_;
  std::uint64_t laps_left_;
  std::size_t now_ = 0;
};

}  // namespace

std::unique_ptr<AccessSource> make_phases(const PhasesSpec& spec, unsigned vcpu,
                                          std::uint64_t run_seed) {
  std::vector<PhasesSource::Phase> phases;
  for (const GeneratorSpec& phase : spec.phases)
    phases.push_back({make_generator(phase, vcpu, run_seed, phases.size()), phase.count});
  return std::make_unique<PhasesSource>(std::move(phases), spec.repeat);
}

}  // namespace nestwalk
