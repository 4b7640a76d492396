// TLB shootdowns: a vCPU that has unmapped something invalidates its own structures and tells the
// others, each of which does so when the message arrives (Arm: broadcast TLBI and DSB; x86: an IPI,
// whose handler steals cycles from its vCPU). The sender goes on when all are done.
#pragma once
#include <deque>
#include <systemc>
#include <vector>

#include "common/hyp/architecture.h"
#include "common/sysc/mmu.h"

namespace nestwalk {

// The receiving end of one vCPU.
class Mailbox : public sc_core::sc_module {
 public:
  Mailbox(sc_core::sc_module_name name, Agenda& agenda, Mmu& mmu, const MachineSpec& spec);

  // Called by a sender at its own time; the message arrives after the delivery latency.
  void send(const FlushSequence& flush, Completion& completion, Strand& sender);
  // Whether no message is on its way or being handled.
  bool idle() const { return asleep_; }
  // Until when the vCPU is busy with messages that have arrived.
  Cycles stalled_until() const { return stalled_until_; }

 private:
  struct Message {
    Cycles arrives = 0;
    FlushSequence flush;
    Completion* completion = nullptr;
  };
  void receive();  // the SystemC thread
  Cycles receive_cycles(const FlushSequence& flush) const;

  Agenda& agenda_;
  Mmu& mmu_;
  const MachineSpec& spec_;
  Strand strand_;
  bool asleep_ = false;
  std::deque<Message> queue_;
  Cycles stalled_until_ = 0;
};

// The sending end: invalidates `own`, tells the mailboxes, and returns when all are done.
void shoot_down(const FlushSequence& flush, Mmu& own, const std::vector<Mailbox*>& others,
                const MachineSpec& spec, Agenda& agenda, Strand& me);

}  // namespace nestwalk
