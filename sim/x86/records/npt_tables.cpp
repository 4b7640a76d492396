#include "x86/records/npt_tables.h"

#include "x86/paging_format.h"

namespace nestwalk::x86 {
namespace {

constexpr std::uint64_t table_bits =
    one(pte_p) | one(pte_rw) | one(pte_us) | one(pte_a);  // all rights: entries below decide
constexpr unsigned reserved_bit = 51;  // what marks an MMIO entry for hardware (K-98)

unsigned height_of(unsigned size_lg2) { return (size_lg2 - 12) / 9; }

std::uint64_t word_of(const TdpEntry& entry) {
  if (entry.kind == TdpEntry::Kind::none) return 0;
  if (entry.kind == TdpEntry::Kind::mmio) return table_bits | one(reserved_bit);
  std::uint64_t word = entry.frame.value | one(pte_p) | one(pte_us);
  if (entry.writable) word |= one(pte_rw);
  if (entry.accessed) word |= one(pte_a);
  if (entry.dirty) word |= one(pte_d);
  if (!entry.executable) word |= one(pte_xd);
  if (entry.size_lg2 > 12) word |= one(pte_ps);
  return word;
}

}  // namespace

Pa NptTables::take() {
  const Pa table = next_;
  next_ = next_ + 4096;
  return table;
}

Pa NptTables::place(std::uint64_t at, unsigned height) {
  Pa table = root_;
  for (unsigned h = levels_ - 1; h > height; --h) {
    const Pa entry = table + (at >> (12 + 9 * h) & 511) * 8;
    std::uint64_t word = memory_.read(entry, 8);
    if (!bit(word, pte_p) || bit(word, pte_ps)) {
      word = take().value | table_bits;
      memory_.write(entry, 8, word);
    }
    table = Pa{word & field_mask(50, 12)};
  }
  return table + (at >> (12 + 9 * height) & 511) * 8;
}

void NptTables::write(std::uint64_t base, const TdpEntry& entry) {
  memory_.write(place(base, height_of(entry.size_lg2)), 8, word_of(entry));
}

NptTables::Entries::iterator NptTables::first_at(std::uint64_t at) {
  auto next = entries_.upper_bound(at);
  if (next == entries_.begin()) return next;
  const auto before = std::prev(next);
  return at - before->first < one(before->second.size_lg2) ? before : next;
}

TdpEntry NptTables::find(Ipa at) const {
  const auto found = const_cast<NptTables*>(this)->first_at(at.value);
  return found != entries_.end() && found->first <= at.value ? found->second : TdpEntry{};
}

void NptTables::set(Ipa base, const TdpEntry& entry) {
  zap(base, one(entry.size_lg2));
  entries_[base.value] = entry;
  write(base.value, entry);
}

void NptTables::zap(Ipa first, std::uint64_t bytes) {
  for (auto at = first_at(first.value);
       at != entries_.end() && (at->first < first.value || at->first - first.value < bytes);) {
    TdpEntry none;
    none.size_lg2 = at->second.size_lg2;
    write(at->first, none);
    at = entries_.erase(at);
  }
}

void NptTables::split(Ipa at) {
  const auto found = first_at(at.value);
  if (found == entries_.end() || found->first > at.value || found->second.size_lg2 == 12) return;
  const std::uint64_t base = found->first;
  TdpEntry part = found->second;
  const std::uint64_t pages = one(part.size_lg2) >> 12;
  zap(Ipa{base}, 1);
  part.size_lg2 = 12;
  for (std::uint64_t page = 0; page < pages; ++page, part.frame = part.frame + 4096)
    set(Ipa{base + page * 4096}, part);
}

void NptTables::change(Ipa first, std::uint64_t bytes,
                       const std::function<void(Ipa, TdpEntry&)>& change) {
  for (auto at = first_at(first.value); at != entries_.end() && at->first - first.value < bytes;
       ++at) {
    if (at->second.kind != TdpEntry::Kind::page) continue;
    change(Ipa{at->first}, at->second);
    write(at->first, at->second);
  }
}

}  // namespace nestwalk::x86
