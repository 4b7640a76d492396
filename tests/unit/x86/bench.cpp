#include "bench.h"

#include <fmt/format.h>

#include "x86/build.h"

namespace nestwalk::x86::test {
namespace {

constexpr std::uint64_t host_tables_first = 0x80000000;

TranslationSpec build_spec(const BenchSpec& spec) {
  TranslationSpec build;
  build.cpu = spec.cpu;
  build.guest = spec.guest;
  build.host = spec.host;
  build.host_kind = spec.host_kind;
  build.pcid = false;
  build.smep = build.smap = false;
  build.ept_accessed_dirty = spec.ept_accessed_dirty;
  build.mode_based_execute = spec.mode_based_execute;
  return build;
}

Va test_address(PagingKind kind) {
  switch (kind) {
    case PagingKind::five_level:
      return Va{0xab123456789123};
    case PagingKind::four_level:
      return Va{0x123456789123};
    case PagingKind::off:
      return Va{data_page + 0x123};
    default:
      return Va{0x56789123};
  }
}

}  // namespace

bool CountingPort::read(Pa at, unsigned bytes, RefPosition, std::uint64_t& word) {
  reads.push_back(at);
  word = memory_.read(at, bytes);
  return true;
}

bool CountingPort::update(Pa at, unsigned bytes, RefPosition, std::uint64_t& word,
                          std::uint64_t wanted) {
  if (before_update) std::exchange(before_update, nullptr)();
  const std::uint64_t now = memory_.read(at, bytes);
  if (now != word) {
    word = now;
    return true;
  }
  updates.push_back(at);
  memory_.write(at, bytes, wanted);
  return true;
}

void CountingPort::reset() {
  reads.clear();
  updates.clear();
}

std::uint64_t TestTableIo::allocate_table(unsigned size_lg2) {
  next_ = align_up(next_, size_lg2);
  const std::uint64_t at = next_;
  next_ += one(size_lg2);
  return at;
}

Bench::Bench(const BenchSpec& bench_spec, const WalkCachesSpec& caches_spec)
    : spec(bench_spec),
      engine(bench_spec.cpu),
      caches(caches_spec, 1),
      va(test_address(bench_spec.guest)) {
  const std::unique_ptr<Engine> built = build_engine(build_spec(spec));
  registers = built->registers();
  registers.cr4 &= ~one(cr4_pge);
  vm = built->vm();
  registers.cr3 = guest_root;
  engine.set(registers, vm);
  build_guest();
  build_host();
}

int Bench::root_height() const {
  if (spec.guest == PagingKind::off) return -1;
  return paging_geometry(spec.guest, true).tables - 1;
}

std::uint64_t Bench::entry_at(int h) const {
  const PagingGeometry& geometry = paging_geometry(spec.guest, true);
  const auto height = static_cast<unsigned>(h);
  const std::uint64_t index =
      va.value >> geometry.shift[height] & low_mask(geometry.index_bits[height]);
  const auto table = static_cast<std::uint64_t>(root_height() - h);
  return guest_root + 0x1000 * table + index * geometry.entry_bytes;
}

void Bench::build_guest() {
  if (spec.guest == PagingKind::off) return;
  const PagingGeometry& geometry = paging_geometry(spec.guest, true);
  for (int h = root_height(); h >= 0; --h) {
    const bool leaf = geometry.shift[static_cast<unsigned>(h)] == spec.guest_leaf_lg2;
    const std::uint64_t next =
        guest_root + 0x1000 * static_cast<std::uint64_t>(root_height() - h + 1);
    const bool pdpte = spec.guest == PagingKind::pae && h == 2;
    if (leaf)
      set_entry(h, spec.data | baseline_leaf | (h > 0 ? one(pte_ps) : 0));
    else
      set_entry(h, next | (pdpte ? 1 : baseline_entry));
    if (leaf) break;
  }
  for (std::size_t i = 0; spec.guest == PagingKind::pae && i < 4; ++i)
    registers.pdptes[i] = memory.read(Pa{guest_root + 8 * i}, 8);
}

void Bench::build_host() {
  if (spec.host == Paging::none) return;
  TestTableIo io(memory, host_tables_first);
  host_tables_ = build_host_tables(engine, io);
  use_host_tables(engine, host_tables_->root());
  vm = engine.vm();
  MapRights rights;
  rights.accessed = false;
  for (std::uint64_t at = guest_root; at < guest_root + 0x6000; at += one(spec.host_table_lg2)) {
    const std::uint64_t page = align_down(at, spec.host_table_lg2);
    if (!host_tables_->lookup(page, io))
      host_tables_->map(page, page, spec.host_table_lg2, rights, io);
  }
  const std::uint64_t page =
      align_down(spec.data + (va.value & low_mask(spec.guest_leaf_lg2)), spec.host_data_lg2);
  host_tables_->map(page, page, spec.host_data_lg2, rights, io);
}

void Bench::map_host(std::uint64_t at, unsigned lg2) {
  TestTableIo io(memory, host_tables_first + 0x1000000 + at % 0x1000000);
  host_tables_->map(align_down(at, lg2), align_down(at, lg2), lg2, {}, io);
}

std::string Bench::run(const Access& access, Va at) {
  engine.set(registers, vm);
  port.reset();
  reply = engine.walk(at, access, caches, port);
  const Syndrome syndrome = engine.syndrome(reply.fault, at, access);
  gpa = syndrome.guest_physical;
  return outcome_text(syndrome);
}

std::string outcome_text(const Syndrome& syndrome) {
  switch (syndrome.kind) {
    case Syndrome::Kind::none:
      return "ok";
    case Syndrome::Kind::general_protection:
      return "#GP";
    case Syndrome::Kind::page_fault:
      return fmt::format("#PF {:#x}", syndrome.code);
    case Syndrome::Kind::ept_violation:
      return fmt::format("EPT {:#x}", syndrome.code);
    case Syndrome::Kind::ept_misconfiguration:
      return "misconfig";
    case Syndrome::Kind::nested_page_fault:
      return fmt::format("#NPF {:#x}", syndrome.code);
    case Syndrome::Kind::machine_check:
      return "machine check";
  }
  return "";
}

Pa Bench::host_entry_at(std::uint64_t at, int h) const {
  const auto entry = [&](auto format, std::uint64_t table) {
    using Format = decltype(format);
    for (int height = format.root_height();; --height) {
      const Pa where = format.entry_address(Pa{table}, Ipa{at}, height);
      if (height == h) return where;
      const std::uint64_t word = memory.read(where, format.entry_bytes());
      if constexpr (std::is_same_v<Format, EptFormat>)
        table = word & field_mask(spec.cpu.maxphyaddr - 1u, 12);
      else
        table = word & field_mask(format.entry_bytes() == 4 ? 31 : spec.cpu.maxphyaddr - 1u, 12);
    }
  };
  return vm.paging == Paging::ept ? entry(engine.ept_format(), Eptp{vm.eptp}.table())
                                  : entry(engine.npt_format(), vm.ncr3);
}

std::uint64_t Bench::host_entry(std::uint64_t at, int h) const {
  return memory.read(host_entry_at(at, h), vm.host.paging_kind() == PagingKind::two_level ? 4 : 8);
}

void Bench::set_host_entry(std::uint64_t at, int h, std::uint64_t word) {
  memory.write(host_entry_at(at, h), vm.host.paging_kind() == PagingKind::two_level ? 4 : 8, word);
}

void Bench::set_rights(std::uint64_t at, int h, std::uint64_t rights) {
  constexpr std::uint64_t mask = 7 | one(10);
  set_host_entry(at, h, (host_entry(at, h) & ~mask) | rights);
}

int Bench::host_leaf_height(std::uint64_t at) const {
  return static_cast<int>(((at == spec.data ? spec.host_data_lg2 : spec.host_table_lg2) - 12) / 9);
}

}  // namespace nestwalk::x86::test
