#include "common/sysc/shootdown.h"

#include <algorithm>

namespace nestwalk {

Mailbox::Mailbox(sc_core::sc_module_name name, Agenda& agenda, Mmu& mmu, const ProgramOrder& order,
                 const MachineSpec& spec, bool by_interrupt)
    : sc_module(name),
      agenda_(agenda),
      mmu_(mmu),
      order_(order),
      spec_(spec),
      by_interrupt_(by_interrupt) {
  agenda_.enlist(strand_);
  SC_HAS_PROCESS(Mailbox);
  SC_THREAD(receive);
}

void Mailbox::send(const FlushSequence& flush, SentBy by, Completion& completion, Strand& sender) {
  ++completion.outstanding;
  queue_.push_back({sender.now() + spec_.shootdown_delivery_cycles, flush, by, &completion});
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
    while (by_interrupt_ && outside_guest_ && message.by == SentBy::guest) {
      waits_for_guest_ = true;
      agenda_.block(strand_);
    }
    if (by_interrupt_ && outside_guest_)
      obey_before_entry(message);
    else
      obey(message);
    settle(*message.completion, agenda_, strand_);
  }
}

// Its cycles are stolen from whatever runs: they lengthen software, or keep the program from
// issuing.
void Mailbox::obey(const Message& message) {
  mmu_.invalidate(message.flush.what, *message.completion);
  const Cycles cycles = receive_cycles(message.flush);
  if (order_.software_runs()) {
    stolen_cycles_ += cycles;
    strand_.pass(cycles);
  } else {
    stalled_until_ = std::max(stalled_until_, strand_.now()) + cycles;
    strand_.pass_until(stalled_until_);
  }
  agenda_.reach(strand_);
}

// The sender waits for nobody who uses no translation of the guest. The software that runs pays for
// the instructions; there is no interrupt.
void Mailbox::obey_before_entry(const Message& message) {
  mmu_.invalidate(message.flush.what, *message.completion);
  stolen_cycles_ += message.flush.instructions * spec_.local_invalidate_cycles;
}

void Mailbox::enter_guest(Strand& me) {
  outside_guest_ = false;
  if (!waits_for_guest_) return;
  waits_for_guest_ = false;
  agenda_.wake(strand_, me.now());
}

void shoot_down(const FlushSequence& flush, SentBy by, Mmu& own,
                const std::vector<Mailbox*>& others, const MachineSpec& spec, Agenda& agenda,
                Strand& me) {
  Completion completion{&me, 1};  // one for this function, until it waits
  me.pass(flush.instructions * spec.local_invalidate_cycles);
  agenda.reach(me);
  own.invalidate(flush.what, completion);
  for (Mailbox* other : others) {
    me.pass(spec.shootdown_send_cycles);
    agenda.reach(me);
    other->send(flush, by, completion, me);
  }
  if (--completion.outstanding) agenda.block(me);
}

}  // namespace nestwalk
