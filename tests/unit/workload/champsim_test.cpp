#include <doctest/doctest.h>

#include "support.h"

using namespace workload_test;

namespace {

void put_word(std::string& bytes, std::size_t at, std::uint64_t value) {
  for (std::size_t i = 0; i < 8; ++i) bytes[at + i] = static_cast<char>(value >> 8 * i);
}

struct Instruction {
  std::uint64_t ip = 0x400000;
  std::vector<std::uint64_t> reads{}, writes{};
  char fetch_asid = 0, data_asid = 0;
};

// 64 bytes: destinations @16, sources @32.
std::string record(const Instruction& in) {
  std::string bytes(64, '\0');
  put_word(bytes, 0, in.ip);
  bytes[8] = bytes[9] = 1;
  bytes[10] = bytes[15] = 77;  // registers
  for (std::size_t i = 0; i < in.writes.size(); ++i) put_word(bytes, 16 + 8 * i, in.writes[i]);
  for (std::size_t i = 0; i < in.reads.size(); ++i) put_word(bytes, 32 + 8 * i, in.reads[i]);
  return bytes;
}
// 96 bytes: four destinations @24, sources @56, ASIDs @88.
std::string asid_record(const Instruction& in) {
  std::string bytes(96, '\0');
  put_word(bytes, 0, in.ip);
  bytes[10] = bytes[17] = 77;
  for (std::size_t i = 0; i < in.writes.size(); ++i) put_word(bytes, 24 + 8 * i, in.writes[i]);
  for (std::size_t i = 0; i < in.reads.size(); ++i) put_word(bytes, 56 + 8 * i, in.reads[i]);
  bytes[88] = in.fetch_asid;
  bytes[89] = in.data_asid;
  bytes[95] = 1;  // padding
  return bytes;
}
constexpr auto R = AccessKind::read, W = AccessKind::write, I = AccessKind::fetch;

std::string a_program(std::string (*make)(const Instruction&), std::size_t instructions) {
  std::string bytes;
  for (std::uint64_t i = 0; i < instructions; ++i) {
    Instruction in;
    in.ip = 0x401000 + 4 * i;
    if (i % 3 == 0) in.reads = {0x7fff0000 + 8 * i};
    if (i % 5 == 0) in.writes = {0x602000 + 16 * i};
    bytes += make(in);
  }
  return bytes;
}

}  // namespace

TEST_CASE("champsim: reads, then writes; a fetch only on entering another page") {
  const auto found =
      read_all(TraceFormat::champsim, record({0x400ffc, {0x1000, 0, 0x2ffd}, {0x3000, 0x4000}}) +
                                          record({0x400000, {}, {}}) + record({0x401ffe, {9}, {}}) +
                                          record({0x400ffc, {}, {}}));
  const std::vector<MemoryAccess> expected{
      {Va{0x400ffc}, I, 4, 0, false}, {Va{0x1000}, R, 8, 0, false},  {Va{0x2ffd}, R, 3, 0, false},
      {Va{0x3000}, W, 8, 0, false},   {Va{0x4000}, W, 8, 0, false},  {Va{0x401ffe}, I, 2, 0, false},
      {Va{9}, R, 8, 0, false},        {Va{0x400ffc}, I, 4, 0, false}};
  CHECK(found == expected);
}

TEST_CASE("champsim with ASIDs: four destinations, one ASID for fetches and one for data") {
  const auto found = read_all(TraceFormat::champsim_asid,
                              asid_record({0x400000, {1, 2, 3, 4}, {5, 6, 7, 8}, 1, 2}) +
                                  asid_record({0x400004, {}, {}, char(0xff), 2}));
  REQUIRE(found.size() == 10);
  CHECK(found[0] == MemoryAccess{Va{0x400000}, I, 4, 1, false});
  for (std::uint64_t i = 1; i <= 8; ++i)
    CHECK(found[i] == MemoryAccess{Va{i}, i <= 4 ? R : W, 8, 2, false});
  // The same page in another address space is another page.
  CHECK(found[9] == MemoryAccess{Va{0x400004}, I, 4, 255, false});
}

TEST_CASE("champsim: a truncated record and a foreign file are refused by record and byte") {
  const std::string ten = a_program(record, 10);
  CHECK(error_of([&] { read_all(TraceFormat::champsim, ten + std::string(17, 'x')); }) ==
        "trace: truncated: record 11 at byte 640 has 17 of 64 bytes");
  const std::string many = a_program(record, 5000);
  CHECK(error_of([&] { read_all(TraceFormat::champsim, many.substr(0, many.size() - 1)); }) ==
        "trace: truncated: record 5000 at byte 319936 has 63 of 64 bytes");
  std::string foreign = many;
  foreign[64 * 3000 + 8] = 2;
  CHECK(error_of([&] { read_all(TraceFormat::champsim, foreign); }) ==
        "trace: record 3001 at byte 192000: the branch flags are neither 0 nor 1; this is no "
        "64-byte ChampSim record");
}

TEST_CASE("champsim: records are counted, batches do not matter") {
  const std::string bytes = a_program(record, 5000);
  const auto reader = make_trace_reader(TraceFormat::champsim, bytes_of(bytes));
  const auto whole = collect(*reader, 1000);
  CHECK(reader->records() == 5000);
  CHECK(whole.size() == 5 + 1667 + 1000);  // 20,000 bytes of code in five pages
  CHECK(read_all(TraceFormat::champsim, bytes, 1) == whole);
  CHECK(read_all(TraceFormat::champsim, bytes, 3) == whole);
}

TEST_CASE("both binary forms are recognised by their records") {
  CHECK(recognise_trace(a_program(record, 300), "x") == TraceFormat::champsim);
  CHECK(recognise_trace(a_program(asid_record, 300), "x") == TraceFormat::champsim_asid);
  CHECK(read_all(TraceFormat::automatic, a_program(asid_record, 300)) ==
        read_all(TraceFormat::champsim_asid, a_program(asid_record, 300)));
}

TEST_CASE("bytes that fit both forms are decided by the name, or refused") {
  const std::string both = asid_record({0x400000, {}, {}});
  REQUIRE(both.size() == 96);
  CHECK(recognise_trace(both, "x.trace.xz") == std::nullopt);
  CHECK(recognise_trace(both, "cassandra.cloudsuite.xz") == TraceFormat::champsim_asid);
}
