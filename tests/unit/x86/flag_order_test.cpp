// The order in which a walk reads entries and sets their accessed and dirty flags (A-37, A-49,
// each entry is marked before the table below it is read, the second stage's before the
// entry that it leads to.
#include <string>

#include "bench.h"

namespace nestwalk::x86::test {
namespace {

// "3" reads the guest's PML4E, "3*" marks it; "3.2" is the second stage's PDPTE on the way there,
// "-.2" on the way to the data.
class LoggingPort final : public WalkPort {
 public:
  explicit LoggingPort(PhysicalMemory& memory) : port_(memory) {}
  bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) override {
    log += " " + text(position);
    return port_.read(at, bytes, position, word);
  }
  bool update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
              std::uint64_t wanted) override {
    log += " " + text(position) + "*";
    return port_.update(at, bytes, position, word, wanted);
  }
  std::string log;

 private:
  static std::string text(RefPosition position) {
    const auto name = [](int height) { return height < 0 ? "-" : std::to_string(height); };
    if (position.stage2_height < 0) return name(position.stage1_height);
    return name(position.stage1_height) + "." + name(position.stage2_height);
  }
  UntimedPort port_;
};

std::string log_of(Bench& b, const Access& access) {
  LoggingPort port(b.memory);
  b.engine.set(b.registers, b.vm);
  b.engine.walk(b.va, access, b.caches, port);
  return port.log;
}

constexpr std::uint64_t flags = one(pte_a) | one(pte_d);

}  // namespace

TEST_CASE("A-37: natively, from the root down, the leaf's two flags at once") {
  Bench b;
  for (int h = 0; h <= 3; ++h) b.clear_bits(h, flags);
  CHECK(log_of(b, {AccessType::write, true}) == " 3 3* 2 2* 1 1* 0 0*");
  CHECK(log_of(b, {AccessType::write, true}) == " 3 2 1 0");
  b.clear_bits(0, one(pte_d));
  CHECK(log_of(b, {AccessType::read, true}) == " 3 2 1 0");
  CHECK(log_of(b, {AccessType::write, true}) == " 3 2 1 0 0*");
}

TEST_CASE("A-37 A-38: a walk that faults has marked what it has passed, and not where it ended") {
  Bench b;
  for (int h = 0; h <= 3; ++h) b.clear_bits(h, flags);
  b.clear_bits(1, one(pte_p));
  CHECK(log_of(b, {AccessType::read, true}) == " 3 3* 2 2* 1");
  b.set_bits(1, one(pte_p));
  b.clear_bits(0, one(pte_rw));
  CHECK(log_of(b, {AccessType::write, true}) == " 3 2 1 1* 0");
}

TEST_CASE("A-49 A-51: the second stage's flags come before the entry that it leads to") {
  for (const Paging host : {Paging::ept, Paging::npt}) {
    Bench b({.guest = PagingKind::two_level, .host = host, .ept_accessed_dirty = true});
    for (int h = 0; h <= 1; ++h) b.clear_bits(h, flags);
    const std::uint64_t host_flags = host == Paging::ept ? one(ept_a) | one(ept_d) : flags;
    for (const std::uint64_t gpa : {guest_root, guest_root + 0x1000, data_page})
      for (int h = 0; h <= 3; ++h) b.set_host_entry(gpa, h, b.host_entry(gpa, h) & ~host_flags);
    // The tables of the two guest pages are the same but for the last entry.
    CHECK(log_of(b, {AccessType::read, true}) ==
          " 1.3 1.3* 1.2 1.2* 1.1 1.1* 1.0 1.0* 1 1*"
          " 0.3 0.2 0.1 0.0 0.0* 0 0*"
          " -.3 -.2 -.2* -.1 -.1* -.0 -.0*");
    CHECK(log_of(b, {AccessType::write, true}) ==
          " 1.3 1.2 1.1 1.0 1 0.3 0.2 0.1 0.0 0 0* -.3 -.2 -.1 -.0 -.0*");
  }
}

}  // namespace nestwalk::x86::test
