// What an access wants of a translation. Register state that changes what is allowed (CR0.WP,
// PSTATE.PAN, PKRU, ...) belongs to the architecture, not here.
#pragma once
#include <cstdint>

namespace nestwalk {

enum class AccessType : std::uint8_t { read, write, fetch };

struct Access {
  AccessType type = AccessType::read;
  bool user = true;  // unprivileged: CPL 3, EL0, LDTR/STTR
  // Read-modify-write: both rights are needed and the read is checked first.
  bool read_modify_write = false;
  // Stage 2 only: made by a stage-1 walk, to read or update an entry.
  bool table_walk = false;
  // Stage 2 only: the stage-1 mapping of the address is a user one (x86 mode-based execute).
  bool user_mapping = true;
  // Made by the processor on its own account, whoever runs (x86: descriptor tables).
  bool implicit = false;

  bool writes() const { return type == AccessType::write; }
  bool operator==(const Access&) const = default;
};

}  // namespace nestwalk
