// The nested page tables of one guest (APM vol. 2, 15.25), edited at once: what the hypervisor's
// entries say, kept beside the words that hardware walks.
#pragma once
#include <functional>
#include <map>
#include <utility>

#include "common/memory/physical_memory.h"
#include "x86/kvm/tdp_answer.h"

namespace nestwalk::x86 {

class NptTables {
 public:
  // Tables are taken from `first` upward.
  NptTables(PhysicalMemory& memory, Pa first, unsigned levels)
      : memory_(memory), next_(first), root_(take()), levels_(levels) {}

  Pa root() const { return root_; }
  // The entry that decides about an address; Kind::none: none does.
  TdpEntry find(Ipa at) const;
  // Puts an entry in around `base`, in place of what stands there or below.
  void set(Ipa base, const TdpEntry& entry);
  // Takes out every entry that maps any of [first, first + bytes).
  void zap(Ipa first, std::uint64_t bytes);
  void zap_all() { zap(Ipa{}, ~std::uint64_t{0}); }
  // A larger entry becomes 4 KiB ones with the same rights.
  void split(Ipa at);
  // Calls `change` with every entry for pages of [first, first + bytes), and writes it back.
  void change(Ipa first, std::uint64_t bytes, const std::function<void(Ipa, TdpEntry&)>& change);

 private:
  using Entries = std::map<std::uint64_t, TdpEntry>;  // by first address
  Pa take();
  // Where the word for `at` stands in a table of this height (0: 4 KiB entries).
  Pa place(std::uint64_t at, unsigned height);
  void write(std::uint64_t base, const TdpEntry& entry);
  // The first entry that ends beyond `at`.
  Entries::iterator first_at(std::uint64_t at);

  PhysicalMemory& memory_;
  Pa next_, root_;
  unsigned levels_;
  Entries entries_;
};

}  // namespace nestwalk::x86
