// Page tables as the software that owns them sees them: a guest kernel its stage 1, a hypervisor
// its stage 2. Which format they have is hidden; addresses are plain numbers of the owner's spaces.
#pragma once
#include <cstdint>
#include <optional>
#include <span>

#include "common/base/check.h"

namespace nestwalk {

// What a mapping allows and carries when software makes it.
struct MapRights {
  bool read = true, write = true, execute = true, user = true;
  bool accessed = true;  // flags as software presets them
  bool dirty = false;
  bool global = false;
  bool contiguous = false;  // one of a run of entries that hardware may cache as one (Arm)
};

// How the owner reaches its tables: loads, stores and allocation may take simulated time.
class TableIo {
 public:
  virtual ~TableIo() = default;
  virtual std::uint64_t load(std::uint64_t at, unsigned bytes) = 0;
  virtual void store(std::uint64_t at, unsigned bytes, std::uint64_t word) = 0;
  // A zeroed table of 2^size_lg2 bytes, aligned to its size.
  virtual std::uint64_t allocate_table(unsigned size_lg2) = 0;
  virtual void free_table(std::uint64_t at, unsigned size_lg2) = 0;
};

struct Mapping {
  std::uint64_t in = 0, out = 0;  // bases of the block
  std::uint8_t size_lg2 = 0;
  std::int8_t height = 0;
  std::uint64_t word = 0;      // the leaf
  std::uint64_t entry_at = 0;  // where it stands
};

class PageTables {
 public:
  virtual ~PageTables() = default;
  // Address of the root table (for a register), made at construction.
  virtual std::uint64_t root() const = 0;
  // lg2 sizes of the leaves that the format allows, ascending.
  virtual std::span<const std::uint8_t> leaf_sizes() const = 0;
  // lg2 of the input address space; inputs from 0 to 2^n - 1 can be mapped. Where addresses are
  // sign-extended, the upper half of that range stands for them without the extension.
  virtual unsigned input_bits() const = 0;
  // lg2 bytes of the runs of leaves of this size that map() marks as contiguous, so that hardware
  // may cache each as one; 0: none.
  virtual unsigned run_lg2(unsigned leaf_lg2) const = 0;
  // Maps the 2^size_lg2 bytes at `in` to `out` (both aligned) by one leaf, or where no leaf has
  // that size by a row of the largest below it in one table, with whole runs marked; makes tables
  // that are missing. The range must not be mapped. Returns how many tables it made.
  virtual unsigned map(std::uint64_t in, std::uint64_t out, unsigned size_lg2,
                       const MapRights& rights, TableIo& io) = 0;
  // The leaf that maps `in`, read from memory.
  virtual std::optional<Mapping> lookup(std::uint64_t in, TableIo& io) const = 0;
  // Whether a leaf, or a row of leaves in one table, could map the aligned block of 2^size_lg2
  // bytes around `in`: no mapping stands in it and no table of its own, not even an empty one.
  virtual bool vacant(std::uint64_t in, unsigned size_lg2, TableIo& io) const = 0;
  // Clears the leaf that maps `in`. Empty tables stay, as they do in Linux until the space ends.
  virtual std::optional<Mapping> unmap(std::uint64_t in, TableIo& io) = 0;
  // Clears what map() made of a block of this size.
  virtual void unmap_block(std::uint64_t in, unsigned size_lg2, TableIo& io) = 0;
  // Overwrites the leaf that maps `in` with these rights, same address and size.
  virtual std::optional<Mapping> protect(std::uint64_t in, const MapRights& rights,
                                         TableIo& io) = 0;

  // The leaf size that map() takes for a block: the largest that is not larger.
  unsigned leaf_for(unsigned size_lg2) const {
    unsigned best = 0;
    for (const unsigned lg2 : leaf_sizes())
      if (lg2 <= size_lg2) best = lg2;
    NW_CHECK(best, "no leaf is as small as 2^{} bytes", size_lg2);
    return best;
  }
};

}  // namespace nestwalk
