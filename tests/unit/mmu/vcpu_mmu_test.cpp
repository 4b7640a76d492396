// VcpuMmu: which structure serves, what is kept, and the rule for overtaken walks, on an engine
// that reads one entry a page: 8 bytes at 8 * page number, bit 0 valid, bit 1 writable, the rest a
// frame.
#include "common/mmu/vcpu_mmu.h"

#include <doctest/doctest.h>

#include <functional>

using namespace nestwalk;

namespace {

class FlatEngine final : public TranslationEngine {
 public:
  Tag tag() const override { return {space, 0, 0, 0}; }
  Fault tlb_conflict() const override {
    Fault fault;
    fault.cause = FaultCause::conflict;
    return fault;
  }
  WalkReply walk(Va va, const Access& access, WalkCaches&, WalkPort& port) override {
    ++walks;
    WalkReply reply;
    std::uint64_t word = 0;
    port.read(Pa{(va.value >> 12) * 8}, 8, {}, word);
    if (!(word & 1) || (access.type == AccessType::write && !(word & 2))) {
      reply.fault.cause = word & 1 ? FaultCause::permission : FaultCause::not_present;
      reply.fault.stage = 1;
      return reply;
    }
    reply.entry.page = va.aligned(12);
    reply.entry.frame = Pa{word}.aligned(12);
    reply.entry.tag = tag();
    reply.entry.attributes = word & 2;
    reply.pa = reply.entry.translate(va);
    return reply;
  }
  bool serves(std::uint64_t attributes, const Access& access) const override {
    return access.type != AccessType::write || (attributes & 2);
  }
  void set_space_root(std::uint16_t, std::uint64_t) override {}
  void enter_space(std::uint16_t to) override { space = to; }
  std::vector<Invalidation> dropped_by_fault(const Fault&, Va) const override { return dropped; }
  WalkShape shape() const override { return {1, 0}; }
  std::string level_name(unsigned, int) const override { return "entry"; }
  std::string describe(const Fault&, Va, const Access&) const override { return "fault"; }

  std::uint16_t space = 1;
  std::vector<Invalidation> dropped;
  unsigned walks = 0;
};

// Reads from memory, and lets others act after each read.
class ActingPort final : public WalkPort {
 public:
  explicit ActingPort(PhysicalMemory& memory) : untimed_(memory) {}
  bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) override {
    const bool answered = untimed_.read(at, bytes, position, word);
    if (others_act) others_act();
    return answered;
  }
  bool update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
              std::uint64_t wanted) override {
    return untimed_.update(at, bytes, position, word, wanted);
  }
  std::function<void()> others_act;

 private:
  UntimedPort untimed_;
};

MachineSpec two_levels() {
  MachineSpec spec;
  spec.l1d.arrays = {{{12, 21}, {2, 0}}};
  spec.l1i.arrays = {{{12, 21}, {2, 0}}};
  spec.l2.arrays = {{{12, 21}, {16, 0}}};
  return spec;
}

struct Rig {
  PhysicalMemory memory;
  FlatEngine engine;
  VcpuMmu mmu{two_levels(), engine};
  ActingPort port{memory};
  void map(std::uint64_t page, std::uint64_t frame, bool writable = true) {
    memory.write(Pa{page * 8}, 8, frame << 12 | (writable ? 3 : 1));
  }
  VcpuMmu::Translated access(std::uint64_t page, AccessType type = AccessType::read) {
    return mmu.translate(Va{page << 12 | 0x18}, {.type = type}, port);
  }
};

Invalidation page_of_space(std::uint64_t page, std::uint16_t space) {
  Invalidation what;
  what.space = space;
  what.final_entries = true;
  what.va = AddressRange{page << 12, (page << 12) + 0xfff};
  return what;
}

}  // namespace

TEST_CASE("VcpuMmu: L1, L2 and the walk serve in turn, and data and fetches have their own L1") {
  Rig rig;
  for (std::uint64_t page = 1; page <= 3; ++page) rig.map(page, page + 100);
  CHECK(rig.access(1).served == Served::walk);
  CHECK(rig.access(1).served == Served::l1_tlb);
  CHECK(rig.access(1, AccessType::fetch).served == Served::l2_tlb);
  CHECK(rig.access(1, AccessType::fetch).served == Served::l1_tlb);
  rig.access(2);
  rig.access(3);  // two entries: 1 has left the L1 of data
  const VcpuMmu::Translated again = rig.access(1);
  CHECK(again.served == Served::l2_tlb);
  CHECK(again.reply.pa == Pa{101 << 12 | 0x18});
  CHECK(rig.engine.walks == 3);
}

TEST_CASE("VcpuMmu: an entry that does not serve is dropped, and the walk tells") {
  Rig rig;
  rig.map(1, 101, false);
  rig.access(1);
  CHECK(rig.access(1, AccessType::write).reply.fault.cause == FaultCause::permission);
  rig.map(1, 101);
  CHECK_FALSE(rig.access(1, AccessType::write).reply.fault);
  CHECK(rig.access(1, AccessType::write).served == Served::l1_tlb);
}

TEST_CASE("VcpuMmu: a walk that an invalidation overtakes gives its answer and leaves nothing") {
  Rig rig;
  rig.map(1, 101);
  SUBCASE("of its page") {
    rig.port.others_act = [&] {
      rig.map(1, 102);
      rig.mmu.invalidate(page_of_space(1, 1));
    };
    CHECK(rig.access(1).reply.pa == Pa{101 << 12 | 0x18});
    CHECK(rig.mmu.empty());
    rig.port.others_act = nullptr;
    CHECK(rig.access(1).reply.pa == Pa{102 << 12 | 0x18});
  }
  SUBCASE("of another page, or another space: it is kept") {
    rig.port.others_act = [&] {
      rig.mmu.invalidate(page_of_space(2, 1));
      rig.mmu.invalidate(page_of_space(1, 2));
    };
    rig.access(1);
    CHECK(rig.access(1).served == Served::l1_tlb);
  }
  SUBCASE("of walk caches: the port says that nothing on its way may be kept") {
    bool before = false, after = true;
    rig.port.others_act = [&] {
      before = rig.port.may_fill();
      Invalidation walks = page_of_space(1, 1);
      walks.stage1_walks = Invalidation::Walks::all;
      rig.mmu.invalidate(walks);
      after = rig.port.may_fill();
    };
    rig.access(1);
    CHECK(before);
    CHECK_FALSE(after);
    CHECK(rig.port.may_fill());  // the next walk's
  }
}

TEST_CASE("VcpuMmu: two entries for one address are the architecture's conflict") {
  Rig rig;
  rig.map(1, 101);
  rig.access(1);
  TlbEntry large;
  large.tag = rig.engine.tag();
  large.size_lg2 = 21;
  rig.mmu.fill_l1(large, Va{0x1000}, {});
  CHECK(rig.access(1).reply.fault.cause == FaultCause::conflict);
}

TEST_CASE("VcpuMmu: registers, instructions and faults") {
  Rig rig;
  rig.map(1, 101);
  rig.access(1);
  rig.engine.enter_space(2);
  rig.mmu.registers_written();
  CHECK(rig.access(1).served == Served::walk);
  const auto back = rig.mmu.execute(
      [](TranslationEngine& engine, WalkCaches&, WalkPort&) {
        engine.enter_space(1);
        return std::vector{page_of_space(1, 2)};
      },
      rig.port);
  CHECK(back.size() == 1);
  CHECK(rig.access(1).served == Served::l1_tlb);
  rig.engine.dropped = {page_of_space(1, 1)};
  rig.mmu.fault_taken({}, Va{0x1000});
  CHECK(rig.mmu.empty());
}
