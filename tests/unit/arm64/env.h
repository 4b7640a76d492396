// The environments of the arm64 case catalogue: ENV-A (stage 2 alone) and ENV-B (both stages), on a
// memory that records every descriptor fetch.
#pragma once
#include <cstdint>
#include <set>
#include <vector>

#include "arm64/engine.h"
#include "common/base/bits.h"
#include "common/memory/physical_memory.h"

namespace nestwalk::arm64::test {

// A port that records the addresses it is asked for.
class RecordingPort final : public WalkPort {
 public:
  bool read(Pa at, unsigned bytes, RefPosition, std::uint64_t& word) override {
    fetches.push_back(at.value);
    word = memory.read(at, bytes);
    return !broken.contains(at.value);
  }
  bool update(Pa at, unsigned bytes, RefPosition, std::uint64_t& word,
              std::uint64_t wanted) override {
    ++updates;
    const std::uint64_t now = memory.read(at, bytes);
    if (now == word)
      memory.write(at, bytes, wanted);
    else
      word = now;
    return true;
  }

  PhysicalMemory memory;
  std::vector<std::uint64_t> fetches;
  std::set<std::uint64_t> broken;  // addresses where nothing answers
  unsigned updates = 0;
};

inline const Access load{.type = AccessType::read, .user = false};
inline const Access store{.type = AccessType::write, .user = false};
inline const Access fetch{.type = AccessType::fetch, .user = false};
inline const Access load_el0{.type = AccessType::read, .user = true};
inline const Access store_el0{.type = AccessType::write, .user = true};
inline const Access fetch_el0{.type = AccessType::fetch, .user = true};
inline const Access compare_and_swap{
    .type = AccessType::write, .user = false, .read_modify_write = true};

// `ldr x0, [x0]` and `str x1, [x0]`: one general register, ISV = 1.
inline const Instruction ldr_x0{.valid = true};
inline const Instruction str_x1{.valid = true, .register_number = 1};

struct Env {
  Features features;
  Knobs knobs;
  Registers regs;
  ProcessorState now{.el = 1};
  RecordingPort port;
  WalkCaches caches{{}, 0};

  void put(std::uint64_t at, std::uint64_t word) { port.memory.write(Pa{at}, 8, word); }
  std::uint64_t get(std::uint64_t at) const { return port.memory.read(Pa{at}, 8); }
  Engine engine() const { return Engine(features, knobs, regs, now); }
  // One cold access; fetches are those of this access.
  WalkReply access(std::uint64_t va, const Access& how = load, Operation op = Operation::plain) {
    port.fetches.clear();
    port.updates = 0;
    Engine cpu = engine();
    return op == Operation::plain ? cpu.walk(Va{va}, how, caches, port)
                                  : cpu.walk_for(op, Va{va}, how, caches, port);
  }
  std::size_t reads() const { return port.fetches.size(); }
  Syndrome syndrome(const WalkReply& reply, std::uint64_t va, const Access& how = load,
                    const Instruction& instruction = {}) const {
    return engine().syndrome(reply.fault, Va{va}, how, instruction);
  }
};

// Spec 5.1: stage 1 off, PAMax 44, 4K, VTCR 0x80023558: 40-bit IPA from level 1, two tables.
struct EnvA : Env {
  static constexpr std::uint64_t root = 0x4100'0000, t2 = 0x4101'0000, t3 = 0x4102'0000;
  static constexpr std::uint64_t x = 0x1'0020'3238, page = 0x5000'37ff;
  EnvA() {
    features.pa_bits = 44;
    regs.hcr_el2 = one(31) | 1;
    regs.vtcr_el2 = 0x8002'3558;
    regs.vttbr_el2 = std::uint64_t{5} << 48 | root;
    put(root + 0x20, t2 | 3);
    put(t2 + 8, t3 | 3);
    put(t3 + 0x18, page);
  }
  std::uint64_t leaf() const { return get(t3 + 0x18); }
  void set_leaf(std::uint64_t word) { put(t3 + 0x18, word); }
  void set_vtcr(unsigned t0sz, unsigned sl0, unsigned ps = 2, unsigned tg0 = 0) {
    regs.vtcr_el2 = 0x8000'3500 | t0sz | sl0 << 6 | tg0 << 14 | ps << 16;
  }
};

// Spec 5.2: ENV-A with an identity, Normal, read-write, executable stage 1 (one 1G block a
// gigabyte).
struct EnvA1 : EnvA {
  static constexpr std::uint64_t s1_root = 0x2000'0000;
  EnvA1() {
    regs.sctlr_el1 = 1;
    regs.mair_el1 = 0xff;
    regs.tcr_el1 = 25 | one(23) | std::uint64_t{2} << 32;  // 39 bits from level 1, IPS 40
    regs.ttbr0_el1 = s1_root;
    const std::uint64_t identity = 0x1'0000'0000;
    put(0x2000'0020, identity | 0x701);  // VA 4 GiB
    // The stage-1 table's own page, through stage 2: IPA 0x2000_0000 to itself, 1G block.
    put(root + 0, 0x7fd);
  }
};

// Spec 5.3: both stages 4K. VA 0x8000_1238 to IPA 0x1_0000_1238 through the last-level stage-1
// table at IPA 0x1_8000_0000, whose stage-2 page descriptor is PTP; stage 2 as in ENV-A, identity
// but for these:
//   IPA 0x1_0000_1000 -> PA 0x5000_1000 (data), 0x1_8000_0000 -> 0x6000_0000 (PTP),
//   0x1_8000_1000 -> 0x6000_1000 (stage-1 level 2), 0x1_8000_2000 -> 0x6000_2000 (level 1).
struct EnvB : Env {
  static constexpr std::uint64_t va = 0x8000'1238, data_ipa = 0x1'0000'1000;
  static constexpr std::uint64_t root = 0x4100'0000;
  static constexpr std::uint64_t data_entry = 0x4102'0008, ptp_entry = 0x4104'0000;
  static constexpr std::uint64_t ptp_block_entry = 0x4103'0000;  // its stage-2 level 2 entry
  static constexpr std::uint64_t s1_leaf = 0x6000'0008;
  static constexpr std::uint64_t rw = 0x7ff;
  EnvB() {
    features.pa_bits = 44;
    regs.hcr_el2 = one(31) | 1;
    regs.vtcr_el2 = 0x8002'3558;
    regs.vttbr_el2 = std::uint64_t{5} << 48 | root;
    regs.sctlr_el1 = 1;
    regs.mair_el1 = 0xff;
    regs.tcr_el1 = 25 | one(23) | std::uint64_t{4} << 32;
    regs.ttbr0_el1 = 0x1'8000'2000;
    // Stage 2: level 1 entries 4 and 6, level 2 entry 0 of each.
    put(root + 0x20, 0x4101'0003);
    put(0x4101'0000, 0x4102'0003);
    put(data_entry, 0x5000'1000 | rw);
    put(root + 0x30, 0x4103'0003);
    put(ptp_block_entry, 0x4104'0003);
    put(ptp_entry, 0x6000'0000 | rw);
    put(ptp_entry + 8, 0x6000'1000 | rw);
    put(ptp_entry + 16, 0x6000'2000 | rw);
    // Stage 1: level 1 entry 2, level 2 entry 0, level 3 entry 1.
    put(0x6000'2010, 0x1'8000'1003);
    put(0x6000'1000, 0x1'8000'0003);
    put(s1_leaf, data_ipa | 0x703);
  }
  void set_ptp(std::uint64_t attributes) { put(ptp_entry, 0x6000'0000 | attributes); }
};

}  // namespace nestwalk::arm64::test
