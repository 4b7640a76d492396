// The four laws as small function objects that give the offset of the next data access, and one
// batch loop, compiled for each law, around them.
#include "common/workload/generator.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "common/workload/draws.h"
#include "common/workload/permutation.h"
#include "common/workload/zipf_ranks.h"

namespace nestwalk {
namespace {

constexpr std::uint64_t code_line_bytes = 64;
constexpr std::uint8_t fetch_bytes = 4;

// Streams of seeds below one generator's seed.
constexpr std::uint64_t shared_stream = 0, own_stream = 1;

struct StrideOffsets {
  static constexpr bool dependent = false;
  std::uint64_t footprint, step, at;

  StrideOffsets(const GeneratorSpec& spec, const StrideLaw& law, std::uint64_t start_draw)
      : footprint(spec.footprint_bytes) {
    const std::int64_t stride = law.stride_bytes;
    const std::uint64_t size =
        stride < 0 ? 0 - static_cast<std::uint64_t>(stride) : static_cast<std::uint64_t>(stride);
    step = size % footprint;
    at = step == 0 ? 0 : start_draw % (footprint / step) * step;
    if (stride < 0 && step != 0) step = footprint - step;
  }
  std::uint64_t operator()(Draws&) {
    const std::uint64_t now = at;
    // Written so that nothing overflows near 2^64.
    at = at >= footprint - step ? at - (footprint - step) : at + step;
    return now;
  }
};

struct UniformOffsets {
  static constexpr bool dependent = false;
  std::uint64_t units, unit_bytes;

  UniformOffsets(const GeneratorSpec& spec, const UniformLaw&)
      : units(spec.footprint_bytes / spec.access_bytes), unit_bytes(spec.access_bytes) {}
  std::uint64_t operator()(Draws& draws) { return draws.below(units) * unit_bytes; }
};

struct ZipfOffsets {
  static constexpr bool dependent = false;
  ZipfRanks ranks;
  Permutation places;
  bool scatter;
  std::uint64_t item_bytes, units, unit_bytes;

  ZipfOffsets(const GeneratorSpec& spec, const ZipfLaw& law, std::uint64_t shared_seed)
      : ranks(spec.footprint_bytes / law.item_bytes, law.exponent),
        places(spec.footprint_bytes / law.item_bytes, shared_seed),
        scatter(law.scatter),
        item_bytes(law.item_bytes),
        units(law.item_bytes / spec.access_bytes),
        unit_bytes(spec.access_bytes) {}
  std::uint64_t operator()(Draws& draws) {
    const std::uint64_t rank = ranks(draws);
    const std::uint64_t item = scatter ? places(rank) : rank;
    return item * item_bytes + draws.below(units) * unit_bytes;
  }
};

// The list runs through the images of 0, 1, 2 ... under one permutation, hence is a single cycle.
struct ChaseOffsets {
  Permutation order;
  std::uint64_t node_bytes, offset_step_bytes, position;
  bool dependent;

  ChaseOffsets(const GeneratorSpec& spec, const PointerChaseLaw& law, std::uint64_t shared_seed,
               std::uint64_t start_draw)
      : order(spec.footprint_bytes / law.node_bytes, shared_seed),
        node_bytes(law.node_bytes),
        offset_step_bytes(law.offset_step_bytes),
        position(start_draw % order.size()),
        dependent(law.dependent) {}
  std::uint64_t operator()(Draws&) {
    const std::uint64_t node = order(position);
    if (++position == order.size()) position = 0;
    return node * node_bytes + node * offset_step_bytes % node_bytes;
  }
};

// A fraction as a threshold on 32 random bits.
std::uint64_t threshold(double fraction) {
  return static_cast<std::uint64_t>(std::llround(std::ldexp(fraction, 32)));
}

template <class Law>
class LawGenerator final : public Generator {
 public:
  LawGenerator(const GeneratorSpec& spec, Law law, std::uint64_t seed)
      : law_(std::move(law)),
        draws_(seed),
        base_(spec.base),
        code_base_(spec.code_base),
        code_bytes_(spec.code_bytes),
        fetch_below_(threshold(spec.fetch_fraction)),
        write_below_(threshold(spec.write_fraction)),
        instructions_per_access_(spec.instructions_per_access),
        size_bytes_(static_cast<std::uint8_t>(spec.access_bytes)),
        space_(spec.space) {}

  void grant(std::uint64_t count) override { left_ += count; }

  std::size_t next(std::span<MemoryAccess> out) override {
    const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
    Draws draws = draws_;  // a local copy, which stores to `out` cannot alias
    for (MemoryAccess& access : out.first(count)) {
      const std::uint64_t coin = draws.bits64();
      if ((coin & 0xffff'ffff) < fetch_below_) {
        access = {Va{next_fetch()}, AccessKind::fetch, fetch_bytes, space_, law_.dependent};
        continue;
      }
      const auto kind = (coin >> 32) < write_below_ ? AccessKind::write : AccessKind::read;
      access = {Va{base_ + law_(draws)}, kind, size_bytes_, space_, law_.dependent};
    }
    draws_ = draws;
    left_ -= count;
    given_ += count;
    return count;
  }
  std::optional<std::uint64_t> instructions() const override {
    if (instructions_per_access_ == 0) return std::nullopt;
    return static_cast<std::uint64_t>(
        std::llround(static_cast<double>(given_) * instructions_per_access_));
  }

 private:
  std::uint64_t next_fetch() {
    const std::uint64_t now = code_base_ + code_at_;
    code_at_ += code_line_bytes;
    if (code_at_ == code_bytes_) code_at_ = 0;
    return now;
  }

  Law law_;
  Draws draws_;
  std::uint64_t left_ = 0, given_ = 0, code_at_ = 0;
  std::uint64_t base_, code_base_, code_bytes_, fetch_below_, write_below_;
  double instructions_per_access_;
  std::uint8_t size_bytes_;
  std::uint16_t space_;
};

struct Maker {
  const GeneratorSpec& spec;
  unsigned vcpu;
  std::uint64_t shared_seed, own_seed;

  std::uint64_t start_draw() const { return vcpu == 0 ? 0 : derive_seed(own_seed, 0); }
  template <class Law>
  std::unique_ptr<Generator> make(Law law) const {
    return std::make_unique<LawGenerator<Law>>(spec, std::move(law), derive_seed(own_seed, 1));
  }
  std::unique_ptr<Generator> operator()(const StrideLaw& law) const {
    return make(StrideOffsets(spec, law, start_draw()));
  }
  std::unique_ptr<Generator> operator()(const UniformLaw& law) const {
    return make(UniformOffsets(spec, law));
  }
  std::unique_ptr<Generator> operator()(const ZipfLaw& law) const {
    return make(ZipfOffsets(spec, law, shared_seed));
  }
  std::unique_ptr<Generator> operator()(const PointerChaseLaw& law) const {
    return make(ChaseOffsets(spec, law, shared_seed, start_draw()));
  }
};

}  // namespace

std::unique_ptr<Generator> make_generator(const GeneratorSpec& spec, unsigned vcpu,
                                          std::uint64_t run_seed, std::uint64_t phase) {
  const std::uint64_t seed = derive_seed(run_seed, spec.seed);
  const std::uint64_t own = derive_seed(derive_seed(derive_seed(seed, own_stream), phase), vcpu);
  return std::visit(Maker{spec, vcpu, derive_seed(seed, shared_stream), own}, spec.law);
}

}  // namespace nestwalk
