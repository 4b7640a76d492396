// What an atomic action of software concerns. Two actions that concern different things, or that
// both only read, leave the same state in either order: an explorer need not try both.
#pragma once
#include <cstdint>

#include "common/base/address.h"
#include "common/cpu/lock.h"

namespace nestwalk {

enum class Use : std::uint8_t { read, write };

struct Touch {
  enum class What : std::uint8_t { everything, memory, lock, state };
  What what = What::everything;
  std::uint64_t id = 0;  // among those of its kind
  Use use = Use::write;

  static Touch memory(Pa at, Use use) { return {What::memory, at.value >> 3, use}; }
  static Touch of(const Lock& lock) { return {What::lock, number(&lock), Use::write}; }
  static Touch state(const void* object, Use use) { return {What::state, number(object), use}; }

 private:
  static std::uint64_t number(const void* object) {
    return reinterpret_cast<std::uintptr_t>(object);
  }
};

inline bool independent(const Touch& a, const Touch& b) {
  if (a.what == Touch::What::everything || b.what == Touch::What::everything) return false;
  if (a.what != b.what || a.id != b.id) return true;
  return a.use == Use::read && b.use == Use::read;
}

}  // namespace nestwalk
