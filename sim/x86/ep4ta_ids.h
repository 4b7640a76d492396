// Small numbers for EPT roots: hardware tags by bits 51:12 of the EPT pointer (EP4TA, SDM vol. 3,
// 30.4.1), tags here are 16 bits wide. 0 means no EPT. Engines of one machine share one.
#pragma once
#include <cstdint>
#include <map>

#include "common/base/check.h"
#include "x86/eptp.h"

namespace nestwalk::x86 {

class Ep4taIds {
 public:
  std::uint16_t id_of(Eptp eptp) {
    const auto next = static_cast<std::uint16_t>(ids_.size() + 1);
    NW_CHECK(next != 0, "more EPT roots than tags");
    return ids_.try_emplace(eptp.table(), next).first->second;
  }

 private:
  std::map<std::uint64_t, std::uint16_t> ids_;
};

}  // namespace nestwalk::x86
