// The guest operating system, as far as translation meets it: address spaces that grow on demand,
// the page-fault path and unmapping. Modelled on Linux's anonymous memory (mm/memory.c,
// do_anonymous_page; mm/huge_memory.c); files, swapping and copy-on-write are left out. Each
// address space is one area over all its user addresses, unless areas are given.
#pragma once
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/base/random.h"
#include "common/cpu/step_machine.h"
#include "common/guest/guest_memory.h"
#include "common/hyp/architecture.h"

namespace nestwalk {

struct AddressSpace {
  std::uint16_t id = 0;
  std::unique_ptr<PageTables> tables;  // stage 1
  std::unique_ptr<TableWatch> watch;   // of checked runs
  std::unique_ptr<PagePlacer> placer;
  std::vector<PlacedPage> mapped;  // for unmapping one at random; in order of mapping
};

// What the guest's software costs. Every figure comes from a cost table (configs/costs).
struct GuestCosts {
  explicit GuestCosts(const CostTable& table);
  Cycles exception_entry, find_vma, allocate_page, zero_4k, allocate_table, write_entry,
      exception_return, unmap_page;
};

class GuestKernel {
 public:
  using MakeTables = std::function<std::unique_ptr<PageTables>(TableIo&)>;
  using MakeWatch =
      std::function<std::unique_ptr<TableWatch>(std::uint16_t space, std::uint64_t root)>;

  GuestKernel(PhysicalMemory& physical, const FrameAllocatorSpec& frames, GuestMemory memory,
              const CostTable& costs, MakeTables make_tables, bool upper_half_in_same_tables);

  // Must be called once, before the first space is made. False: the policy's pool does not fit.
  bool set_policy(const PolicySpec& policy);
  // Keeps a list of mapped pages, for unmap_one().
  void remember_pages() { remember_ = true; }

  // From now on spaces are made with a watch over their tables.
  void watch_tables(MakeWatch make) { make_watch_ = std::move(make); }
  std::vector<TableWatch*> watches() const;

  // The space, made (in no time) when first asked for.
  AddressSpace& space(std::uint16_t id);
  // Handles a stage-1 fault at `va`: maps a page there, or finds that another vCPU has. False: the
  // address is outside what the tables can map. Throws UserErrors when guest memory runs out.
  bool handle_fault(std::uint16_t space, Va va, Software& software);
  // Unmaps one page of the space, chosen by `random`. The caller invalidates, and then release()s
  // the page: until then its memory must not be given to another. Nothing: none mapped.
  std::optional<PlacedPage> unmap_one(std::uint16_t space, Random& random, Software& software);
  void release(const PlacedPage& page);
  // That page, as the architectures want it for their invalidations.
  UnmappedBlock unmapped_block(std::uint16_t space, const PlacedPage& page);
  // Whether `va` lies in a page that is being entered into the tables, or is unmapped but not
  // released: translations that they do not give (any more) are legal.
  bool changing(std::uint16_t space, Va va) const;

  // The intermediate address that the tables give for `va`, in no time.
  bool truth(std::uint16_t space, Va va, Ipa& ipa, std::uint8_t& size_lg2);

  GuestMemory& memory() { return memory_; }
  const MappingCounts& counts() const { return counts_; }
  std::uint64_t table_bytes() const { return table_bytes_; }
  FrameAllocator& frames() { return frames_; }

 private:
  friend class GuestFaultPath;
  // `va` as the space's tables see it; nothing: they cannot map it.
  std::optional<std::uint64_t> table_input(const AddressSpace& space, Va va) const;
  PhysicalMemory& physical_;
  FrameAllocator frames_;
  GuestMemory memory_;
  GuestCosts costs_;
  MakeTables make_tables_;
  MakeWatch make_watch_;  // empty: nobody watches
  std::unique_ptr<MappingPolicy> policy_;
  std::map<std::uint16_t, AddressSpace> spaces_;
  MappingCounts counts_;
  std::uint64_t table_bytes_ = 0;
  bool upper_half_;
  bool remember_ = false;
  struct Unmapped {
    std::uint16_t space;
    PlacedPage page;
  };
  std::vector<Unmapped> unmapped_;
};

// Linux 6.12 exc_page_fault (x86) / do_mem_abort (arm64) -> handle_mm_fault -> do_anonymous_page or
// do_huge_pmd_anonymous_page.
class GuestFaultPath {
 public:
  enum class Step : std::uint8_t {
    exception_entry,  // the vector up to handle_mm_fault
    find_vma,         // lock_vma_under_rcu
    allocate_page,    // vma_alloc_folio, by policy
    zero_page,    // clear_huge_page / clear_user_highpage; the first touch of fresh guest memory
    write_entry,  // pte_offset_map_lock, set_pte_at; with the tables that are missing
    exception_return,
    done
  };
  static constexpr Step first = Step::exception_entry;

  // `input`: the faulting address as the tables see it.
  GuestFaultPath(GuestKernel& kernel, AddressSpace& space, std::uint64_t input, Software& software)
      : kernel_(kernel), space_(space), input_(input), software_(software) {}
  Step advance(Step step);
  FaultEnd end() const { return {page_.page.size_lg2, spurious_}; }

 private:
  bool mapped_already();
  void zero_page();
  void write_entry();

  GuestKernel& kernel_;
  AddressSpace& space_;
  std::uint64_t input_;
  Software& software_;
  PlacedPage page_{};
  bool spurious_ = false;
};

}  // namespace nestwalk
