#include "common/sysc/dram.h"

#include <algorithm>
#include <bit>

namespace nestwalk {

Dram::Dram(sc_core::sc_module_name name, Agenda& agenda, const DramSpec& spec)
    : sc_module(name),
      agenda_(agenda),
      spec_(spec),
      row_lg2_(static_cast<unsigned>(std::countr_zero(spec.row_bytes))),
      bank_lg2_(static_cast<unsigned>(std::countr_zero(spec.banks))),
      banks_(spec.banks) {}

void Dram::access(Strand& me, Pa line) {
  agenda_.reach(me);
  const std::uint64_t row_number = line.value >> row_lg2_;
  Bank& bank = banks_[row_number & (banks_.size() - 1)];
  const std::uint64_t row = row_number >> bank_lg2_;
  const Cycles latency = bank.open_row == row      ? spec_.row_hit_cycles
                         : bank.open_row == no_row ? spec_.row_miss_cycles
                                                   : spec_.row_conflict_cycles;
  ++accesses_;
  row_hits_ += bank.open_row == row;
  bank.open_row = row;
  bank.free_at = std::max(bank.free_at, me.now()) + latency;
  me.pass_until(bank.free_at);
}

}  // namespace nestwalk
