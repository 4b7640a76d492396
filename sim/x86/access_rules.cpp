#include "x86/access_rules.h"

namespace nestwalk::x86 {
namespace {

constexpr std::size_t user = 0, supervisor = 1, implicit_supervisor = 2;

bool supervisor_may(AccessType type, Rights rights, bool implicit, const Registers& registers) {
  const bool user_page = rights & right_user;
  if (type == AccessType::fetch)
    return (rights & right_execute) && !(user_page && registers.smep());
  const bool excused = registers.alignment_check() && !implicit;
  if (user_page && registers.smap() && !excused) return false;
  return type == AccessType::read || (rights & right_write) || !registers.write_protect();
}

bool user_may(AccessType type, Rights rights) {
  if (!(rights & right_user)) return false;
  if (type == AccessType::write) return rights & right_write;
  return type == AccessType::read || (rights & right_execute);
}

}  // namespace

AccessRules::AccessRules() {
  for (auto& type : allowed_) type.fill(0xff);
}

AccessRules::AccessRules(const Registers& registers) {
  if (!registers.paging()) {
    *this = AccessRules();
    return;
  }
  for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch})
    for (Rights rights = 0; rights <= all_rights; ++rights) {
      const auto set = [&](std::size_t who, bool allowed) {
        allowed_[index(type)][who] |= static_cast<std::uint8_t>(allowed << rights);
      };
      set(user, user_may(type, rights));
      set(supervisor, supervisor_may(type, rights, false, registers));
      set(implicit_supervisor, supervisor_may(type, rights, true, registers));
    }
  if (!registers.long_mode()) return;
  if (registers.pke()) add_keys(true, registers.pkru, registers.write_protect());
  if (registers.pks()) add_keys(false, registers.pkrs, registers.write_protect());
}

AccessRules AccessRules::npt() {
  AccessRules rules;
  for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch}) {
    std::uint8_t allowed = 0;
    for (Rights rights = 0; rights <= all_rights; ++rights)
      allowed |= static_cast<std::uint8_t>(user_may(type, rights) << rights);
    rules.allowed_[index(type)].fill(allowed);
  }
  return rules;
}

// PKRU and PKRS: bit 2k denies all data accesses to pages of key k, bit 2k + 1 writes; the latter
// binds supervisors only if CR0.WP is set (SDM 5.6.2).
void AccessRules::add_keys(bool user_pages, std::uint32_t rights, bool write_protect) {
  keys_ = true;
  for (unsigned key = 0; key < 16; ++key) {
    const bool access_disable = bit(rights, 2 * key), write_disable = bit(rights, 2 * key + 1);
    for (const bool write : {false, true})
      for (const bool by_user : {false, true}) {
        const bool denied =
            access_disable || (write && write_disable && (by_user || write_protect));
        denied_keys_[user_pages][write][by_user] |= static_cast<std::uint16_t>(denied << key);
      }
  }
}

}  // namespace nestwalk::x86
