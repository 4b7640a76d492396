#include "common/machine/functional_machine.h"

namespace nestwalk {

FunctionalMachine::FunctionalMachine(const MachineSpec& spec, VirtualMachine& vm)
    : vm_(vm),
      engine_(vm.make_engine()),
      mmu_(spec, *engine_),
      port_(vm.physical()),
      software_(vm.physical()) {}

void FunctionalMachine::enter(std::uint16_t space) {
  vm_.enter_space(*engine_, space);
  space_ = space;
  mmu_.registers_written();
}

Pa FunctionalMachine::miss(Va asked, const Access& wanted) {
  const Va va = engine_->cached_address(asked, wanted);
  for (;;) {
    const VcpuMmu::Translated done = mmu_.translate(va, wanted, port_);
    walks_ += done.served == Served::walk;
    if (!done.reply.fault) return done.reply.pa;
    vm_.handle(done.reply.fault, static_cast<std::uint16_t>(space_), va, wanted, *engine_,
               software_);
  }
}

}  // namespace nestwalk
