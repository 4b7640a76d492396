// DRAM: banks that each do one access at a time and keep one row open. Lines are spread over banks
// by the address bits above the row offset. Refresh, channels and write recovery are left out.
#pragma once
#include <systemc>
#include <vector>

#include "common/base/address.h"
#include "common/mmu/machine_spec.h"
#include "common/sysc/agenda.h"

namespace nestwalk {

class Dram : public sc_core::sc_module {
 public:
  Dram(sc_core::sc_module_name name, Agenda& agenda, const DramSpec& spec);
  // Passes the time that one line takes on `me`, waiting for the bank included.
  void access(Strand& me, Pa line);

  std::uint64_t row_hits() const { return row_hits_; }
  std::uint64_t accesses() const { return accesses_; }

 private:
  struct Bank {
    Cycles free_at = 0;
    std::uint64_t open_row = no_row;
  };
  static constexpr std::uint64_t no_row = ~std::uint64_t{0};

  Agenda& agenda_;
  DramSpec spec_;
  unsigned row_lg2_, bank_lg2_;
  std::vector<Bank> banks_;
  std::uint64_t row_hits_ = 0, accesses_ = 0;
};

}  // namespace nestwalk
