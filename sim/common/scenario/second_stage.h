// The second stage of a scenario's virtual machine as its hypervisor edits it: what each entry
// says, kept beside the tables that hardware walks.
#pragma once
#include <functional>
#include <map>

#include "common/host/host_vm.h"
#include "common/scenario/dialect.h"

namespace nestwalk::scenario {

class SecondStage {
 public:
  // Where the entry for an address stands in the table of a height, if there is that table.
  using EntryAt = std::function<std::optional<std::uint64_t>(Ipa, int height)>;
  SecondStage(HostVm& vm, TableIo& io, EntryAt entry_at)
      : vm_(vm), io_(io), entry_at_(std::move(entry_at)) {}

  // The entry around an address; null: none.
  const Leaf* find(Ipa at) const;
  // Puts an entry in, in place of all that stands in its block. Says whether anything did.
  bool set(const Leaf& leaf);
  // Takes out every entry that maps any of the range; how many there were.
  unsigned zap(const IpaRange& range);
  // A larger entry becomes 4 KiB ones with the same rights.
  void split(Ipa at);
  // Makes the entries read-only that map any of the range.
  void write_protect(const IpaRange& range);
  const std::map<std::uint64_t, Leaf>& all() const { return leaves_; }

 private:
  using Leaves = std::map<std::uint64_t, Leaf>;  // by first address
  Leaves::iterator first_at(Ipa at);             // the first that ends beyond it
  void enter(const Leaf& leaf);

  HostVm& vm_;
  TableIo& io_;
  EntryAt entry_at_;
  Leaves leaves_;
};

}  // namespace nestwalk::scenario
