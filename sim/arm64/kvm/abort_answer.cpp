#include "arm64/kvm/abort_answer.h"

#include <algorithm>

namespace nestwalk::arm64 {

AbortRoute abort_route(const Stage2Abort& abort, const Slot* slot) {
  const bool memory = slot && !slot->invalid;
  if (!memory || (abort.is_write() && slot->read_only)) {
    if (abort.instruction || abort.on_table_walk) return AbortRoute::external_abort;
    // To a slot that is there but read-only it is a store like others (T182).
    if (abort.cache_maintenance && !memory) return AbortRoute::skip;
    return AbortRoute::mmio;
  }
  if (abort.status == AbortStatus::access_flag) return AbortRoute::make_young;
  return AbortRoute::map;
}

namespace {

struct Size {
  unsigned lg2;
  unsigned most_lg2;  // what a transparent huge page may still make of it
};

// Of the area: a pool's page counts as what one entry can map of it, anything else as a page.
Size area_size(const Slot& slot, Ipa ipa, const HostPage& page, const HostSizes& sizes) {
  const unsigned largest = std::max(sizes.pmd, sizes.pud);
  if (!page.hugetlb) return {sizes.page, largest};
  if (sizes.pud && page.size_lg2 == sizes.pud && slot.allows_block(ipa, sizes.pud))
    return {sizes.pud, largest};
  if (page.size_lg2 >= sizes.pmd && slot.allows_block(ipa, sizes.pmd)) return {sizes.pmd, largest};
  return {sizes.page, sizes.page};
}

// Down to a size that an entry of the host's has.
unsigned entry_size(unsigned lg2, const HostSizes& sizes) {
  if (sizes.pud && lg2 >= sizes.pud) return sizes.pud;
  return lg2 >= sizes.pmd ? sizes.pmd : sizes.page;
}

}  // namespace

unsigned mapping_size_lg2(const Stage2Abort& abort, const Slot& slot, const Stage2Lookup& lookup,
                          const HostSizes& sizes) {
  if (slot.log_dirty && !slot.read_only) return sizes.page;
  Size size = area_size(slot, abort.ipa, lookup.page, sizes);
  size.most_lg2 = std::min(size.most_lg2, entry_size(lookup.most_lg2, sizes));
  size.lg2 = std::min(size.lg2, size.most_lg2);
  if (size.lg2 != sizes.page || size.most_lg2 == sizes.page) return size.lg2;
  if (abort.status == AbortStatus::permission && abort.granule_lg2 > sizes.page)
    return abort.granule_lg2;
  const bool huge = lookup.page.size_lg2 >= sizes.pmd && slot.allows_block(abort.ipa, sizes.pmd);
  return huge ? sizes.pmd : sizes.page;
}

Stage2Answer page_answer(const Stage2Abort& abort, const Slot& slot, const Stage2Lookup& lookup,
                         const HostSizes& sizes) {
  const HostPage& page = lookup.page;
  if (abort.is_write() && !page.writable) return {.act = Stage2Act::refuse};
  if (lookup.stale) return {.act = Stage2Act::retry};
  const unsigned lg2 = mapping_size_lg2(abort, slot, lookup, sizes);
  const bool relax = abort.status == AbortStatus::permission && lg2 == abort.granule_lg2;
  const Hva hva = slot.hva_of(abort.ipa).aligned(lg2);
  Stage2Answer answer{.act = relax ? Stage2Act::relax : Stage2Act::map,
                      .base = abort.ipa.aligned(lg2),
                      .frame = page.zero_page ? page.frame : page.frame + (hva - page.base),
                      .size_lg2 = static_cast<std::uint8_t>(lg2)};
  const bool logging = slot.log_dirty && !slot.read_only;
  answer.writable = page.writable && !slot.read_only && (!logging || abort.is_write());
  answer.executable = abort.is_exec() || lookup.coherent_instructions;
  answer.marks_dirty = answer.writable && logging;
  return answer;
}

}  // namespace nestwalk::arm64
