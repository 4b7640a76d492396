// A reader holds a bounded part of its trace: how far the input is ahead of what was delivered.
#include <doctest/doctest.h>

#include <streambuf>

#include "support.h"

using namespace workload_test;

namespace {

// Gives one block again and again, and counts.
class Repeating : public std::streambuf {
 public:
  Repeating(std::string block, std::uint64_t times) : block_(std::move(block)), left_(times) {}
  std::uint64_t given_bytes() const { return given_bytes_; }

 protected:
  int_type underflow() override {
    if (left_ == 0) return traits_type::eof();
    --left_;
    given_bytes_ += block_.size();
    setg(block_.data(), block_.data(), block_.data() + block_.size());
    return traits_type::to_int_type(block_[0]);
  }

 private:
  std::string block_;
  std::uint64_t left_, given_bytes_ = 0;
};

// The furthest that the input was ahead of the records delivered, in bytes of input.
std::uint64_t furthest_ahead(TraceFormat format, const std::string& block,
                             std::uint64_t records_in_block, std::uint64_t times) {
  Repeating input(block, times);
  const auto reader =
      make_trace_reader(format, ByteStream(std::make_unique<std::istream>(&input), "trace"));
  std::vector<MemoryAccess> out(1000);
  std::uint64_t furthest = 0;
  while (reader->next(out) != 0) {
    const std::uint64_t delivered = reader->records() / records_in_block * block.size();
    furthest = std::max(furthest, input.given_bytes() - std::min(delivered, input.given_bytes()));
  }
  CHECK(reader->records() == records_in_block * times);
  return furthest;
}

}  // namespace

TEST_CASE("a text trace of 32 MiB is never more than a few buffers in memory") {
  std::string block;
  for (int i = 0; i < 1000; ++i) block += "R 1000 8\n";
  CHECK(furthest_ahead(TraceFormat::plain, block, 1000, 3700) < 1 << 20);
}

TEST_CASE("a binary trace of 32 MiB likewise") {
  std::string record(64, '\0');
  record[2] = 0x40;
  record[32 + 1] = 0x10;
  CHECK(furthest_ahead(TraceFormat::champsim, record, 1, 500'000) < 1 << 20);
}

TEST_CASE("compressed traces likewise: one stream after the other") {
  std::string block;
  for (int i = 0; i < 20'000; ++i) block += "W " + std::to_string(i * 7919 % 100'003) + "\n";
  for (const auto& packed : {gzipped(block), xzipped(block), zstandard(block)})
    CHECK(furthest_ahead(TraceFormat::plain, packed, 20'000, 60) < 1 << 20);
}
