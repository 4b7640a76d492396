// Fuzz target for the walk core: arbitrary registers, arbitrary tables. Every pointer in a table
// leads back into the fuzzer's bytes, so that anything can follow anything. No crash, no hang: a
// walk reads a bounded number of entries, whatever they hold.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "arm64/engine.h"
#include "common/base/random.h"
#include "x86/engine.h"

namespace {

using namespace nestwalk;

// 5 over 5 levels make 35 reads; flags to set may have an entry read and decoded again.
constexpr unsigned most_reads = 200;

class FuzzedMemory final : public WalkPort {
 public:
  explicit FuzzedMemory(std::vector<std::uint64_t> words) : words_(std::move(words)) {}
  bool read(Pa at, unsigned bytes, RefPosition, std::uint64_t& word) override {
    if (++reads_ > most_reads) std::abort();
    word = slot(at);
    if (bytes == 4) word = static_cast<std::uint32_t>(word >> (at.value & 4) * 8);
    return (word & 0xff) != 0xbe;  // some addresses do not answer
  }
  bool update(Pa at, unsigned bytes, RefPosition, std::uint64_t& word,
              std::uint64_t wanted) override {
    if (bytes == 8) slot(at) = wanted;
    (void)word;
    return true;
  }

 private:
  std::uint64_t& slot(Pa at) { return words_[(at.value >> 3) % words_.size()]; }
  std::vector<std::uint64_t> words_;
  unsigned reads_ = 0;
};

WalkCachesSpec small_caches() {
  WalkCachesSpec spec;
  for (std::uint8_t height = 0; height < 4; ++height) {
    spec.stage1.push_back({height, {4, 2, Replacement::lru}});
    spec.stage2.push_back({height, {4, 2, Replacement::lru}});
  }
  spec.stage2_tlb = {4, 2, Replacement::lru};
  return spec;
}

// Takes words from the input one after another; zeros when it is used up.
struct Input {
  const std::uint8_t* data;
  std::size_t left;
  std::uint64_t word() {
    std::uint64_t value = 0;
    const std::size_t count = left < 8 ? left : 8;
    std::memcpy(&value, data, count);
    data += count;
    left -= count;
    return value;
  }
};

void walk(TranslationEngine& engine, Input& input) {
  WalkCaches caches(small_caches(), 1);
  const Va va{input.word()};
  const std::uint64_t how = input.word();
  Access access{static_cast<AccessType>(how % 3), (how & 4) != 0};
  std::vector<std::uint64_t> words;
  while (input.left) words.push_back(input.word());
  if (words.empty()) words.push_back(0);
  FuzzedMemory memory(std::move(words));
  const WalkReply reply = engine.walk(va, access, caches, memory);
  if (reply.fault)
    (void)engine.describe(reply.fault, va, access);
  else if (reply.entry.translate(va) != reply.pa)
    std::abort();
}

void walk_x86(Input& input) {
  x86::Cpu cpu;
  const std::uint64_t choice = input.word();
  cpu.vendor = choice & 1 ? x86::Vendor::amd : x86::Vendor::intel;
  cpu.maxphyaddr = static_cast<std::uint8_t>(36 + (choice >> 8) % 17);
  x86::Engine engine(cpu);
  x86::Registers registers;
  registers.cr0 = input.word();
  registers.cr3 = input.word();
  registers.cr4 = input.word();
  registers.efer = input.word();
  x86::VirtualMachine vm;
  vm.paging = static_cast<x86::VirtualMachine::Paging>((choice >> 1) % 3);
  // The length of an EPT walk is checked at VM entry.
  vm.eptp = (input.word() & ~std::uint64_t{0x3f}) | (choice & 0x80 ? 4 << 3 : 3 << 3) | 6;
  vm.ncr3 = input.word();
  vm.host.cr0 = input.word() | 0x80000001;
  vm.host.cr4 = input.word();
  vm.host.efer = input.word();
  engine.set(registers, vm);
  walk(engine, input);
}

void walk_arm64(Input& input) {
  arm64::Registers registers;
  for (std::uint64_t* word :
       {&registers.sctlr_el1, &registers.tcr_el1, &registers.ttbr0_el1, &registers.ttbr1_el1,
        &registers.sctlr_el2, &registers.tcr_el2, &registers.ttbr0_el2, &registers.ttbr1_el2,
        &registers.hcr_el2, &registers.vtcr_el2, &registers.vttbr_el2})
    *word = input.word();
  const std::uint64_t choice = input.word();
  const arm64::Features features = choice & 1 ? arm64::Features::all() : arm64::Features{};
  arm64::Engine engine(features, {}, registers,
                       {.el = static_cast<std::uint8_t>((choice >> 1) % 3),
                        .pan = (choice & 8) != 0,
                        .uao = (choice & 16) != 0});
  walk(engine, input);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  Input input{data + 1, size - 1};
  if (data[0] & 1)
    walk_arm64(input);
  else
    walk_x86(input);
  return 0;
}

#ifdef NESTWALK_FUZZ_REPLAY
// Without libFuzzer: random inputs from a fixed seed, as a test.
int main() {
  nestwalk::Random random(1);
  for (unsigned round = 0; round < 200'000; ++round) {
    std::vector<std::uint8_t> bytes(1 + random.below(1200));
    for (std::uint8_t& byte : bytes) byte = static_cast<std::uint8_t>(random.bits64());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return 0;
}
#endif
