// Engines and tables made from a spec: what the machine model uses.
#include "x86/build.h"

#include <doctest/doctest.h>

#include <set>

#include "bench.h"
#include "common/tlb/walk_caches.h"

namespace nestwalk::x86::test {
namespace {

struct Built {
  explicit Built(const TranslationSpec& spec) : engine(build_engine(spec)) {
    if (spec.host == Paging::none) return;
    host = build_host_tables(*engine, host_io);
    use_host_tables(*engine, host->root());
    // The first 64 MiB hold the guest's tables.
    for (std::uint64_t at = 0; at < 64 * MiB; at += one(host->leaf_sizes()[1]))
      host->map(at, at, host->leaf_sizes()[1], {}, host_io);
  }
  std::string walk(Va va, const Access& access) {
    reply = engine->walk(va, access, caches, port);
    return outcome_text(engine->syndrome(reply.fault, va, access));
  }

  PhysicalMemory memory;
  CountingPort port{memory};
  WalkCaches caches{{}, 1};
  std::unique_ptr<Engine> engine;
  TestTableIo host_io{memory, 0x40000000}, guest_io{memory, 0x100000};
  std::unique_ptr<PageTables> host;
  WalkReply reply;
};

std::vector<TranslationSpec> all_specs() {
  using enum PagingKind;
  std::vector<TranslationSpec> specs;
  for (const PagingKind guest : {two_level, pae, four_level, five_level}) {
    TranslationSpec spec;
    spec.guest = guest;
    specs.push_back(spec);
    for (const Paging host : {Paging::ept, Paging::npt})
      for (const PagingKind host_kind : {two_level, pae, four_level, five_level}) {
        if (host == Paging::ept && (host_kind == two_level || host_kind == pae)) continue;
        spec.host = host;
        spec.host_kind = host_kind;
        specs.push_back(spec);
      }
  }
  return specs;
}

}  // namespace

TEST_CASE("every mode's tables translate what was mapped, at every page size") {
  for (const TranslationSpec& spec : all_specs()) {
    CAPTURE(static_cast<int>(spec.guest));
    CAPTURE(static_cast<int>(spec.host));
    CAPTURE(static_cast<int>(spec.host_kind));
    Built b(spec);
    const std::unique_ptr<PageTables> guest = build_guest_tables(*b.engine, b.guest_io);
    b.engine->set_space_root(1, guest->root());
    b.engine->enter_space(1);
    std::uint64_t next = 2 * GiB;
    for (const std::uint8_t lg2 : guest->leaf_sizes()) {
      const std::uint64_t in = one(lg2) * 3 % one(32), out = align_down(next, lg2);
      CHECK(guest->map(in, out, lg2, {}, b.guest_io) <= 4);
      const std::uint64_t offset = 0x2345 & low_mask(lg2);
      if (b.host) b.host->map(align_down(out + offset, 12), 5 * MiB, 12, {}, b.host_io);
      REQUIRE(b.walk(Va{in + offset}, {}) == "ok");
      CHECK(b.reply.stage1_size_lg2 == lg2);
      CHECK(b.reply.entry.size_lg2 == (b.host ? 12 : lg2));
      CHECK(b.reply.pa.value == (b.host ? 5 * MiB + offset % 4096 : out + offset));
      next += 64 * MiB;
    }
    CHECK(b.walk(Va{0x40000000 - 0x1000}, {}) == "#PF 0x4");
  }
}

TEST_CASE("supervisor mappings and rights of built tables") {
  Built b(TranslationSpec{});
  const std::unique_ptr<PageTables> guest = build_guest_tables(*b.engine, b.guest_io);
  b.engine->set_space_root(1, guest->root());
  b.engine->enter_space(1);
  MapRights rights;
  rights.user = rights.write = rights.execute = false;
  guest->map(0x1000, 0x5000, 12, rights, b.guest_io);
  CHECK(b.walk(Va{0x1000}, {AccessType::read, true}) == "#PF 0x5");
  CHECK(b.walk(Va{0x1000}, {AccessType::read, false}) == "ok");
  CHECK(b.walk(Va{0x1000}, {AccessType::write, false}) == "#PF 0x3");
  CHECK(b.walk(Va{0x1000}, {AccessType::fetch, false}) == "#PF 0x11");
  CHECK_FALSE(b.reply.entry.global);
  rights.global = true;
  CHECK(guest->protect(0x1000, rights, b.guest_io).has_value());
  CHECK(b.walk(Va{0x1000}, {AccessType::read, false}) == "ok");
  CHECK(b.reply.entry.global);
  CHECK(guest->unmap(0x1000, b.guest_io).has_value());
  CHECK(b.walk(Va{0x1000}, {AccessType::read, false}) == "#PF 0x0");
}

TEST_CASE("spaces have their own roots and tags") {
  for (const bool pcid : {true, false}) {
    TranslationSpec spec;
    spec.pcid = pcid;
    Built b(spec);
    std::vector<std::unique_ptr<PageTables>> spaces;
    for (std::uint16_t space = 0; space < 3; ++space) {
      spaces.push_back(build_guest_tables(*b.engine, b.guest_io));
      spaces.back()->map(0x1000, 0x1000000 + 0x1000 * std::uint64_t{space}, 12, {}, b.guest_io);
      b.engine->set_space_root(space, spaces.back()->root());
    }
    std::set<std::uint64_t> tags;
    for (const auto space : std::initializer_list<std::uint16_t>{2, 0, 1, 2}) {
      b.engine->enter_space(space);
      CHECK(b.walk(Va{0x1000}, {}) == "ok");
      CHECK(b.reply.pa.value == 0x1000000 + 0x1000 * std::uint64_t{space});
      tags.insert(b.engine->tag().packed());
      CHECK(b.engine->take_invalidations().size() == (pcid ? 0 : 1));
    }
    CHECK(tags.size() == (pcid ? 3 : 1));
  }
}

TEST_CASE("A-7: a PAE space's PDPTEs are loaded through EPT when its first walk begins") {
  TranslationSpec spec;
  spec.guest = PagingKind::pae;
  spec.host = Paging::ept;
  Built b(spec);
  const std::unique_ptr<PageTables> guest = build_guest_tables(*b.engine, b.guest_io);
  guest->map(0xc0000000, 0x200000, 12, {}, b.guest_io);
  b.engine->set_space_root(1, guest->root());
  b.engine->enter_space(1);
  const auto removed = b.host->unmap(guest->root(), b.host_io);
  REQUIRE(removed.has_value());
  CHECK(b.walk(Va{0xc0000000}, {}) == "EPT 0x1");  // a read, although EPT A/D is on
  CHECK(b.reply.fault.ipa == Ipa{guest->root()});
  b.host->map(removed->in, removed->out, removed->size_lg2, {}, b.host_io);
  CHECK(b.walk(Va{0xc0000000}, {}) == "ok");
  CHECK(b.walk(Va{0xc0000000}, {}) == "ok");
  CHECK(b.port.reads.size() > 0);
}

TEST_CASE("names of levels and faults") {
  TranslationSpec spec;
  Engine& native = *Built(spec).engine.release();
  const std::unique_ptr<Engine> owner(&native);
  CHECK(native.level_name(1, 0) == "PTE");
  CHECK(native.level_name(1, 4) == "PML5E");
  Fault fault;
  fault.cause = FaultCause::not_present;
  fault.stage = 1;
  CHECK(native.describe(fault, Va{0x1234}, {AccessType::write, true}) ==
        "#PF error code 0x6, CR2 0x1234");
  spec.host = Paging::ept;
  Built ept(spec);
  CHECK(ept.engine->level_name(2, 1) == "EPT PDE");
  fault.stage = 2;
  fault.ipa = Ipa{0x5000};
  CHECK(ept.engine->describe(fault, Va{0x1234}, {}) ==
        "EPT violation, qualification 0x181, guest-physical 0x5000, linear 0x1234");
  spec.host = Paging::npt;
  Built npt(spec);
  CHECK(npt.engine->level_name(2, 3) == "NPT PML4E");
  CHECK(npt.engine->describe(fault, Va{0x1234}, {}) ==
        "#NPF EXITINFO1 0x100000004, EXITINFO2 0x5000");
}

}  // namespace nestwalk::x86::test
