// The break-before-make watch over tables that real software edits (spec 1.9.4, T101 to T105).
#include "arm64/bbm_watch.h"

#include "built.h"
#include "cpu.h"

using namespace nestwalk;
using namespace nestwalk::arm64;
using namespace nestwalk::arm64::test;

namespace {

// Stores go on to memory, and to the watch.
class WatchedIo final : public TableIo {
 public:
  WatchedIo(BumpIo& io, TableWatch& watch) : io_(io), watch_(watch) {}
  std::uint64_t load(std::uint64_t at, unsigned bytes) override { return io_.load(at, bytes); }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    const std::uint64_t before = io_.load(at, bytes);
    io_.store(at, bytes, word);
    watch_.wrote(at, before, word);
  }
  std::uint64_t allocate_table(unsigned lg2) override { return io_.allocate_table(lg2); }
  void free_table(std::uint64_t at, unsigned lg2) override { io_.free_table(at, lg2); }

 private:
  BumpIo& io_;
  TableWatch& watch_;
};

// One stage of 4K pages, edited under a watch.
struct Edited {
  static TranslationSpec spec() {
    TranslationSpec one_stage;
    one_stage.stage2.reset();
    one_stage.features.bbm = 0;
    return one_stage;
  }
  Built b{spec()};
  BbmTableWatch watch{BbmTables::of(b.engine->state().halves[0], b.engine->tag(), b.spec.features),
                      b.guest->root(),
                      [this](std::uint64_t at) { return b.port.memory.read(Pa{at}, 8); }, "test"};
  WatchedIo io{b.guest_io, watch};

  std::uint64_t entry_of(std::uint64_t va, int height) {  // of the table that maps `va`
    std::uint64_t table = b.guest->root();
    const Stage1Format& f = b.engine->state().halves[0];
    for (int h = f.root_height();; --h) {
      const std::uint64_t at = f.entry_address(Ipa{table}, Va{va}, h).value;
      if (h == height) return at;
      table = f.decode(io.load(at, 8), h).out.value;
    }
  }
  void invalidate(std::string_view name, std::uint64_t operand, bool issued_only = false) {
    for (const Invalidation& what :
         tlbi(parse_tlbi(name).value(), operand, b.engine->registers(), 1, b.spec.features, {})
             .what) {
      watch.issued(what);
      if (!issued_only) watch.completed(what);
    }
  }
  std::size_t count() const { return watch.violations().size(); }
};
constexpr std::uint64_t va = 0x1234'5678'9000;

}  // namespace

TEST_CASE("T102: unmap, invalidate, map: nothing to report; T101: without it: named in full") {
  Edited e;
  e.b.guest->map(va, 0x8000'0000, 12, {}, e.io);
  e.b.guest->unmap(va, e.io);
  e.invalidate("VALE1IS", va_operand(va, 7));
  e.b.guest->map(va, 0x9000'0000, 12, {}, e.io);
  CHECK(e.count() == 0);
  e.b.guest->unmap(va, e.io);
  e.b.guest->map(va, 0xa000'0000, 12, {}, e.io);
  REQUIRE(e.count() == 1);
  CHECK(e.watch.violations()[0].find("test: the level 3 descriptor for 0x123456789000") !=
        std::string::npos);
  CHECK(e.watch.violations()[0].find("(output address)") != std::string::npos);
}

TEST_CASE("T102: on its way is not done, but what another processor makes meanwhile is excused") {
  Edited e;
  e.b.guest->map(va, 0x8000'0000, 12, {}, e.io);
  e.b.guest->unmap(va, e.io);
  e.invalidate("VAE1IS", va_operand(va, 7), true);
  e.b.guest->map(va, 0x9000'0000, 12, {}, e.io);
  CHECK(e.count() == 0);
  CHECK(e.watch.overtaking() == 1);
  // An invalidation of another address excuses nothing.
  e.invalidate("VAE1IS", va_operand(va, 7));
  e.b.guest->unmap(va, e.io);
  e.invalidate("VAE1IS", va_operand(va + 0x1000, 7));
  e.b.guest->map(va, 0xa000'0000, 12, {}, e.io);
  CHECK(e.count() == 1);
}

TEST_CASE("T101: a block over a table that was cleared: all of its range must have gone") {
  for (const bool everything : {true, false}) {
    Edited e;
    e.b.guest->map(va, 0x8000'0000, 12, {}, e.io);
    const std::uint64_t entry = e.entry_of(va, 1);
    e.io.store(entry, 8, 0);
    e.invalidate(everything ? "ASIDE1IS" : "VAE1IS", va_operand(va, 7));
    e.b.guest->map(align_down(va, 21), 0x4000'0000, 21, {}, e.io);
    CHECK(e.count() == (everything ? 0 : 1));
  }
}

TEST_CASE("a table descriptor turned to another table: owed, unless the tables are equal") {
  for (const bool equal : {true, false}) {
    Edited e;
    e.b.guest->map(va, 0x8000'0000, 12, {}, e.io);
    const std::uint64_t entry = e.entry_of(va, 1), leaf = e.entry_of(va, 0);
    const std::uint64_t other = e.io.allocate_table(12);
    if (equal) e.b.guest_io.store(other + (leaf & 0xfff), 8, e.io.load(leaf, 8));
    e.io.store(entry, 8, other | 3);
    CHECK(e.count() == (equal ? 0 : 1));
    e.invalidate("VMALLE1IS", 0);
    // Rights of the table alone may change in place.
    e.io.store(entry, 8, other | 3 | one(61));
    CHECK(e.count() == (equal ? 0 : 1));
  }
}

TEST_CASE("T103: a read-only page moved to a copy of itself") {
  for (const bool copied : {true, false}) {
    Edited e;
    e.b.port.memory.write(Pa{0x8000'0ff8}, 8, 77);
    if (copied) e.b.port.memory.write(Pa{0x9000'0ff8}, 8, 77);
    e.b.guest->map(va, 0x8000'0000, 12, {.write = false}, e.io);
    const std::uint64_t leaf = e.entry_of(va, 0);
    e.io.store(leaf, 8, e.io.load(leaf, 8) + 0x1000'0000);
    CHECK(e.count() == (copied ? 0 : 1));
  }
}

TEST_CASE("rights and flags may change in place; a store that is no table's is nobody's business") {
  Edited e;
  e.b.guest->map(va, 0x8000'0000, 12, {}, e.io);
  e.b.guest->protect(va, {.write = false}, e.io);
  e.b.guest->protect(va, {.execute = false}, e.io);
  e.io.store(0x7000'0000, 8, 3);
  e.io.store(0x7000'0000, 8, 0x8000'0003);
  CHECK(e.count() == 0);
}
