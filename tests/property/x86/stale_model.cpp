#include "property/x86/stale_model.h"

#include <algorithm>

#include "property/x86/stale_tables.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t address_bits = 0xf'ffff'ffff'f000;
constexpr int root_height = 3;
constexpr unsigned shift_of(int height) { return 12 + 9 * static_cast<unsigned>(height); }

// What the second stage may say about a guest-physical address.
struct Reached {
  bool fault = false;
  std::uint64_t address = 0;  // physical
  unsigned size_lg2 = 63;     // of the page
  bool writable = true;
};

// All walks for one access: with `pieces`, or without.
class Exploration {
 public:
  Exploration(const PhysicalMemory& memory, const std::set<Piece>& pieces, const ModelState& state,
              const ModelAccess& access)
      : memory_(memory), pieces_(pieces), state_(state), access_(access) {}

  void run() {
    for (const Piece& p : pieces_) {
      if (p.kind == Piece::Kind::tlb && mine(p) && in_page(p)) finish_with(p);
      if (p.kind == Piece::Kind::walk && mine(p) && p.covers(access_.linear))
        visit(static_cast<int>(p.height), p.out, p.host, p.writable, p.user);
    }
    visit(root_height, state_.cr3, std::nullopt, true, true);
  }

  std::set<ModelOutcome> outcomes;
  std::set<Piece> made;

 private:
  bool mine(const Piece& p) const {
    return p.vm == state_.tag.vm && p.root == state_.tag.root &&
           (p.global || p.pcid == state_.tag.pcid);
  }
  bool in_page(const Piece& p) const {
    return access_.linear >> p.size_lg2 == p.address >> p.size_lg2;
  }
  Piece linear_piece(Piece::Kind kind) const {
    Piece p;
    p.kind = kind;
    p.pcid = state_.tag.pcid;
    p.vm = state_.tag.vm;
    p.root = state_.tag.root;
    return p;
  }
  bool allowed(bool writable, bool user) const {
    return (!access_.write || writable) && (!access_.user || user);
  }
  void fault() { outcomes.insert({ModelOutcome::Kind::page_fault, 0}); }
  void second_stage_fault(std::uint64_t gpa) {
    outcomes.insert({ModelOutcome::Kind::second_stage_fault, gpa >> 12 << 12});
  }

  void finish_with(const Piece& p) {
    if (!allowed(p.writable, p.user)) return fault();
    if (access_.write && !p.host_writable) return;  // a walk tells
    const std::uint64_t within = access_.linear & ((std::uint64_t{1} << p.size_lg2) - 1);
    outcomes.insert({ModelOutcome::Kind::ok, p.out + within});
  }

  // The first stage, from its table of this height on. `host`: where a piece says that it lies.
  void visit(int height, std::uint64_t table, std::optional<std::uint64_t> host, bool writable,
             bool user) {
    if (host) read_entry(height, table, *host, writable, user);
    const bool as_write = state_.host_root && !state_.ept;  // A-56; without EPT A/D a read
    const std::uint64_t entry = table + 8 * (access_.linear >> shift_of(height) & 511);
    for (const Reached& at : second_stage(entry, as_write)) {
      if (at.fault)
        second_stage_fault(entry);
      else
        read_entry(height, table, at.address >> 12 << 12, writable, user);
    }
  }

  void read_entry(int height, std::uint64_t table, std::uint64_t host, bool writable, bool user) {
    if (height < root_height) {
      Piece p = linear_piece(Piece::Kind::walk);
      p.height = static_cast<unsigned>(height);
      p.lg2 = shift_of(height + 1);
      p.address = access_.linear >> p.lg2 << p.lg2;
      p.out = table;
      if (state_.host_root) p.host = host;
      p.writable = writable;
      p.user = user;
      made.insert(p);
    }
    const std::uint64_t word =
        memory_.read(Pa{host + 8 * (access_.linear >> shift_of(height) & 511)}, 8);
    if (!(word & flag_present)) return fault();
    writable = writable && (word & flag_write);
    user = user && (word & flag_user);
    const std::uint64_t next = word & address_bits;
    if (height > 0 && !(word & flag_large)) return visit(height - 1, next, {}, writable, user);
    page(next, shift_of(height), writable, user, state_.globals && (word & flag_global));
  }

  void page(std::uint64_t frame, unsigned lg2, bool writable, bool user, bool global) {
    // The first stage's rights come before the second stage (T093).
    if (!allowed(writable, user)) return fault();
    const std::uint64_t gpa = frame + (access_.linear & ((std::uint64_t{1} << lg2) - 1));
    for (const Reached& at : second_stage(gpa, access_.write)) {
      if (at.fault) {
        second_stage_fault(gpa);
        continue;
      }
      Piece p = linear_piece(Piece::Kind::tlb);
      p.lg2 = lg2;
      p.size_lg2 = std::min(lg2, at.size_lg2);
      p.address = access_.linear >> p.size_lg2 << p.size_lg2;
      p.out = at.address >> p.size_lg2 << p.size_lg2;
      p.global = global;
      p.writable = writable;
      p.user = user;
      p.host_writable = at.writable;
      made.insert(p);
      outcomes.insert({ModelOutcome::Kind::ok, at.address});
    }
  }

  // The second stage for one address; the same without one.
  std::vector<Reached> second_stage(std::uint64_t gpa, bool write) {
    if (!state_.host_root) return {{false, gpa, 63, true}};
    std::vector<Reached> found;
    for (const Piece& p : pieces_) {
      if (p.linear() || !(state_.ept ? p.root == state_.tag.root : p.vm == state_.tag.vm)) continue;
      if (!p.covers(gpa)) continue;
      if (p.kind == Piece::Kind::stage2_walk)
        host_walk(static_cast<int>(p.height), p.out, gpa, write, found);
      else
        found.push_back(reached(p, gpa, write));
    }
    host_walk(root_height, *state_.host_root, gpa, write, found);
    return found;
  }

  static Reached reached(const Piece& page, std::uint64_t gpa, bool write) {
    const std::uint64_t within = gpa & ((std::uint64_t{1} << page.lg2) - 1);
    return {write && !page.writable, page.out + within, page.lg2, page.writable};
  }

  void host_walk(int height, std::uint64_t table, std::uint64_t gpa, bool write,
                 std::vector<Reached>& found) {
    Piece p;
    (state_.ept ? p.root : p.vm) = state_.ept ? state_.tag.root : state_.tag.vm;
    if (height < root_height) {
      p.kind = Piece::Kind::stage2_walk;
      p.height = static_cast<unsigned>(height);
      p.lg2 = shift_of(height + 1);
      p.address = gpa >> p.lg2 << p.lg2;
      p.out = table;
      made.insert(p);
    }
    const std::uint64_t word = memory_.read(Pa{table + 8 * (gpa >> shift_of(height) & 511)}, 8);
    if (!(word & flag_present)) return found.push_back({true, 0, 0, false});
    const std::uint64_t next = word & address_bits;
    if (height > 0 && !(word & flag_large)) return host_walk(height - 1, next, gpa, write, found);
    p.kind = Piece::Kind::stage2;
    p.height = 0;
    p.lg2 = shift_of(height);
    p.address = gpa >> p.lg2 << p.lg2;
    p.out = next;
    p.writable = word & flag_write;
    made.insert(p);
    found.push_back(reached(p, gpa, write));
  }

  const PhysicalMemory& memory_;
  const std::set<Piece>& pieces_;
  const ModelState& state_;
  const ModelAccess& access_;
};

}  // namespace

std::set<ModelOutcome> StaleModel::access(const ModelState& state, const ModelAccess& access) {
  Exploration exploration(memory_, pieces_, state, access);
  exploration.run();
  pieces_.merge(exploration.made);
  return exploration.outcomes;
}

ModelOutcome StaleModel::fresh(const ModelState& state, const ModelAccess& access) const {
  const std::set<Piece> nothing;
  Exploration exploration(memory_, nothing, state, access);
  exploration.run();
  return *exploration.outcomes.begin();
}

}  // namespace nestwalk::x86::test
