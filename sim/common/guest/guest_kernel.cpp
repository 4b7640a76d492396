#include "common/guest/guest_kernel.h"

#include <algorithm>

#include "common/base/bits.h"
#include "common/base/check.h"
#include "common/base/user_error.h"

namespace nestwalk {
namespace {

// A guest kernel's view of tables in no time, for decisions that real kernels take on state they
// have at hand.
struct AtOnce {
  AtOnce(GuestMemory& memory, FrameAllocator& frames, PhysicalMemory& physical)
      : software(physical), io(memory, frames, physical, software, 0) {}
  UntimedSoftware software;
  GuestTableIo io;
};

}  // namespace

GuestCosts::GuestCosts(const CostTable& table)
    : exception_entry(table.of("exception_entry")),
      find_vma(table.of("find_vma")),
      allocate_page(table.of("allocate_page")),
      zero_4k(table.of("zero_4k")),
      allocate_table(table.of("allocate_table")),
      write_entry(table.of("write_entry")),
      exception_return(table.of("exception_return")),
      unmap_page(table.of("unmap_page")) {}

GuestKernel::GuestKernel(PhysicalMemory& physical, const FrameAllocatorSpec& frames,
                         GuestMemory memory, const CostTable& costs, MakeTables make_tables,
                         bool upper_half_in_same_tables)
    : physical_(physical),
      frames_(frames),
      memory_(memory),
      costs_(costs),
      make_tables_(std::move(make_tables)),
      upper_half_(upper_half_in_same_tables) {}

bool GuestKernel::set_policy(const PolicySpec& policy) {
  policy_ = make_policy(policy, frames_);
  return policy_ != nullptr;
}

AddressSpace& GuestKernel::space(std::uint16_t id) {
  const auto found = spaces_.find(id);
  if (found != spaces_.end()) return found->second;
  AtOnce at_once(memory_, frames_, physical_);
  AddressSpace& made = spaces_[id];
  made.id = id;
  made.tables = make_tables_(at_once.io);
  if (make_watch_) made.watch = make_watch_(id, made.tables->root());
  made.placer = std::make_unique<PagePlacer>(*policy_, frames_);
  table_bytes_ += at_once.io.made_bytes();
  return made;
}

std::vector<TableWatch*> GuestKernel::watches() const {
  std::vector<TableWatch*> all;
  for (const auto& [id, space] : spaces_)
    if (space.watch) all.push_back(space.watch.get());
  return all;
}

std::optional<std::uint64_t> GuestKernel::table_input(const AddressSpace& in, Va va) const {
  const unsigned bits = in.tables->input_bits();
  if (va.value <= low_mask(bits - (upper_half_ ? 1 : 0))) return va.value;
  if (upper_half_ && sign_extend(va.value, bits) == va.value) return va.value & low_mask(bits);
  return std::nullopt;
}

bool GuestKernel::handle_fault(std::uint16_t id, Va va, Software& software) {
  AddressSpace& in = space(id);
  const std::optional<std::uint64_t> input = table_input(in, va);
  if (!input) return false;
  software.enter(Side::guest);
  GuestFaultPath path(*this, in, *input, software);
  run_steps(path);
  software.leave(Side::guest, path.end());
  return true;
}

std::optional<PlacedPage> GuestKernel::unmap_one(std::uint16_t id, Random& random,
                                                 Software& software) {
  AddressSpace& in = space(id);
  if (in.mapped.empty()) return std::nullopt;
  const std::size_t chosen = random.below(in.mapped.size());
  PlacedPage page = in.mapped[chosen];
  in.mapped[chosen] = in.mapped.back();
  in.mapped.pop_back();

  software.spend(costs_.unmap_page);
  software.lock(LockId::guest_mm);
  GuestTableIo io(memory_, frames_, physical_, software, costs_.allocate_table);
  io.watched_by(in.watch.get());
  const std::uint64_t input = page.base;
  // From now on the page goes by its virtual address. A row of entries takes time to clear: others
  // may meet the page half unmapped.
  if (upper_half_) page.base = sign_extend(page.base, in.tables->input_bits());
  unmapped_.push_back({id, page});
  in.tables->unmap_block(input, page.page.size_lg2, io);
  software.unlock(LockId::guest_mm);
  counts_.mapped_bytes -= one(page.page.size_lg2);
  --counts_.pages_by_lg2[page.page.size_lg2];
  return page;
}

UnmappedBlock GuestKernel::unmapped_block(std::uint16_t id, const PlacedPage& page) {
  const unsigned leaf_lg2 = space(id).tables->leaf_for(page.page.size_lg2);
  return {Va{page.base}, page.page.size_lg2, static_cast<std::uint8_t>(leaf_lg2)};
}

void GuestKernel::release(const PlacedPage& page) {
  const auto at = std::find_if(unmapped_.begin(), unmapped_.end(), [&](const Unmapped& other) {
    return other.page.page.frame == page.page.frame;
  });
  NW_CHECK(at != unmapped_.end(), "the page at {:#x} was not unmapped", page.base);
  unmapped_.erase(at);
  policy_->release(page.page, frames_);
}

bool GuestKernel::changing(std::uint16_t id, Va va) const {
  const auto in = spaces_.find(id);
  const auto input = in == spaces_.end() ? std::nullopt : table_input(in->second, va);
  if (input && in->second.placer->pending(*input)) return true;
  return std::any_of(unmapped_.begin(), unmapped_.end(), [&](const Unmapped& one) {
    return one.space == id && va.aligned(one.page.page.size_lg2) == Va{one.page.base};
  });
}

bool GuestKernel::truth(std::uint16_t id, Va va, Ipa& ipa, std::uint8_t& size_lg2) {
  AtOnce at_once(memory_, frames_, physical_);
  const AddressSpace& in = space(id);
  const std::optional<std::uint64_t> input = table_input(in, va);
  const auto found = input ? in.tables->lookup(*input, at_once.io) : std::nullopt;
  if (!found) return false;
  ipa = Ipa{found->out + va.offset(found->size_lg2)};
  size_lg2 = found->size_lg2;
  return true;
}

// Whether another vCPU has mapped the page since this one walked the tables.
bool GuestFaultPath::mapped_already() {
  AtOnce at_once(kernel_.memory_, kernel_.frames_, kernel_.physical_);
  const auto found = space_.tables->lookup(input_, at_once.io);
  spurious_ = found.has_value();
  if (found) page_.page.size_lg2 = found->size_lg2;
  return spurious_;
}

GuestFaultPath::Step GuestFaultPath::advance(Step step) {
  const GuestCosts& costs = kernel_.costs_;
  switch (step) {
    case Step::exception_entry:
      software_.spend(costs.exception_entry);
      return Step::find_vma;
    case Step::find_vma:
      software_.spend(costs.find_vma);
      return mapped_already() ? Step::exception_return : Step::allocate_page;
    case Step::allocate_page: {
      software_.spend(costs.allocate_page);
      if (mapped_already()) return Step::exception_return;
      AtOnce at_once(kernel_.memory_, kernel_.frames_, kernel_.physical_);
      const auto placed = space_.placer->place(
          {input_, 0, low_mask(space_.tables->input_bits()),
           [&](unsigned lg2) { return space_.tables->vacant(input_, lg2, at_once.io); }});
      if (!placed)
        throw UserErrors(UserError{"", 0, "guest.memory", "guest memory ran out: no page left"});
      page_ = *placed;
      return page_.fresh_lg2 ? Step::zero_page : Step::write_entry;
    }
    case Step::zero_page:
      zero_page();
      return Step::write_entry;
    case Step::write_entry:
      write_entry();
      return Step::exception_return;
    case Step::exception_return:
      software_.spend(costs.exception_return);
      return Step::done;
    case Step::done:
      break;
  }
  return Step::done;
}

void GuestFaultPath::zero_page() {
  software_.spend(kernel_.costs_.zero_4k << (page_.page.size_lg2 - 12));
  kernel_.memory_.reach_all(Ipa{page_.page.frame}, page_.page.size_lg2, software_);
}

void GuestFaultPath::write_entry() {
  software_.spend(kernel_.costs_.write_entry);
  software_.lock(LockId::guest_mm);
  spurious_ = !space_.placer->pending(page_);
  if (!spurious_) {
    GuestTableIo io(kernel_.memory_, kernel_.frames_, kernel_.physical_, software_,
                    kernel_.costs_.allocate_table);
    io.watched_by(space_.watch.get());
    // do_anonymous_page makes entries of writable areas young and dirty at once.
    space_.tables->map(page_.base, page_.page.frame, page_.page.size_lg2, MapRights{.dirty = true},
                       io);
    kernel_.table_bytes_ += io.made_bytes();
    if (kernel_.remember_) space_.mapped.push_back(page_);
    space_.placer->settled(page_, kernel_.counts_);
  }
  software_.unlock(LockId::guest_mm);
}

}  // namespace nestwalk
