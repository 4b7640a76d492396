// The kinds of input and who makes accesses of them.
#include "common/workload/make_source.h"

#include "common/workload/generator.h"
#include "common/workload/trace_source.h"
#include "common/workload/validate.h"

namespace nestwalk {
namespace {

struct SourceMaker {
  unsigned vcpu;
  std::uint64_t run_seed;

  std::unique_ptr<AccessSource> operator()(const GeneratorSpec& spec) const {
    auto generator = make_generator(spec, vcpu, run_seed);
    generator->grant(spec.count);
    return generator;
  }
  std::unique_ptr<AccessSource> operator()(const PhasesSpec& spec) const {
    return make_phases(spec, vcpu, run_seed);
  }
  std::unique_ptr<AccessSource> operator()(const TraceSpec& spec) const {
    return std::make_unique<TraceSource>(spec, [path = spec.path] { return ByteStream(path); });
  }
};

}  // namespace

std::unique_ptr<AccessSource> make_source(const WorkloadSpec& spec, unsigned vcpu,
                                          std::uint64_t run_seed) {
  validate(spec);
  return std::visit(SourceMaker{vcpu, run_seed}, spec.input);
}

}  // namespace nestwalk
