#include "arm64/bbm_watch.h"

#include <fmt/format.h>

namespace nestwalk::arm64 {

BbmTableWatch::BbmTableWatch(const BbmTables& tables, std::uint64_t root, TableReader read,
                             std::string whose)
    : geometry_(tables.geometry),
      read_(std::move(read)),
      whose_(std::move(whose)),
      watch_(tables, [this](std::uint64_t one, std::uint64_t other, unsigned lg2) {
        return same(one, other, lg2);
      }) {
  tables_[root] = {one(geometry_.root_lg2()), 0, geometry_.root_height};
}

bool BbmTableWatch::same(std::uint64_t one, std::uint64_t other, unsigned lg2) const {
  for (std::uint64_t at = 0; at < std::uint64_t{1} << lg2; at += 8)
    if (read_(one + at) != read_(other + at)) return false;
  return true;
}

void BbmTableWatch::wrote(std::uint64_t at, std::uint64_t before, std::uint64_t after) {
  auto found = tables_.upper_bound(at);
  if (found == tables_.begin()) return;
  const auto& [base, table] = *--found;
  if (at - base >= table.bytes) return;  // no table of these yet: nothing can have cached it
  const int height = table.height;
  const std::uint64_t in = table.in + ((at - base) / 8 << geometry_.granule.leaf_lg2(height));
  const std::uint64_t now = geometry_.load(after);
  if (bit(now, descriptor::valid) && bit(now, descriptor::table) && height > 0)
    tables_[geometry_.address_of(now, geometry_.granule.lg2)] = {one(geometry_.granule.lg2), in,
                                                                 height - 1};
  if (const auto violation = watch_.wrote(at, in, height, before, after))
    report(*violation, in, height);
}

void BbmTableWatch::report(const BbmWatch::Violation& violation, std::uint64_t in, int height) {
  constexpr std::size_t most_kept = 20;
  if (violations_.size() == most_kept) return;
  violations_.push_back(
      fmt::format("break-before-make: {}: the level {} descriptor for {:#x}, at {:#x}, becomes "
                  "{:#x} while TLBs "
                  "may still hold {:#x} ({})",
                  whose_, level_of(height), in, violation.entry_at, violation.after,
                  violation.before, name(violation.rule)));
}

}  // namespace nestwalk::arm64
