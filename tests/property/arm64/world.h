// Two virtual machines of two address spaces each, and EL2 with tables of its own, on two
// processors over one memory; commands that edit the tables with no regard for order, access, and
// invalidate.
#pragma once
#include <array>
#include <deque>
#include <map>
#include <memory>

#include "command.h"
#include "common/mmu/vcpu_mmu.h"
#include "naive_mmu.h"
#include "unit/arm64/built.h"
#include "unit/arm64/cpu.h"

namespace nestwalk::arm64::test {

class World {
 public:
  World(Granule granule, bool walk_caches_hold_physical, bool has_stage1_tlb, bool force_broadcast);

  // What is wrong after the command; empty: nothing.
  std::string run(const Command& command);
  // Everything is invalidated everywhere; then no outcome but the walk's own is left.
  std::string settle();

  std::uint64_t accesses = 0, choices = 0, faults = 0;  // accesses; those with several outcomes

 private:
  struct Machine {  // a virtual machine
    Registers regs;
    std::unique_ptr<PageTables> host;
    std::array<std::unique_ptr<PageTables>, 2> guest;
    std::uint64_t table_ipas = 0;  // pages of stage-1 tables so far
  };
  struct Processor {
    Processor(const PhysicalMemory& memory, const MachineSpec& spec, const Features& features)
        : engine(features), mmu(spec, engine), naive(memory) {}
    Engine engine;
    VcpuMmu mmu;
    NaiveMmu naive;
  };
  class HostIo;
  class GuestIo;

  std::uint64_t va_of(unsigned slot) const;
  std::uint64_t ipa_of(unsigned slot) const;
  std::uint64_t pa_of(unsigned machine, unsigned slot) const;
  std::uint64_t table_ipa(std::uint64_t page) const;
  std::uint64_t new_frame();
  unsigned lg2(bool block) const { return page_ + (block ? stride_ : 0); }

  PageTables& stage1(unsigned space);
  std::unique_ptr<TableIo> io(unsigned space);  // of the stage-1 tables
  Registers registers(unsigned space) const;
  ProcessorState state(unsigned space) const;
  Engine engine(unsigned space) const;
  NaiveSpace naive_space(unsigned space) const;

  void make_machine(unsigned number);
  void edit(const Command& command);
  void edit_stage(PageTables& tables, TableIo& io, const Command& command, std::uint64_t in,
                  std::uint64_t out);
  void toggle_block(PageTables& tables, TableIo& io, std::uint64_t in, std::uint64_t leaf);
  void move_stage1_table(const Command& command);
  std::string access(const Command& command);
  void invalidate(const Command& command);

  TranslationSpec spec_;
  unsigned page_, stride_;
  PhysicalMemory memory_;
  UntimedPort port_{memory_};
  std::uint64_t next_frame_ = one(44);
  std::array<Machine, 2> machines_;
  std::unique_ptr<PageTables> el2_;
  std::deque<Processor> cpus_;  // they stay where they are
  // Entries that stood where a block now does, by tables and block.
  std::map<std::pair<const PageTables*, std::uint64_t>, std::uint64_t> replaced_;
};

}  // namespace nestwalk::arm64::test
