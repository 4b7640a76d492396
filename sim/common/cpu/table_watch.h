// Watches what software does to one set of page tables, where architectures demand an order of
// stores and invalidations (Arm: break-before-make). Only in checked runs; takes no simulated time.
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "common/tlb/invalidation.h"

namespace nestwalk {

// Eight bytes of the space in which the tables lie, in no time.
using TableReader = std::function<std::uint64_t(std::uint64_t at)>;

class TableWatch {
 public:
  virtual ~TableWatch() = default;
  // Software has replaced the entry at `at`.
  virtual void wrote(std::uint64_t at, std::uint64_t before, std::uint64_t after) = 0;
  // An invalidation is on its way to all processors, and then: all have done it.
  virtual void issued(const Invalidation& what) = 0;
  virtual void completed(const Invalidation& what) = 0;
  // One line for each of the first violations; empty: none.
  virtual const std::vector<std::string>& violations() const = 0;
};

}  // namespace nestwalk
