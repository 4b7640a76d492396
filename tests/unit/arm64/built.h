// A translation made with the build API: tables of both stages in one memory, stage 2 an identity
// over the frames that are asked for.
#pragma once
#include <doctest/doctest.h>

#include <memory>
#include <set>

#include "arm64/build.h"
#include "env.h"

namespace nestwalk::arm64::test {

// Tables in the port's memory, from a bump allocator.
class BumpIo final : public TableIo {
 public:
  BumpIo(PhysicalMemory& memory, std::uint64_t from) : memory_(memory), next_(from) {}
  std::uint64_t load(std::uint64_t at, unsigned bytes) override {
    return memory_.read(Pa{at}, bytes);
  }
  void store(std::uint64_t at, unsigned bytes, std::uint64_t word) override {
    memory_.write(Pa{at}, bytes, word);
  }
  std::uint64_t allocate_table(unsigned size_lg2) override {
    const std::uint64_t at = align_up(next_, size_lg2);
    next_ = at + one(size_lg2);
    return at;
  }
  void free_table(std::uint64_t, unsigned) override {}
  std::uint64_t next() const { return next_; }

 private:
  PhysicalMemory& memory_;
  std::uint64_t next_;
};

struct Built {
  // Guest tables begin at `tables_from` (an intermediate address), data at `data_at`.
  explicit Built(const TranslationSpec& wanted, std::uint64_t tables_from = 0x4000'0000)
      : spec(wanted),
        engine(build_engine(wanted)),
        guest_io(port.memory, tables_from),
        host_io(port.memory, std::uint64_t{1} << 38) {
    if (spec.stage2) {
      host = build_host_tables(*engine, host_io);
      use_host_tables(*engine, host->root());
    }
    if (spec.stage1) {
      guest = build_guest_tables(*engine, guest_io);
      engine->set_space_root(7, guest->root());
      engine->enter_space(7);
    }
  }
  // Identity at stage 2 for the leaf of 2^lg2 bytes around an intermediate address, once.
  void host_identity(std::uint64_t ipa, unsigned lg2) {
    const std::uint64_t base = align_down(ipa, lg2);
    if (mapped.insert(base).second) host->map(base, base, lg2, {}, host_io);
  }
  void host_identity_of_tables(std::uint64_t from, unsigned lg2) {
    for (std::uint64_t at = align_down(from, lg2); at < guest_io.next(); at += one(lg2))
      host_identity(at, lg2);
  }
  WalkReply access(std::uint64_t va, const Access& how = load_el0) {
    port.fetches.clear();
    WalkCaches none({}, 0);
    return engine->walk(Va{va}, how, none, port);
  }

  TranslationSpec spec;
  RecordingPort port;
  std::unique_ptr<Engine> engine;
  BumpIo guest_io, host_io;
  std::unique_ptr<PageTables> guest, host;
  std::set<std::uint64_t> mapped;
};

}  // namespace nestwalk::arm64::test
