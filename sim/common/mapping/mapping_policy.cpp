#include "common/mapping/mapping_policy.h"

#include "common/base/bits.h"

namespace nestwalk {
namespace {

class BasePages final : public MappingPolicy {
 public:
  explicit BasePages(unsigned base_lg2) : base_lg2_(static_cast<std::uint8_t>(base_lg2)) {}
  std::optional<Placement> place(const FaultPlace&, FrameAllocator& frames) override {
    const auto frame = frames.allocate(base_lg2_);
    if (!frame) return std::nullopt;
    return Placement{*frame, base_lg2_, false};
  }
  void release(const Placement& page, FrameAllocator& frames) override {
    frames.free(page.frame, page.size_lg2);
  }

 private:
  std::uint8_t base_lg2_;
};

// Linux hugetlbfs: a pool set aside at start; a fault takes a page of the pool and never another
// size. Where the pool is empty or the area cannot hold such a page, base pages are used and the
// fall-back is counted (Linux would deliver SIGBUS; a simulation rather goes on and says so).
class HugetlbPool final : public MappingPolicy {
 public:
  HugetlbPool(const PolicySpec& spec, std::vector<std::uint64_t> pool)
      : huge_lg2_(spec.huge_lg2.front()), base_(spec.base_lg2), pool_(std::move(pool)) {}

  std::optional<Placement> place(const FaultPlace& at, FrameAllocator& frames) override {
    if (fits(at, huge_lg2_) && !pool_.empty()) {
      const std::uint64_t frame = pool_.back();
      pool_.pop_back();
      return Placement{frame, huge_lg2_, false};
    }
    std::optional<Placement> page = base_.place(at, frames);
    if (page) page->fell_back = true;
    return page;
  }
  void release(const Placement& page, FrameAllocator& frames) override {
    if (page.size_lg2 == huge_lg2_)
      pool_.push_back(page.frame);
    else
      base_.release(page, frames);
  }
  std::uint64_t idle_reserved_bytes() const override { return pool_.size() << huge_lg2_; }

 private:
  std::uint8_t huge_lg2_;
  BasePages base_;
  std::vector<std::uint64_t> pool_;  // the next page to give is at the back
};

// Linux transparent huge pages, `always`, at fault time only: the largest of the enabled sizes
// whose aligned block lies inside the area, has nothing mapped in it and can be had from the buddy
// allocator; no compaction (mm/memory.c alloc_anon_folio; mm/huge_memory.c).
class TransparentHuge final : public MappingPolicy {
 public:
  explicit TransparentHuge(const PolicySpec& spec)
      : huge_lg2_(spec.huge_lg2), base_(spec.base_lg2) {}

  std::optional<Placement> place(const FaultPlace& at, FrameAllocator& frames) override {
    bool wanted = false;
    for (const std::uint8_t lg2 : huge_lg2_) {
      if (!fits(at, lg2)) continue;
      if (const auto frame = frames.allocate(lg2)) return Placement{*frame, lg2, wanted};
      wanted = true;
    }
    std::optional<Placement> page = base_.place(at, frames);
    if (page) page->fell_back = wanted;
    return page;
  }
  void release(const Placement& page, FrameAllocator& frames) override {
    frames.free(page.frame, page.size_lg2);
  }

 private:
  std::vector<std::uint8_t> huge_lg2_;  // the largest first
  BasePages base_;
};

class Identity final : public MappingPolicy {
 public:
  explicit Identity(const PolicySpec& spec) : spec_(spec) {}
  std::optional<Placement> place(const FaultPlace& at, FrameAllocator&) override {
    if (spec_.kind != PolicyKind::base)
      for (const std::uint8_t lg2 : spec_.huge_lg2)
        if (fits(at, lg2)) return Placement{align_down(at.address, lg2), lg2, false};
    return Placement{align_down(at.address, spec_.base_lg2), spec_.base_lg2,
                     spec_.kind != PolicyKind::base};
  }
  void release(const Placement&, FrameAllocator&) override {}

 private:
  PolicySpec spec_;
};

}  // namespace

std::unique_ptr<MappingPolicy> make_identity_policy(const PolicySpec& spec) {
  return std::make_unique<Identity>(spec);
}

bool fits(const FaultPlace& place, unsigned size_lg2) {
  const std::uint64_t base = align_down(place.address, size_lg2);
  return base >= place.first && base + low_mask(size_lg2) <= place.last && place.vacant(size_lg2);
}

std::unique_ptr<MappingPolicy> make_policy(const PolicySpec& spec, FrameAllocator& frames) {
  switch (spec.kind) {
    case PolicyKind::base:
      return std::make_unique<BasePages>(spec.base_lg2);
    case PolicyKind::thp:
      return std::make_unique<TransparentHuge>(spec);
    case PolicyKind::hugetlb:
      break;
  }
  const unsigned huge_lg2 = spec.huge_lg2.front();
  const std::uint64_t pages = spec.reserved_bytes >> huge_lg2;
  std::vector<std::uint64_t> pool;
  for (std::uint64_t i = 0; i < pages; ++i) {
    const auto frame = frames.allocate(huge_lg2);
    if (!frame) {
      for (const std::uint64_t taken : pool) frames.free(taken, huge_lg2);
      return nullptr;
    }
    pool.push_back(*frame);
  }
  return std::make_unique<HugetlbPool>(spec,
                                       std::vector<std::uint64_t>(pool.rbegin(), pool.rend()));
}

const std::vector<PolicyInfo>& policy_list() {
  static const std::vector<PolicyInfo> list = {
      {"base", PolicyKind::base, 0, "base pages only (the granule: 4K, 16K or 64K)"},
      {"thp", PolicyKind::thp, 0,
       "transparent huge pages at fault time: the largest of thp_sizes (the next table level's "
       "block unless given) whose block is vacant, inside the area and free"},
      {"hugetlb-64K", PolicyKind::hugetlb, 16,
       "arm64 4K granule: pages of 64 KiB from a pool reserved at start"},
      {"hugetlb-2M", PolicyKind::hugetlb, 21, "pages of 2 MiB from a pool reserved at start"},
      {"hugetlb-32M", PolicyKind::hugetlb, 25,
       "arm64 4K and 16K granules: pages of 32 MiB from a pool reserved at start"},
      {"hugetlb-512M", PolicyKind::hugetlb, 29,
       "arm64 64K granule: pages of 512 MiB from a pool reserved at start"},
      {"hugetlb-1G", PolicyKind::hugetlb, 30,
       "all but the arm64 64K granule: pages of 1 GiB from a pool reserved at start"},
      {"hugetlb-16G", PolicyKind::hugetlb, 34,
       "arm64 64K granule: pages of 16 GiB from a pool reserved at start"},
  };
  return list;
}

}  // namespace nestwalk
