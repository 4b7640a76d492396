// Huge-page mapping policies: at a fault, which size of page and which memory. The same policies
// serve the guest kernel (virtual to intermediate) and the host (intermediate to physical).
// Promotion after the fault (khugepaged and its kin) is not here yet.
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "common/memory/frame_allocator.h"

namespace nestwalk {

enum class PolicyKind : std::uint8_t { base, hugetlb, thp };

struct PolicySpec {
  PolicyKind kind = PolicyKind::base;
  std::uint8_t base_lg2 = 12;  // the granule
  // hugetlb: the pool's page size; thp: those tried, the largest first. Sizes that no table entry
  // has are mapped by a row of smaller entries.
  std::vector<std::uint8_t> huge_lg2 = {21};
  std::uint64_t reserved_bytes = 0;  // hugetlb: pool taken from the allocator at start
};

// The place of a fault: the area [first, last] that may be mapped (a VMA, a memory slot), and
// whether the aligned block of 2^n bytes around the address can be mapped as one: nothing in it is.
struct FaultPlace {
  std::uint64_t address = 0;
  std::uint64_t first = 0, last = ~std::uint64_t{0};
  std::function<bool(unsigned size_lg2)> vacant = [](unsigned) { return true; };
};

struct Placement {
  std::uint64_t frame = 0;  // where the page lies, in the output space
  std::uint8_t size_lg2 = 12;
  bool fell_back = false;  // a larger page was wanted here, but there was no block for it
};

class MappingPolicy {
 public:
  virtual ~MappingPolicy() = default;
  // Chooses and takes memory for a fault; nothing: out of memory.
  virtual std::optional<Placement> place(const FaultPlace& place, FrameAllocator& frames) = 0;
  // Gives back what place() took.
  virtual void release(const Placement& placement, FrameAllocator& frames) = 0;
  // Bytes set aside and not in use.
  virtual std::uint64_t idle_reserved_bytes() const { return 0; }
};

// Takes the pool, if any, from `frames`; nothing: the pool does not fit (too little or too
// fragmented memory).
std::unique_ptr<MappingPolicy> make_policy(const PolicySpec& spec, FrameAllocator& frames);

// Maps every address to itself, with pages of the size that `spec` prefers. The memory is the
// caller's; nothing is taken from the allocator.
std::unique_ptr<MappingPolicy> make_identity_policy(const PolicySpec& spec);

// Whether the aligned block of 2^size_lg2 around the place is vacant and inside its area.
bool fits(const FaultPlace& place, unsigned size_lg2);

struct PolicyInfo {
  std::string_view name;
  PolicyKind kind;
  std::uint8_t huge_lg2;  // 0: follows from the granule
  std::string_view description;
};
const std::vector<PolicyInfo>& policy_list();

}  // namespace nestwalk
