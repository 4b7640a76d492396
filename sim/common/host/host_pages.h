// The pages of a host process: which frame stands at which host-virtual address, in which size and
// with which rights. What the host's own page table says, kept as compactly as one: eight bytes per
// 4 KiB where pages are smaller than 2 MiB.
#pragma once
#include <tsl/robin_map.h>

#include <array>
#include <cstdint>
#include <memory>
#include <optional>

#include "common/host/hva.h"

namespace nestwalk {

struct HostPage {
  Hva base;
  Pa frame;
  std::uint8_t size_lg2 = 12;  // 12..47
  bool writable = true;        // by the process: false for the zero page and read-only memory
  bool zero_page = false;      // the one shared page of zeroes, which nobody owns
  bool hugetlb = false;        // of a pool: never split nor merged

  bool operator==(const HostPage&) const = default;
};

class HostPages {
 public:
  // The page around `at`; nothing: none is present.
  std::optional<HostPage> find(Hva at) const;
  // The range must be vacant, base and frame aligned to the size.
  void insert(const HostPage& page);
  // Takes the page around `at` out and gives it; nothing: none was present.
  std::optional<HostPage> erase(Hva at);
  // Whether no page stands in the aligned block of 2^size_lg2 bytes around `at`.
  bool vacant(Hva at, unsigned size_lg2) const;

  // Of all pages that own memory; the zero page does not.
  std::uint64_t bytes() const { return bytes_; }

 private:
  static constexpr unsigned chunk_lg2 = 21, page_lg2 = 12;
  // A 2 MiB chunk of the address space: one word, if a page covers all of it, or a word per 4 KiB.
  // A word is 0 where nothing is present; else the frame of the page's base, its size and flags.
  struct Chunk {
    std::uint64_t whole = 0;
    unsigned used = 0;  // words of `parts` that are not 0
    std::unique_ptr<std::array<std::uint64_t, 512>> parts;
  };
  static std::uint64_t pack(const HostPage& page);
  static HostPage unpack(std::uint64_t word, Hva at);
  // Writes the word of a page, or 0, wherever the page stands.
  void write(const HostPage& page, std::uint64_t word);

  tsl::robin_map<std::uint64_t, Chunk> chunks_;  // by number
  std::uint64_t bytes_ = 0;
};

}  // namespace nestwalk
