#include "common/guest/guest_memory.h"

#include <algorithm>

#include "common/base/bits.h"
#include "common/base/user_error.h"

namespace nestwalk {

bool GuestMemory::backing(Ipa ipa, Pa& pa) const {
  if (!host_) {
    pa = Pa{ipa.value};
    return true;
  }
  const Grant grant = host_->grant(ipa);
  pa = grant.pa;
  return grant.kind == Grant::Kind::page;
}

Pa GuestMemory::reach(Ipa ipa, Software& software) {
  if (!host_) return Pa{ipa.value};
  for (;;) {
    if (const auto mapped = host_->mapping(ipa))
      return Pa{mapped->out + ipa.offset(mapped->size_lg2)};
    faults_->handle(ipa, *host_, software);
  }
}

void GuestMemory::reach_all(Ipa base, unsigned size_lg2, Software& software) {
  if (!host_) return;
  const unsigned step_lg2 = host_->tables->leaf_sizes().front();
  const std::uint64_t end = base.value + one(size_lg2);
  for (std::uint64_t at = base.value; at < end;) {
    reach(Ipa{at}, software);
    const auto mapped = host_->mapping(Ipa{at});
    at = mapped ? align_down(at, mapped->size_lg2) + one(mapped->size_lg2) : at + one(step_lg2);
  }
}

std::uint64_t GuestTableIo::allocate_table(unsigned size_lg2) {
  const unsigned lg2 = std::max(size_lg2, FrameAllocator::smallest_lg2);
  const auto frame = frames_.allocate(lg2);
  if (!frame)
    throw UserErrors(UserError{"", 0, "guest.memory", "guest memory ran out while making a table"});
  software_.spend(table_cost_);
  memory_.reach_all(Ipa{*frame}, lg2, software_);
  made_bytes_ += one(lg2);
  return *frame;
}

void GuestTableIo::free_table(std::uint64_t at, unsigned size_lg2) {
  Pa pa;
  if (memory_.backing(Ipa{at}, pa)) physical_.clear_frame(pa);
  frames_.free(at, std::max(size_lg2, FrameAllocator::smallest_lg2));
}

}  // namespace nestwalk
