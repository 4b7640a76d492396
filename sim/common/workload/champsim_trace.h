// The reader of ChampSim's instruction traces (champsim_layout.h). An instruction yields
//  - a fetch of 4 bytes, only when it lies in another page or address space than the one before,
//    since a fetch within the same page asks nothing new of translation;
//  - a read for each source address, then a write for each destination address.
// The records hold no sizes: data accesses are taken as 8 bytes, or what is left of the page.
#pragma once
#include <vector>

#include "common/workload/access_out.h"
#include "common/workload/champsim_layout.h"
#include "common/workload/trace_reader.h"

namespace nestwalk {

class ChampsimTrace final : public TraceReader {
 public:
  ChampsimTrace(ByteStream bytes, const ChampsimLayout& layout);

  std::size_t next(std::span<MemoryAccess> out) override;
  std::uint64_t records() const override { return records_; }
  std::optional<std::uint64_t> instructions() const override { return records_; }

 private:
  bool refill();
  void put(const ChampsimRecord& record);
  void put_fetch(const ChampsimRecord& record);

  ByteStream bytes_;
  ChampsimLayout layout_;
  AccessOut out_;
  std::vector<char> buffer_;  // whole records
  std::size_t begin_ = 0, end_ = 0;
  std::uint64_t records_ = 0;
  std::uint64_t fetched_page_ = 0;
  std::uint8_t fetched_space_ = 0;
  bool fetched_ = false;
};

}  // namespace nestwalk
