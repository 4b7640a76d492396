// invalidations drop exactly what the rules (invalidation_rules.h) say. Pieces are
// put into a TLB, walk caches and a stage-2 TLB by hand, with any tag; then come operations.
#include <algorithm>
#include <vector>

#include "common/tlb/tlb.h"
#include "common/tlb/walk_caches.h"
#include "property/property.h"
#include "property/x86/invalidation_lists.h"
#include "x86/engine.h"

namespace nestwalk::x86::test {

// rapidcheck prints with these.
void showValue(const Piece& p, std::ostream& out) {
  static constexpr const char* names[] = {"page", "table", "guest-physical page", "EPT table"};
  out << names[static_cast<unsigned>(p.kind)] << " at " << std::hex << p.address << std::dec
      << " of 2^" << p.lg2 << " bytes, PCID " << p.pcid << ", VPID/ASID " << p.vm << ", EPT "
      << p.root << (p.global ? ", global" : "");
}

namespace {

constexpr std::uint16_t pcids = 3, vms = 3, roots = 2;

rc::Gen<std::uint64_t> place() {
  return rc::gen::map(rc::gen::inRange(0, 8), [](int i) {
    return std::uint64_t(i / 2) << 21 | std::uint64_t(i % 2) << 12;
  });
}
rc::Gen<std::uint16_t> number(std::uint16_t first, std::uint16_t end) {
  return rc::gen::inRange(first, end);
}

Tag tag_of(const Piece& p) {
  return {p.pcid, p.vm, p.root,
          static_cast<std::uint16_t>(p.root ? regime_second_stage : regime_linear)};
}

// EPT roots 1 and 2, and 0 for linear mappings. Those of the second stage belong to the root alone.
Piece make_piece(Piece::Kind kind, std::uint64_t address, unsigned height, std::uint16_t pcid,
                 std::uint16_t vm, std::uint16_t root, bool large, bool global) {
  Piece p;
  p.kind = kind;
  p.root = root;
  if (p.linear()) {
    p.pcid = pcid;
    p.vm = vm;
  } else if (root == 0) {
    p.root = 1;
  }
  const bool page = kind == Piece::Kind::tlb;
  p.global = page && global;
  p.height = page || kind == Piece::Kind::stage2 ? 0 : height;
  p.lg2 = page ? (large ? 21 : 12) : kind == Piece::Kind::stage2 ? 12 : 21 + 9 * p.height;
  p.address = address >> p.lg2 << p.lg2;
  return p;
}

rc::Gen<Piece> piece() {
  using Kind = Piece::Kind;
  return rc::gen::apply(
      make_piece, rc::gen::element(Kind::tlb, Kind::walk, Kind::stage2, Kind::stage2_walk), place(),
      rc::gen::inRange(0u, 2u), number(0, pcids), number(0, vms), number(0, roots + 1),
      rc::gen::arbitrary<bool>(), rc::gen::arbitrary<bool>());
}

rc::Gen<Operation> operation(Operation::Kind kind) {
  return rc::gen::build<Operation>(rc::gen::set(&Operation::kind, rc::gen::just(kind)),
                                   rc::gen::set(&Operation::linear, place()),
                                   rc::gen::set(&Operation::guest_physical, place()),
                                   rc::gen::set(&Operation::pcid, number(0, pcids)),
                                   rc::gen::set(&Operation::vm, number(1, vms)),
                                   rc::gen::set(&Operation::root, number(1, roots + 1)));
}

class Structures {
 public:
  void put(const Piece& p) {
    const auto height = static_cast<std::uint8_t>(p.height);
    switch (p.kind) {
      case Piece::Kind::tlb: {
        TlbEntry entry;
        entry.page = Va{p.address};
        entry.tag = tag_of(p);
        entry.size_lg2 = static_cast<std::uint8_t>(p.lg2);
        entry.global = p.global;
        return tlb_.fill(entry, entry.page);
      }
      case Piece::Kind::walk:
        return caches_.stage1.fill(height, p.address, p.lg2, tag_of(p), {});
      case Piece::Kind::stage2: {
        Stage2Entry entry;
        entry.page = Ipa{p.address};
        entry.size_lg2 = static_cast<std::uint8_t>(p.lg2);
        return caches_.stage2_tlb.fill(entry, tag_of(p));
      }
      case Piece::Kind::stage2_walk:
        return caches_.stage2.fill(height, p.address, p.lg2, tag_of(p), {});
    }
  }
  bool holds(const Piece& p) {
    const auto height = static_cast<std::uint8_t>(p.height);
    switch (p.kind) {
      case Piece::Kind::tlb: {
        bool found = false;
        tlb_.for_each([&](const TlbEntry& entry) {
          found |= entry.page.value == p.address && entry.tag == tag_of(p) &&
                   entry.size_lg2 == p.lg2 && entry.global == p.global;
        });
        return found;
      }
      case Piece::Kind::walk:
        return caches_.stage1.lookup(height, p.address, p.lg2, tag_of(p)) != nullptr;
      case Piece::Kind::stage2:
        return caches_.stage2_tlb.lookup(Ipa{p.address}, tag_of(p)) != nullptr;
      case Piece::Kind::stage2_walk:
        return caches_.stage2.lookup(height, p.address, p.lg2, tag_of(p)) != nullptr;
    }
    return false;
  }
  void apply(const std::vector<Invalidation>& list) {
    for (const Invalidation& what : list) {
      tlb_.invalidate(what);
      caches_.invalidate(what);
    }
  }

 private:
  Tlb tlb_{{{{12, 21}, {256, 0}}}, 1};
  WalkCaches caches_{
      {{{0, {256, 0}}, {1, {256, 0}}}, {{0, {256, 0}}, {1, {256, 0}}}, true, {256, 0}}, 1};
};

// One global entry stands for the address in every space, whoever made it.
bool same_place(const Piece& a, const Piece& b) {
  return a.kind == b.kind && a.address == b.address && a.lg2 == b.lg2 && a.vm == b.vm &&
         a.root == b.root && a.global == b.global && (a.global || a.pcid == b.pcid);
}

Executor make_executor(const CurrentTag& now, Ep4taIds& ids) {
  Executor executor{
      {}, {}, {}, ids, {make_eptp(0x1000, 4, false).raw, make_eptp(0x2000, 4, true).raw}};
  for (const std::uint64_t eptp : executor.eptps) ids.id_of(Eptp{eptp});
  executor.registers.cr0 = one(cr0_pg) | one(cr0_pe);
  executor.registers.cr4 = one(cr4_pae) | one(cr4_pcide);
  executor.registers.efer = one(efer_lme) | one(efer_lma) | one(efer_svme);
  executor.registers.cr3 = now.pcid;
  executor.vm.id = now.vm;
  if (now.root) {
    executor.vm.paging = VirtualMachine::Paging::ept;
    executor.vm.eptp = executor.eptps[now.root - 1u];
  }
  return executor;
}

struct Seen {
  std::uint64_t dropped = 0, kept = 0;
};

// Executes an operation of this kind with some pieces cached, and compares what is left.
void check_operation(Operation::Kind kind, Seen& seen) {
  const bool on_ept = kind == Operation::Kind::ept_violation;
  const CurrentTag now{*number(0, pcids), *number(0, vms), *number(on_ept, roots + 1)};
  const auto drawn = *rc::gen::container<std::vector<Piece>>(piece()).as("pieces");
  const Operation op = *operation(kind);
  Ep4taIds ids;
  Executor executor = make_executor(now, ids);
  if (kind == Operation::Kind::smep_off) executor.registers.cr4 |= one(cr4_smep);
  Structures structures;
  std::vector<Piece> pieces;
  for (const Piece& p : drawn) {
    const auto same = [&](const Piece& held) { return same_place(held, p); };
    if (std::any_of(pieces.begin(), pieces.end(), same)) continue;
    structures.put(p);
    pieces.push_back(p);
  }
  RC_LOG() << "executed with PCID " << now.pcid << ", VPID/ASID " << now.vm << ", EPT " << now.root
           << ": " << op << "\n";
  structures.apply(invalidations_of(op, executor));
  for (const Piece& p : pieces) {
    const bool goes = must_go(op, now, p);
    ++(goes ? seen.dropped : seen.kept);
    if (structures.holds(p) != goes) continue;
    RC_LOG() << (goes ? "still there: " : "gone: ") << rc::toString(p);
    RC_FAIL("not what the rule says");
  }
}

}  // namespace

TEST_CASE("A-70 to A-94: operations drop exactly what the rules say") {
  for (unsigned i = 0; i < Operation::kinds; ++i) {
    const auto kind = static_cast<Operation::Kind>(i);
    Seen seen;
    nestwalk::test::property(name_of(kind), [&] { check_operation(kind, seen); });
    // The rule has had something to drop, and to keep, unless it never does.
    using enum Operation::Kind;
    const bool drops = kind != mov_cr3_keep && kind != smep_off && kind != transition_with_vpid;
    CAPTURE(name_of(kind));
    CHECK((seen.dropped > 0) == drops);
    CHECK((seen.kept > 0) == (kind != vmrun_all));
  }
}

}  // namespace nestwalk::x86::test
