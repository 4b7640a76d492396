#include "common/cpu/lock.h"

#include <algorithm>
#include <utility>

#include "common/base/check.h"

namespace nestwalk {

Lock::Lock(std::string name, unsigned rank, Kind kind)
    : name_(std::move(name)), rank_(rank), kind_(kind) {}

bool Lock::take(Cpu& cpu, Hold hold) {
  if (try_take(cpu, hold)) return true;
  queue_.push_back({&cpu, hold});
  return false;
}

bool Lock::try_take(Cpu& cpu, Hold hold) {
  NW_CHECK(kind_ == Kind::reader_writer || hold == Hold::write,
           "lock '{}' is exclusive and cannot be taken for reading", name_);
  if (!queue_.empty() || !open_to(hold)) return false;
  let_in(cpu, hold);
  return true;
}

void Lock::let_in(Cpu& cpu, Hold hold) {
  holders_.push_back(&cpu);
  writing_ = hold == Hold::write;
}

std::vector<Cpu*> Lock::give_back(Cpu& cpu) {
  const auto at = std::find(holders_.begin(), holders_.end(), &cpu);
  NW_CHECK(at != holders_.end(), "lock '{}' is given back by one who does not hold it", name_);
  holders_.erase(at);
  writing_ = false;
  std::vector<Cpu*> entered;
  while (!queue_.empty() && open_to(queue_.front().hold)) {
    const Waiter next = queue_.front();
    queue_.pop_front();
    let_in(*next.cpu, next.hold);
    entered.push_back(next.cpu);
  }
  return entered;
}

bool Lock::held_by(const Cpu& cpu) const {
  return std::find(holders_.begin(), holders_.end(), &cpu) != holders_.end();
}

}  // namespace nestwalk
