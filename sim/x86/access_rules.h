// Which accesses a page's rights allow, under the current registers (SDM vol. 3, 5.6; APM vol. 2,
// 5.6). Worked out once when a register changes, so that judging an access is a look-up. Shadow
// stacks (CET) are left out.
#pragma once
#include <array>
#include <cstdint>

#include "common/paging/access.h"
#include "x86/registers.h"

namespace nestwalk::x86 {

// A page's rights: the AND of U/S, of R/W and of "not XD" over all entries of its path.
using Rights = std::uint8_t;
inline constexpr Rights right_user = 1, right_write = 2, right_execute = 4, all_rights = 7;

// A read-modify-write wants what a write wants: no page here is writable but not readable.
inline AccessType wanted(const Access& access) {
  return access.read_modify_write ? AccessType::write : access.type;
}

class AccessRules {
 public:
  // Paging off: everything is allowed.
  AccessRules();
  explicit AccessRules(const Registers& registers);
  // The NPT of AMD: every access is a user's (APM vol. 2, 15.25.5).
  static AccessRules npt();

  bool allow(Rights rights, const Access& access) const { return allowed(rights, access) & 1; }
  // The same in bit 0 of a word, whose other bits mean nothing.
  std::uint64_t allowed(Rights rights, const Access& access) const {
    return std::uint64_t{allowed_[index(wanted(access))][who(access)]} >> rights;
  }
  bool keys() const { return keys_; }  // whether protection keys are in use
  // Whether a protection key denies the access to a page with these rights.
  bool key_denies(Rights rights, unsigned key, const Access& access) const {
    const AccessType type = wanted(access);
    if (!keys_ || type == AccessType::fetch) return false;
    return denied_keys_[rights & right_user][type == AccessType::write][access.user] >> key & 1;
  }

 private:
  static std::size_t index(AccessType type) { return static_cast<std::size_t>(type); }
  static std::size_t who(const Access& access) {
    return static_cast<std::size_t>(!access.user) * (1 + std::size_t{access.implicit});
  }
  void add_keys(bool user_pages, std::uint32_t rights, bool write_protect);

  // Bit r of [type][user, supervisor, implicit supervisor]: allowed for rights r.
  std::array<std::array<std::uint8_t, 3>, 3> allowed_{};
  // Bit k of [page is a user's][write][access is a user's]: denied for key k.
  std::array<std::array<std::array<std::uint16_t, 2>, 2>, 2> denied_keys_{};
  bool keys_ = false;
};

}  // namespace nestwalk::x86
