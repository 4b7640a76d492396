#include "property/x86/access_space.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t flag(bool set, unsigned position) { return std::uint64_t{set} << position; }

// The lowest of `bits`, taken off them.
bool take(unsigned& bits) {
  const bool lowest = bits & 1;
  bits >>= 1;
  return lowest;
}

constexpr std::uint64_t accessed = 1u << 5, dirty = 1u << 6;
constexpr std::uint64_t present_error = 0x1, write_error = 0x2, user_error = 0x4,
                        reserved_error = 0x8, fetch_error = 0x10, key_error = 0x20;

// The rules, U-5 to U-13, for one access; entries as expected after it.
class Oracle {
 public:
  Oracle(const AccessPoint& point, AccessOutcome& outcome) : p_(point), out_(outcome) {}

  void access(bool user, bool write, bool fetch) {
    user_ = user;
    write_ = write;
    fetch_ = fetch;
    out_.fault = false;
    out_.code = present_error | (user ? user_error : 0) | (write ? write_error : 0) |
                (fetch ? fetch_error : 0);
    walk();
    if (!p_.nxe && !p_.smep) out_.code &= ~fetch_error;
  }

 private:
  void walk() {
    const bool pde_good =
        p_.pde_present && !p_.pde_51 && !p_.pde_36 && !p_.pde_13 && !(p_.pde_nx && !p_.nxe);
    if (!pde_good) return bad_entry(p_.pde_present);
    bool writable = !p_.pdpte_read_only && p_.pde_writable;
    bool user_page = p_.pde_user;
    bool executable = !p_.pde_nx;
    if (p_.pde_large) return leaf(writable, user_page, executable, out_.pde);
    out_.pde |= accessed;
    const bool pte_good = p_.pte_present && !p_.pte_51 && !p_.pte_36 && !(p_.pte_nx && !p_.nxe);
    if (!pte_good) return bad_entry(p_.pte_present);
    writable = writable && p_.pte_writable;
    user_page = user_page && p_.pte_user;
    executable = executable && !p_.pte_nx;
    leaf(writable, user_page, executable, out_.pte);
  }

  void bad_entry(bool present) {
    out_.fault = true;
    if (present)
      out_.code |= reserved_error;
    else
      out_.code &= ~present_error;
  }

  void leaf(bool writable, bool user_page, bool executable, std::uint64_t& entry) {
    const bool kernel_writable = !p_.write_protect && !user_;
    if (user_ && !user_page) out_.fault = true;
    if (write_ && !writable && !kernel_writable) out_.fault = true;
    if (fetch_ && !executable) out_.fault = true;
    if (fetch_ && user_page && !user_ && p_.smep) out_.fault = true;
    if (user_page && !fetch_ && p_.key_1 && p_.pke) {
      const bool denied = p_.access_disable || (write_ && p_.write_disable && !kernel_writable);
      if (denied) {
        out_.fault = true;
        out_.code |= key_error;
      }
    }
    if (!out_.fault) entry |= accessed | (write_ ? dirty : 0);
  }

  const AccessPoint& p_;
  AccessOutcome& out_;
  bool user_ = false, write_ = false, fetch_ = false;
};

}  // namespace

std::uint64_t AccessPoint::pte() const {
  return leaf_page | flag(pte_present, 0) | flag(pte_writable, 1) | flag(pte_user, 2) |
         flag(pte_accessed, 5) | flag(pte_dirty, 6) | flag(pte_36, 36) | flag(pte_51, 51) |
         flag(key_1, 59) | flag(pte_nx, 63);
}

std::uint64_t AccessPoint::pde() const {
  const std::uint64_t key = pde_large ? flag(key_1, 59) : flag(key_1, 60);
  return (pde_large ? leaf_page : pt_page) | flag(pde_present, 0) | flag(pde_writable, 1) |
         flag(pde_user, 2) | flag(pde_accessed, 5) | flag(pde_dirty, 6) | flag(pde_large, 7) |
         flag(pde_13, 13) | flag(pde_36, 36) | flag(pde_51, 51) | key | flag(pde_nx, 63);
}

std::uint64_t AccessPoint::pdpte() const { return pd_page | 0x25 | flag(!pdpte_read_only, 1); }

std::uint32_t AccessPoint::pkru() const {
  return 0x30u | static_cast<std::uint32_t>(flag(access_disable, 2) | flag(write_disable, 3));
}

AccessOutcome expected_outcome(const AccessPoint& point) {
  AccessOutcome outcome;
  outcome.pte = point.pte();
  outcome.pde = point.pde();
  if (!point.pde_accessed) outcome.pde_mask &= ~accessed;
  Oracle oracle(point, outcome);
  if (point.twice) oracle.access(false, false, false);
  oracle.access(point.user, point.write, point.fetch);
  if (!outcome.fault) outcome.pde_mask = ~std::uint64_t{0};
  return outcome;
}

bool AccessPoints::next(AccessPoint& point) {
  do {
    if (access_ == access_end_ && !next_reserved()) return false;
  } while (!take_access(access_++));
  point = point_;
  return true;
}

bool AccessPoints::next_reserved() {
  do {
    if (reserved_ == reserved_end_ && !next_entries()) return false;
  } while (!take_reserved(reserved_++));
  access_ = 0;
  return true;
}

bool AccessPoints::next_entries() {
  if (entries_ == entries_end_ && !next_registers()) return false;
  take_entries(entries_++);
  reserved_ = 0;
  return true;
}

bool AccessPoints::next_registers() {
  do {
    if (registers_ == registers_end_) return false;
  } while (!take_registers(registers_++));
  entries_ = 0;
  return true;
}

bool AccessPoints::take_access(unsigned bits) {
  point_.user = take(bits);
  point_.write = take(bits);
  point_.fetch = take(bits);
  point_.twice = take(bits);
  return !(point_.fetch && point_.write);
}

// One reserved bit, or none: 0 none, 1 to 5 the PTE's 51 and 36, the PDE's 51, 36 and 13. XD bits
// count as reserved while NXE is off.
bool AccessPoints::take_reserved(unsigned choice) {
  point_.pte_51 = choice == 1;
  point_.pte_36 = choice == 2;
  point_.pde_51 = choice == 3;
  point_.pde_36 = choice == 4;
  point_.pde_13 = choice == 5;
  if ((point_.pte_51 || point_.pde_51) && spec_.maxphyaddr >= 52) return false;
  if ((point_.pte_36 || point_.pde_36) && spec_.maxphyaddr >= 37) return false;
  if (point_.pde_13 && !point_.pde_large) return false;
  const unsigned nx = point_.nxe ? 0u : unsigned{point_.pte_nx} + point_.pde_nx;
  return nx + (choice != 0) <= 1;
}

void AccessPoints::take_entries(unsigned bits) {
  point_.pte_writable = take(bits);
  point_.pte_user = take(bits);
  point_.pte_accessed = take(bits);
  point_.pte_dirty = take(bits);
  point_.pte_nx = take(bits);
  point_.pte_present = take(bits);
  point_.pde_writable = take(bits);
  point_.pde_user = take(bits);
  point_.pde_accessed = take(bits);
  point_.pde_dirty = take(bits);
  point_.pde_large = take(bits);
  point_.pde_nx = take(bits);
  point_.pde_present = take(bits);
  point_.pdpte_read_only = take(bits);
  point_.key_1 = spec_.pku && take(bits);
}

bool AccessPoints::take_registers(unsigned bits) {
  point_.nxe = take(bits);
  point_.write_protect = take(bits);
  point_.smep = spec_.smep && take(bits);
  point_.pke = spec_.pku && take(bits);
  point_.access_disable = spec_.pku && take(bits);
  point_.write_disable = spec_.pku && take(bits);
  return point_.pke || !(point_.access_disable || point_.write_disable);
}

}  // namespace nestwalk::x86::test
