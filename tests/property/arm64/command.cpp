#include "command.h"

#include <string_view>

namespace nestwalk::arm64::test {

std::ostream& operator<<(std::ostream& out, const Command& c) {
  using enum Command::Kind;
  constexpr std::string_view names[] = {"map",        "unmap",  "protect",  "replace",
                                        "map2",       "unmap2", "protect2", "replace2",
                                        "move table", "access", ""};
  const std::string_view spaces[] = {"VM1 ASID7", "VM1 ASID8", "VM2 ASID7", "VM2 ASID8", "EL2"};
  out << "\n  cpu" << c.cpu << " " << spaces[c.space] << " ";
  if (c.kind == tlbi) return out << c.tlbi << (c.at_el1 ? " at EL1" : "") << ", slot " << c.slot;
  out << names[static_cast<unsigned>(c.kind)];
  if (c.kind == access) {
    constexpr std::string_view types[] = {" read", " write", " fetch"};
    return out << types[static_cast<unsigned>(c.access.type)] << (c.access.user ? " EL0" : "")
               << " slot " << c.slot;
  }
  return out << " slot " << c.slot << " target " << c.target << (c.block ? " block" : "")
             << (c.write ? "" : " read-only") << (c.global ? " global" : "");
}

}  // namespace nestwalk::arm64::test
