// What an intermediate address really is: slots put over backing, whatever any stage-2 table says.
// The lower half of the truth that translations are checked against; the upper half is the guest's
// own tables.
#pragma once
#include <optional>

#include "common/host/backing.h"
#include "common/host/slots.h"

namespace nestwalk {

struct Grant {
  enum class Kind : std::uint8_t {
    device,  // no slot: user space answers
    absent,  // a slot, but the host has no page there at present
    page
  };
  Kind kind = Kind::device;
  Pa pa;                  // of the byte itself; page only
  bool writable = false;  // the guest may store there now; page only
  bool operator==(const Grant&) const = default;
};

inline Grant grant_of(const Slots& slots, const Backing& backing, Ipa ipa) {
  const Slot* slot = slots.find(ipa);
  if (!slot || slot->invalid) return {};
  const Hva hva = slot->hva_of(ipa);
  const std::optional<HostPage> page = backing.find(hva);
  const Area* area = backing.area_of(hva);
  if (!page || !area || area->rights == HostRights::none)
    return {.kind = Grant::Kind::absent, .pa = {}};
  // One frame of zeroes stands for all of a zero page.
  const Pa pa = page->frame + hva.offset(page->zero_page ? 12 : page->size_lg2);
  return {Grant::Kind::page, pa, page->writable && !slot->read_only};
}

}  // namespace nestwalk
