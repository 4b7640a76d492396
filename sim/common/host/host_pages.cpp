#include "common/host/host_pages.h"

#include "common/base/bits.h"
#include "common/base/check.h"

namespace nestwalk {
namespace {

// Of a word: bits 5:0 hold the size, the rest of 11:0 the flags, the bits above the frame.
enum Flag : unsigned { present = 6, writable = 7, zero_page = 8, hugetlb = 9 };

}  // namespace

std::uint64_t HostPages::pack(const HostPage& page) {
  return page.frame.value | page.size_lg2 | one(Flag::present) |
         std::uint64_t{page.writable} << Flag::writable |
         std::uint64_t{page.zero_page} << Flag::zero_page |
         std::uint64_t{page.hugetlb} << Flag::hugetlb;
}

HostPage HostPages::unpack(std::uint64_t word, Hva at) {
  const auto size_lg2 = static_cast<std::uint8_t>(bits(word, 5, 0));
  return {at.aligned(size_lg2),      Pa{align_down(word, page_lg2)}, size_lg2,
          bit(word, Flag::writable), bit(word, Flag::zero_page),     bit(word, Flag::hugetlb)};
}

std::optional<HostPage> HostPages::find(Hva at) const {
  const auto chunk = chunks_.find(at.value >> chunk_lg2);
  if (chunk == chunks_.end()) return std::nullopt;
  std::uint64_t word = chunk->second.whole;
  if (!word && chunk->second.parts) word = (*chunk->second.parts)[at.offset(chunk_lg2) >> page_lg2];
  if (!word) return std::nullopt;
  return unpack(word, at);
}

void HostPages::write(const HostPage& page, std::uint64_t word) {
  if (page.size_lg2 >= chunk_lg2) {
    const std::uint64_t first = page.base.value >> chunk_lg2;
    for (std::uint64_t i = 0; i < one(page.size_lg2 - chunk_lg2); ++i)
      if (word)
        chunks_[first + i].whole = word;
      else
        chunks_.erase(first + i);
    return;
  }
  Chunk& chunk = chunks_[page.base.value >> chunk_lg2];
  if (!chunk.parts) chunk.parts = std::make_unique<std::array<std::uint64_t, 512>>();
  const std::uint64_t first = page.base.offset(chunk_lg2) >> page_lg2;
  const auto count = static_cast<unsigned>(one(page.size_lg2 - page_lg2));
  for (std::uint64_t i = first; i < first + count; ++i) (*chunk.parts)[i] = word;
  chunk.used = word ? chunk.used + count : chunk.used - count;
  if (!chunk.used) chunks_.erase(page.base.value >> chunk_lg2);
}

void HostPages::insert(const HostPage& page) {
  NW_CHECK(page.size_lg2 >= page_lg2 && page.size_lg2 < 48 && !page.base.offset(page.size_lg2) &&
               !page.frame.offset(page.zero_page ? page_lg2 : page.size_lg2),
           "a page of 2^{} at {:#x}, frame {:#x}", page.size_lg2, page.base.value,
           page.frame.value);
  NW_CHECK(vacant(page.base, page.size_lg2), "a page stands in the 2^{} bytes at {:#x}",
           page.size_lg2, page.base.value);
  write(page, pack(page));
  if (!page.zero_page) bytes_ += one(page.size_lg2);
}

std::optional<HostPage> HostPages::erase(Hva at) {
  const std::optional<HostPage> page = find(at);
  if (!page) return std::nullopt;
  write(*page, 0);
  if (!page->zero_page) bytes_ -= one(page->size_lg2);
  return page;
}

bool HostPages::vacant(Hva at, unsigned size_lg2) const {
  const Hva base = at.aligned(size_lg2);
  if (size_lg2 >= chunk_lg2) {
    for (std::uint64_t i = 0; i < one(size_lg2 - chunk_lg2); ++i)
      if (chunks_.count((base.value >> chunk_lg2) + i)) return false;
    return true;
  }
  const auto chunk = chunks_.find(base.value >> chunk_lg2);
  if (chunk == chunks_.end()) return true;
  if (chunk->second.whole) return false;
  for (std::uint64_t i = 0; i < one(size_lg2 - page_lg2); ++i)
    if ((*chunk->second.parts)[(base.offset(chunk_lg2) >> page_lg2) + i]) return false;
  return true;
}

}  // namespace nestwalk
