// Instructions of a ChampSim trace into accesses.
#include "common/workload/champsim_trace.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace nestwalk {
namespace {

constexpr std::size_t records_per_block = 2048;

// `wanted` bytes at `va`, or what is left of its page.
std::uint64_t within_page(std::uint64_t va, std::uint64_t wanted) {
  return std::min(wanted, split_page_bytes - va % split_page_bytes);
}

}  // namespace

ChampsimTrace::ChampsimTrace(ByteStream bytes, const ChampsimLayout& layout)
    : bytes_(std::move(bytes)), layout_(layout), buffer_(records_per_block * layout.record_bytes) {}

std::size_t ChampsimTrace::next(std::span<MemoryAccess> out) {
  out_.begin(out);
  while (!out_.full()) {
    if (begin_ == end_ && !refill()) break;
    const ChampsimRecord record{buffer_.data() + begin_, layout_};
    if (!record.plausible())
      bytes_.fail(0,
                  fmt::format("record {} at byte {}: the branch flags are neither 0 nor 1; this "
                              "is no {}-byte ChampSim record",
                              records_ + 1, records_ * layout_.record_bytes, layout_.record_bytes));
    put(record);
    ++records_;
    begin_ += layout_.record_bytes;
  }
  return out_.filled();
}

bool ChampsimTrace::refill() {
  begin_ = 0;
  end_ = bytes_.read(buffer_);
  const std::size_t rest = end_ % layout_.record_bytes;
  if (rest != 0)
    bytes_.fail(0, fmt::format("truncated: record {} at byte {} has {} of {} bytes",
                               records_ + 1 + end_ / layout_.record_bytes,
                               bytes_.bytes_read() - rest, rest, layout_.record_bytes));
  return end_ > 0;
}

void ChampsimTrace::put(const ChampsimRecord& record) {
  put_fetch(record);
  const std::uint8_t space = record.data_asid();
  for (std::size_t i = 0; i < layout_.sources; ++i)
    if (const std::uint64_t va = record.source(i); va != 0)
      out_.put(va, AccessKind::read, within_page(va, 8), space);
  for (std::size_t i = 0; i < layout_.destinations; ++i)
    if (const std::uint64_t va = record.destination(i); va != 0)
      out_.put(va, AccessKind::write, within_page(va, 8), space);
}

void ChampsimTrace::put_fetch(const ChampsimRecord& record) {
  const std::uint64_t va = record.instruction_pointer();
  const std::uint64_t page = va / split_page_bytes;
  if (fetched_ && page == fetched_page_ && record.fetch_asid() == fetched_space_) return;
  fetched_ = true;
  fetched_page_ = page;
  fetched_space_ = record.fetch_asid();
  out_.put(va, AccessKind::fetch, within_page(va, 4), fetched_space_);
}

}  // namespace nestwalk
