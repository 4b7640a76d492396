// The guest's own table pages, reached as its kernel reaches them, but at once and without exits.
#pragma once
#include <fmt/format.h>

#include "common/scenario/world.h"

namespace nestwalk::scenario {

class World::GuestTableIo final : public TableIo {
 public:
  GuestTableIo(HostVm& vm, Ipa first) : vm_(vm), next_(first) {}

  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return vm_.memory.read(reach(at), bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    vm_.memory.write(reach(at), bytes, word);
  }
  std::uint64_t allocate_table(unsigned size_lg2) override {
    const Ipa table{align_up(next_.value, size_lg2 < 12 ? 12 : size_lg2)};
    next_ = table + (size_lg2 < 12 ? 4096 : std::uint64_t{1} << size_lg2);
    return table.value;
  }
  void free_table(std::uint64_t, unsigned) override {}  // table pages are not used again

 private:
  Pa reach(std::uint64_t at) {
    const Slot* slot = vm_.slots.find(Ipa{at});
    if (!slot) throw BadStep(fmt::format("the guest's table at {:#x} lies in no slot", at));
    const Hva hva = slot->hva_of(Ipa{at});
    Touched touched = vm_.backing.touch(hva, true);
    if (!touched) touched = vm_.backing.touch(hva, false);
    if (!touched) throw BadStep(fmt::format("the host has no memory for the table at {:#x}", at));
    return touched.page.frame + (hva - touched.page.base);
  }

  HostVm& vm_;
  Ipa next_;
};

}  // namespace nestwalk::scenario
