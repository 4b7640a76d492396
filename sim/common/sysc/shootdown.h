// TLB shootdowns: a vCPU that has unmapped something invalidates its own structures and tells the
// others, each of which does so when the message arrives, and the sender goes on when all are done.
// Arm: broadcast TLBI and DSB, which hardware obeys whatever software runs. x86: an IPI, taken
// between instructions, also in the middle of the guest's fault handlers; a vCPU outside guest mode
// takes it when it enters the guest again (SDM vol. 3, 26.2: a pending interrupt is delivered
// then). A host's own flush does not wait for a vCPU outside guest mode: that one flushes before it
// enters (Linux 6.12 kvm_main.c kvm_request_needs_ipi; KVM_REQ_TLB_FLUSH in vcpu_enter_guest). So a
// handler may flush under a lock for which others wait in the host.
#pragma once
#include <deque>
#include <systemc>
#include <utility>
#include <vector>

#include "common/hyp/architecture.h"
#include "common/sysc/mmu.h"
#include "common/sysc/program_order.h"

namespace nestwalk {

// Whose software has sent a message.
enum class SentBy : std::uint8_t { guest, host };

// The receiving end of one vCPU.
class Mailbox : public sc_core::sc_module {
 public:
  // `by_interrupt`: software has to take the message; else hardware obeys it by itself.
  Mailbox(sc_core::sc_module_name name, Agenda& agenda, Mmu& mmu, const ProgramOrder& order,
          const MachineSpec& spec, bool by_interrupt);

  // Called by a sender at its own time; the message arrives after the delivery latency.
  void send(const FlushSequence& flush, SentBy by, Completion& completion, Strand& sender);
  // Whether no message is on its way or being handled.
  bool idle() const { return asleep_; }
  // Until when the vCPU's program is stalled by messages that have arrived.
  Cycles stalled_until() const { return stalled_until_; }
  // Cycles that messages have stolen from the software that runs, since last asked.
  Cycles take_stolen() { return std::exchange(stolen_cycles_, 0); }
  // The vCPU leaves guest mode; enters it again.
  void leave_guest() { outside_guest_ = true; }
  void enter_guest(Strand& me);

 private:
  struct Message {
    Cycles arrives = 0;
    FlushSequence flush;
    SentBy by = SentBy::guest;
    Completion* completion = nullptr;
  };
  void receive();  // the SystemC thread
  void obey(const Message& message);
  void obey_before_entry(const Message& message);
  Cycles receive_cycles(const FlushSequence& flush) const;

  Agenda& agenda_;
  Mmu& mmu_;
  const ProgramOrder& order_;
  const MachineSpec& spec_;
  bool by_interrupt_;
  Strand strand_;
  bool asleep_ = false;
  bool outside_guest_ = false, waits_for_guest_ = false;
  std::deque<Message> queue_;
  Cycles stalled_until_ = 0, stolen_cycles_ = 0;
};

// The sending end: invalidates `own`, tells the mailboxes, and returns when all are done.
void shoot_down(const FlushSequence& flush, SentBy by, Mmu& own,
                const std::vector<Mailbox*>& others, const MachineSpec& spec, Agenda& agenda,
                Strand& me);

}  // namespace nestwalk
