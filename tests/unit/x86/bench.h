// A small x86 machine for the numbered cases: one linear address whose tables can be changed entry
// by entry, one or two stages, reads counted. Baseline as in the case catalogue: M = 46, Intel, WP,
// NXE, all entries P, W, U, A, leaf D; a second stage is identity, 4 KiB pages, all rights.
#pragma once
#include <doctest/doctest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/mmu/walk_port.h"
#include "common/paging/page_tables.h"
#include "x86/engine.h"

namespace nestwalk::x86::test {

using Paging = VirtualMachine::Paging;

// Counts what walks read and write.
class CountingPort final : public WalkPort {
 public:
  explicit CountingPort(PhysicalMemory& memory) : memory_(memory) {}
  bool read(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word) override;
  bool update(Pa at, unsigned bytes, RefPosition position, std::uint64_t& word,
              std::uint64_t wanted) override;
  void reset();

  std::vector<Pa> reads, updates;
  std::function<void()> before_update;  // another processor, just in time

 private:
  PhysicalMemory& memory_;
};

// Where the bench puts things.
inline constexpr std::uint64_t guest_root = 0x100000;  // table of height h: 0x1000 * (root - h) on
inline constexpr std::uint64_t data_page = 0x40000000;
inline constexpr std::uint64_t user_table = 0x7;  // P, W, U
inline constexpr std::uint64_t baseline_entry = 0x27, baseline_leaf = 0x67;

struct BenchSpec {
  PagingKind guest = PagingKind::four_level;
  unsigned guest_leaf_lg2 = 12;
  Paging host = Paging::none;
  PagingKind host_kind = PagingKind::four_level;
  unsigned host_table_lg2 = 12;    // size of the second-stage pages that map guest tables
  unsigned host_data_lg2 = 12;     // and of those that map the data page
  std::uint64_t data = data_page;  // guest-physical address of the page, or of the large page
  bool ept_accessed_dirty = false;
  bool mode_based_execute = false;
  Cpu cpu{};
};

class Bench {
 public:
  explicit Bench(const BenchSpec& spec = {}, const WalkCachesSpec& caches = {});
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  // Makes the access and says what came of it: "ok", "#PF 0x4", "#GP", "EPT 0x181", "misconfig",
  // "#NPF 0x100000004".
  std::string run(const Access& access, Va at);
  std::string run(const Access& access) { return run(access, va); }
  std::string user_read() { return run({AccessType::read, true}); }
  std::string user_write() { return run({AccessType::write, true}); }
  std::string user_fetch() { return run({AccessType::fetch, true}); }
  std::string read() { return run({AccessType::read, false}); }
  std::string write() { return run({AccessType::write, false}); }
  std::string fetch() { return run({AccessType::fetch, false}); }

  std::uint64_t reads() const { return port.reads.size(); }  // of the last access

  // The guest's entry of height h on the path of va.
  std::uint64_t entry_at(int h) const;
  std::uint64_t entry(int h) const { return memory.read(host_of(entry_at(h)), entry_bytes()); }
  void set_entry(int h, std::uint64_t word) {
    memory.write(host_of(entry_at(h)), entry_bytes(), word);
  }
  void set_bits(int h, std::uint64_t bits) { set_entry(h, entry(h) | bits); }
  void clear_bits(int h, std::uint64_t bits) { set_entry(h, entry(h) & ~bits); }
  int root_height() const;
  unsigned entry_bytes() const { return spec.guest == PagingKind::two_level ? 4 : 8; }

  // The second stage's entry of height h on the path of a guest-physical address.
  Pa host_entry_at(std::uint64_t gpa, int h) const;
  std::uint64_t host_entry(std::uint64_t gpa, int h) const;
  void set_host_entry(std::uint64_t gpa, int h, std::uint64_t word);
  // Replaces the low rights bits (EPT: XWR and bit 10).
  void set_rights(std::uint64_t gpa, int h, std::uint64_t rights);
  // Maps one more guest-physical page to itself.
  void map_host(std::uint64_t gpa, unsigned lg2);
  int host_leaf_height(std::uint64_t gpa) const;

  BenchSpec spec;
  Registers registers;
  VirtualMachine vm;
  PhysicalMemory memory;
  CountingPort port{memory};
  Engine engine;
  WalkCaches caches;
  Va va{};
  Ipa gpa{};        // of the last fault of the second stage
  WalkReply reply;  // of the last access

 private:
  static Pa host_of(std::uint64_t gpa) { return Pa{gpa}; }  // the second stage is identity
  void build_guest();
  void build_host();

  std::unique_ptr<PageTables> host_tables_;
};

// Memory as the owner of tables sees it; new tables come from one place upward.
class TestTableIo final : public TableIo {
 public:
  TestTableIo(PhysicalMemory& memory, std::uint64_t first) : memory_(memory), next_(first) {}
  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return memory_.read(Pa{at}, bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    memory_.write(Pa{at}, bytes, word);
  }
  std::uint64_t allocate_table(unsigned size_lg2) override;
  void free_table(std::uint64_t, unsigned) override {}

 private:
  PhysicalMemory& memory_;
  std::uint64_t next_;
};

std::string outcome_text(const Syndrome& syndrome);

}  // namespace nestwalk::x86::test
