// Every legal point of the access space (access_space.h) through the walker: native, under EPT and
// NPT, and behind TLBs and walk caches of which only the test address is invalidated (INVLPG).
#include <doctest/doctest.h>

#include <fmt/format.h>

#include "common/tlb/tlb.h"
#include "property/x86/access_space.h"
#include "x86/build.h"
#include "x86/tlb_instructions.h"

namespace nestwalk::x86::test {
namespace {

using Paging = VirtualMachine::Paging;

constexpr Pa entry(std::uint64_t table, unsigned shift) {
  return Pa{table + 8 * (test_address >> shift & 511)};
}

// A machine with the space's four entries.
class Subject {
 public:
  Subject(const SpaceSpec& spec, Paging host, bool cached)
      : cached_(cached),
        cpu_(make_cpu(spec)),
        engine_(cpu_),
        tlb_(tlb_arrays(cached), 1),
        caches_(cache_spec(cached), 1) {
    vm_.paging = host;
    vm_.eptp = make_eptp(host_root, 4, true).raw;
    vm_.ncr3 = host_root;
    vm_.host.cr0 = one(cr0_pg);
    vm_.host.cr4 = one(cr4_pae);
    vm_.host.efer = one(efer_lma);
    vm_.id = host == Paging::none ? 0 : 1;
    registers_.cr3 = pml4_page;
    registers_.cr4 = one(cr4_pae);
    registers_.efer = one(efer_lma) | one(efer_lme);
    memory_.write(entry(pml4_page, 39), 8, pdpt_page | 0x27);
    // One 1G page of the host holds all; both formats take these words.
    const bool ept = host == Paging::ept;
    memory_.write(Pa{host_root}, 8, (host_root + 0x1000) | (ept ? 0x7 : 0x27));
    memory_.write(Pa{host_root + 0x1000}, 8, ept ? 0xb7 : 0xe7);
  }

  AccessOutcome run(const AccessPoint& point) {
    set_registers(point);
    if (cached_) invlpg();
    memory_.write(pdpte_at_, 8, point.pdpte());
    memory_.write(pde_at_, 8, point.pde());
    memory_.write(pte_at_, 8, point.pte());
    if (point.twice) access({AccessType::read, false});
    const AccessType type = point.write   ? AccessType::write
                            : point.fetch ? AccessType::fetch
                                          : AccessType::read;
    const Access wanted{type, point.user};
    const Fault fault = access(wanted);
    AccessOutcome outcome;
    outcome.fault = static_cast<bool>(fault);
    if (fault) outcome.code = page_fault_code(fault, wanted, registers_);
    if (fault && fault.stage != 1) outcome.code = ~std::uint64_t{0};
    outcome.pde = memory_.read(pde_at_, 8);
    outcome.pte = memory_.read(pte_at_, 8);
    return outcome;
  }

 private:
  static constexpr std::uint64_t host_root = 0x3000000;
  static Cpu make_cpu(const SpaceSpec& spec) {
    Cpu cpu;
    cpu.maxphyaddr = static_cast<std::uint8_t>(spec.maxphyaddr);
    return cpu;
  }
  static std::vector<TlbArraySpec> tlb_arrays(bool cached) {
    if (!cached) return {};
    return {{{12, 21}, {16, 0}}};
  }
  static WalkCachesSpec cache_spec(bool cached) {
    WalkCachesSpec spec;
    if (cached) spec.stage1 = spec.stage2 = {{0, {4, 0}}, {1, {4, 0}}, {2, {4, 0}}};
    if (cached) spec.stage2_tlb = {8, 0};
    return spec;
  }

  void set_registers(const AccessPoint& point) {
    const auto put = [](std::uint64_t& word, unsigned position, bool set) {
      word = (word & ~one(position)) | std::uint64_t{set} << position;
    };
    Registers wanted = registers_;
    wanted.cr0 = one(cr0_pg) | one(cr0_pe);
    put(wanted.cr0, cr0_wp, point.write_protect);
    put(wanted.efer, efer_nxe, point.nxe);
    put(wanted.cr4, cr4_smep, point.smep);
    put(wanted.cr4, cr4_pke, point.pke);
    wanted.pkru = point.pkru();
    const bool same = wanted.cr0 == registers_.cr0 && wanted.efer == registers_.efer &&
                      wanted.cr4 == registers_.cr4 && wanted.pkru == registers_.pkru;
    if (same) return;
    registers_ = wanted;
    engine_.set(registers_, vm_);
  }

  void invlpg() {
    const Va va{test_address};
    for (const Invalidation& what : x86::invlpg(va, registers_, vm_, cpu_).invalidations) {
      tlb_.invalidate(what);
      caches_.invalidate(what);
    }
  }

  Fault access(const Access& access) {
    const Va va{test_address};
    if (!cached_) return engine_.walk(va, access, caches_, port_).fault;
    const Tlb::Hit hit = tlb_.lookup(va, engine_.tag());
    if (hit && engine_.serves(hit.entry->attributes, access)) return {};
    if (hit) tlb_.drop(va, engine_.tag());
    const WalkReply reply = engine_.walk(va, access, caches_, port_);
    if (!reply.fault) tlb_.fill(reply.entry, va);
    return reply.fault;
  }

  static constexpr Pa pdpte_at_ = entry(pdpt_page, 30), pde_at_ = entry(pd_page, 21),
                      pte_at_ = entry(pt_page, 12);
  bool cached_;
  Cpu cpu_;
  PhysicalMemory memory_;
  UntimedPort port_{memory_};
  Engine engine_;
  Registers registers_;
  VirtualMachine vm_;
  Tlb tlb_;
  WalkCaches caches_;
};

std::string text(const AccessPoint& p, const AccessOutcome& expected, const AccessOutcome& found) {
  return fmt::format(
      "pte {:#x} pde {:#x} pdpte {:#x} pkru {:#x} user {} write {} fetch {} twice {} nxe {} wp {} "
      "smep {} pke {}: expected {} {:#x} pte {:#x} pde {:#x}, found {} {:#x} pte {:#x} pde {:#x}",
      p.pte(), p.pde(), p.pdpte(), p.pkru(), p.user, p.write, p.fetch, p.twice, p.nxe,
      p.write_protect, p.smep, p.pke, expected.fault, expected.code, expected.pte, expected.pde,
      found.fault, found.code, found.pte, found.pde);
}

// U-14: the four things compared.
bool agree(const AccessOutcome& expected, const AccessOutcome& found) {
  return expected.fault == found.fault && (!expected.fault || expected.code == found.code) &&
         expected.pte == found.pte && ((expected.pde ^ found.pde) & expected.pde_mask) == 0;
}

// Checks the space; returns its size.
std::uint64_t check(const SpaceSpec& spec, Paging host, bool cached) {
  Subject subject(spec, host, cached);
  std::uint64_t wrong = 0;
  const std::uint64_t count = for_each_point(spec, [&](const AccessPoint& point) {
    const AccessOutcome expected = expected_outcome(point);
    const AccessOutcome found = subject.run(point);
    if (agree(expected, found)) return;
    if (++wrong <= 5) MESSAGE(text(point, expected, found));
  });
  CHECK(wrong == 0);
  return count;
}

}  // namespace

// The sizes are those of the specification's U-3.
TEST_CASE("U-1 to U-14: native, all reserved bits usable, protection keys") {
  CHECK(check({36, true, false}, Paging::none, false) == 28'999'680);
}

TEST_CASE("U-1 to U-14: native, M = 52, SMEP too") {
  CHECK(check({52, false, false}, Paging::none, false) == 933'888);
  CHECK(check({52, false, true}, Paging::none, false) == 2 * 933'888);
}

TEST_CASE("U-15: behind TLBs and walk caches") {
  CHECK(check({46, false, true}, Paging::none, true) == 2 * 1'916'928);
}

TEST_CASE("U-22: a guest under EPT and NPT") {
  for (const Paging host : {Paging::ept, Paging::npt}) {
    CHECK(check({46, false, false}, host, false) == 1'916'928);
    CHECK(check({46, false, false}, host, true) == 1'916'928);
  }
}

}  // namespace nestwalk::x86::test
