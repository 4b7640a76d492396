#include "common/sysc/shootdown.h"

#include <algorithm>

namespace nestwalk {

Mailbox::Mailbox(sc_core::sc_module_name name, Agenda& agenda, Mmu& mmu, const MachineSpec& spec)
    : sc_module(name), agenda_(agenda), mmu_(mmu), spec_(spec) {
  agenda_.enlist(strand_);
  SC_HAS_PROCESS(Mailbox);
  SC_THREAD(receive);
}

void Mailbox::send(const FlushSequence& flush, Completion& completion, Strand& sender) {
  ++completion.outstanding;
  queue_.push_back({sender.now() + spec_.shootdown_delivery_cycles, flush, &completion});
  if (!asleep_) return;
  asleep_ = false;
  agenda_.wake(strand_, queue_.back().arrives);
}

// The message's own price covers one instruction.
Cycles Mailbox::receive_cycles(const FlushSequence& flush) const {
  const unsigned more = flush.instructions > 1 ? flush.instructions - 1 : 0;
  return spec_.shootdown_receive_cycles + more * spec_.local_invalidate_cycles;
}

void Mailbox::receive() {
  agenda_.start(strand_);
  for (;;) {
    while (queue_.empty()) {
      asleep_ = true;
      agenda_.block(strand_);
    }
    const Message message = queue_.front();
    queue_.pop_front();
    strand_.pass_until(message.arrives);
    agenda_.reach(strand_);
    mmu_.invalidate(message.flush.what, *message.completion);
    stalled_until_ = std::max(stalled_until_, message.arrives) + receive_cycles(message.flush);
    strand_.pass_until(stalled_until_);
    agenda_.reach(strand_);
    settle(*message.completion, agenda_, strand_);
  }
}

void shoot_down(const FlushSequence& flush, Mmu& own, const std::vector<Mailbox*>& others,
                const MachineSpec& spec, Agenda& agenda, Strand& me) {
  Completion completion{&me, 1};  // one for this function, until it waits
  me.pass(flush.instructions * spec.local_invalidate_cycles);
  agenda.reach(me);
  own.invalidate(flush.what, completion);
  for (Mailbox* other : others) {
    me.pass(spec.shootdown_send_cycles);
    agenda.reach(me);
    other->send(flush, completion, me);
  }
  if (--completion.outstanding) agenda.block(me);
}

}  // namespace nestwalk
