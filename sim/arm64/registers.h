// System registers that govern translation, as raw 64-bit words, and named accessors for their
// fields (Arm ARM D24.2). Only fields that the model uses are named.
#pragma once
#include <cstdint>

#include "common/base/bits.h"

namespace nestwalk::arm64 {

struct Registers {
  std::uint64_t sctlr_el1 = 0, tcr_el1 = 0, ttbr0_el1 = 0, ttbr1_el1 = 0, mair_el1 = 0;
  std::uint64_t sctlr_el2 = 0, tcr_el2 = 0, ttbr0_el2 = 0, ttbr1_el2 = 0, mair_el2 = 0;
  std::uint64_t hcr_el2 = 0, vtcr_el2 = 0, vttbr_el2 = 0;
  bool operator==(const Registers&) const = default;
};

// The parts of PSTATE that translation depends on.
struct ProcessorState {
  std::uint8_t el = 0;
  bool pan = false, uao = false;
};

struct Sctlr {
  std::uint64_t word;
  bool m() const { return bit(word, 0); }
  bool c() const { return bit(word, 2); }
  bool wxn() const { return bit(word, 19); }
  bool ee() const { return bit(word, 25); }
  bool epan() const { return bit(word, 57); }
};

struct Hcr {
  std::uint64_t word;
  bool vm() const { return bit(word, 0); }
  bool ptw() const { return bit(word, 2); }
  bool fb() const { return bit(word, 9); }
  bool dc() const { return bit(word, 12); }
  bool tge() const { return bit(word, 27); }
  bool rw() const { return bit(word, 31); }
  bool cd() const { return bit(word, 32); }
  bool e2h() const { return bit(word, 34); }
  bool tea() const { return bit(word, 37); }
  bool nv() const { return bit(word, 42); }
  bool nv1() const { return bit(word, 43); }
  bool fwb() const { return bit(word, 46); }
};

struct Vtcr {
  std::uint64_t word;
  unsigned t0sz() const { return static_cast<unsigned>(bits(word, 5, 0)); }
  unsigned sl0() const { return static_cast<unsigned>(bits(word, 7, 6)); }
  unsigned sh0() const { return static_cast<unsigned>(bits(word, 13, 12)); }
  unsigned tg0() const { return static_cast<unsigned>(bits(word, 15, 14)); }
  unsigned ps() const { return static_cast<unsigned>(bits(word, 18, 16)); }
  bool vs() const { return bit(word, 19); }
  bool ha() const { return bit(word, 21); }
  bool hd() const { return bit(word, 22); }
  bool ds() const { return bit(word, 32); }
  bool sl2() const { return bit(word, 33); }
};

// TCR_EL1, and TCR_EL2 when HCR_EL2.E2H = 1. `half`: 0 for TTBR0, 1 for TTBR1.
struct Tcr {
  std::uint64_t word;
  unsigned tsz(unsigned half) const {
    return static_cast<unsigned>(half ? bits(word, 21, 16) : bits(word, 5, 0));
  }
  bool epd(unsigned half) const { return bit(word, half ? 23 : 7); }
  unsigned sh(unsigned half) const {
    return static_cast<unsigned>(half ? bits(word, 29, 28) : bits(word, 13, 12));
  }
  unsigned tg0() const { return static_cast<unsigned>(bits(word, 15, 14)); }
  unsigned tg1() const { return static_cast<unsigned>(bits(word, 31, 30)); }
  bool a1() const { return bit(word, 22); }
  unsigned ips() const { return static_cast<unsigned>(bits(word, 34, 32)); }
  bool as() const { return bit(word, 36); }
  bool tbi(unsigned half) const { return bit(word, 37 + half); }
  bool ha() const { return bit(word, 39); }
  bool hd() const { return bit(word, 40); }
  bool hpd(unsigned half) const { return bit(word, 41 + half); }
  bool tbid(unsigned half) const { return bit(word, 51 + half); }
  bool e0pd(unsigned half) const { return bit(word, 55 + half); }
  bool ds() const { return bit(word, 59); }
};

// TCR_EL2 when HCR_EL2.E2H = 0: one range, one privilege.
struct TcrEl2 {
  std::uint64_t word;
  unsigned t0sz() const { return static_cast<unsigned>(bits(word, 5, 0)); }
  unsigned sh0() const { return static_cast<unsigned>(bits(word, 13, 12)); }
  unsigned tg0() const { return static_cast<unsigned>(bits(word, 15, 14)); }
  unsigned ps() const { return static_cast<unsigned>(bits(word, 18, 16)); }
  bool tbi() const { return bit(word, 20); }
  bool ha() const { return bit(word, 21); }
  bool hd() const { return bit(word, 22); }
  bool hpd() const { return bit(word, 24); }
  bool tbid() const { return bit(word, 29); }
  bool ds() const { return bit(word, 32); }
};

}  // namespace nestwalk::arm64
