// Locks of simulated software: who holds one and who waits for it. Without time: drivers of Cpu let
// a vCPU sleep and wake it.
//
// Exclusive locks are Linux's queued spinlock, reader-writer locks its queued rwlock
// (kernel/locking/qspinlock.c, qrwlock.c, 6.12): one queue, first come, first served. A reader gets
// in beside other readers only while nobody waits: a writer at the head of the queue keeps
// newcomers out (_QW_WAITING). A reader that reaches the head gets in when no writer holds the
// lock, and lets its successor try at once, so that readers that stand together go together. Left
// out: readers in interrupt context, who pass waiting writers; and the few cycles in which a lock
// that is free is not yet its next owner's, when another could take it.
#pragma once
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

namespace nestwalk {

class Cpu;

enum class Hold : std::uint8_t { read, write };

class Lock {
 public:
  enum class Kind : std::uint8_t { exclusive, reader_writer };

  // A vCPU takes locks in ascending order of rank only; those of guests rank below their hosts'.
  // Exclusive locks are held for writing.
  Lock(std::string name, unsigned rank, Kind kind);

  const std::string& name() const { return name_; }
  unsigned rank() const { return rank_; }

  // For Cpu. True: `cpu` holds it. False: it waits in the queue.
  bool take(Cpu& cpu, Hold hold);
  // True: `cpu` holds it. False: it would have to wait.
  bool try_take(Cpu& cpu, Hold hold);
  // Gives it back; returns those who hold it now and did not before, in the order of the queue.
  std::vector<Cpu*> give_back(Cpu& cpu);

  bool held_by(const Cpu& cpu) const;
  bool held() const { return !holders_.empty(); }
  std::size_t waiting() const { return queue_.size(); }

 private:
  struct Waiter {
    Cpu* cpu;
    Hold hold;
  };
  bool open_to(Hold hold) const { return holders_.empty() || (hold == Hold::read && !writing_); }
  void let_in(Cpu& cpu, Hold hold);

  std::string name_;
  unsigned rank_;
  Kind kind_;
  bool writing_ = false;  // of holders_, the only one
  std::vector<Cpu*> holders_;
  std::deque<Waiter> queue_;
};

}  // namespace nestwalk
