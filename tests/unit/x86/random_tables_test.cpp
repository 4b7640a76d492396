// Walks over memory full of random words: they end, read no more than the tables allow, and what
// they say is well formed.
#include <unordered_map>

#include "bench.h"
#include "common/base/random.h"

namespace nestwalk::x86::test {
namespace {

// Every word is random, but most are good entries; what is written stays.
class NoisePort final : public WalkPort {
 public:
  explicit NoisePort(std::uint64_t seed) : seed_(seed) {}
  bool read(Pa at, unsigned bytes, RefPosition, std::uint64_t& word) override {
    ++reads;
    word = word_at(at, bytes);
    return true;
  }
  bool update(Pa at, unsigned bytes, RefPosition, std::uint64_t& word,
              std::uint64_t wanted) override {
    const std::uint64_t now = word_at(at, bytes);
    if (now == word)
      written_[at.value] = wanted;
    else
      word = now;
    return true;
  }
  std::uint64_t reads = 0;

 private:
  std::uint64_t word_at(Pa at, unsigned bytes) const {
    const auto found = written_.find(at.value);
    if (found != written_.end()) return found->second;
    std::uint64_t word = derive_seed(seed_, at.value);
    const std::uint64_t choice = derive_seed(seed_ + 1, at.value);
    if (choice & 15) {  // an entry that every format takes for present and well formed
      const bool large = (choice >> 4 & 7) == 0;
      word &= large ? field_mask(31, 30) : field_mask(31, 12);
      word |= (choice >> 7 & 63 ? 7u : 5u) | one(10) | (large ? one(7) : 0);
    }
    return bytes == 4 ? word & 0xffffffff : word;
  }

  std::uint64_t seed_;
  std::unordered_map<std::uint64_t, std::uint64_t> written_;
};

}  // namespace

TEST_CASE("random tables in every mode: no crash, no endless walk") {
  using enum PagingKind;
  WalkCachesSpec caches_spec;
  caches_spec.stage1 = {{0, {4, 0}}, {1, {4, 0}}, {2, {4, 0}}};
  caches_spec.stage2 = caches_spec.stage1;
  caches_spec.stage2_tlb = {8, 0};
  for (const Paging host : {Paging::none, Paging::ept, Paging::npt})
    for (const PagingKind guest : {off, two_level, pae, four_level, five_level})
      for (const PagingKind host_kind : {two_level, pae, four_level, five_level}) {
        if (host == Paging::ept && (host_kind == two_level || host_kind == pae)) continue;
        BenchSpec spec;
        spec.guest = guest;
        spec.host = host;
        spec.host_kind = host_kind;
        spec.ept_accessed_dirty = true;
        spec.mode_based_execute = true;
        spec.cpu.maxphyaddr = 40;
        Bench b(spec);
        std::size_t completed = 0;
        for (std::uint64_t seed = 0; seed < 400; ++seed) {
          NoisePort port(seed);
          WalkCaches caches(caches_spec, seed);
          Random random(seed);
          for (int i = 0; i < 4; ++i) {
            const Access access{static_cast<AccessType>(random.below(3)), random.below(2) == 0};
            const Va va{sign_extend(random.bits64(), guest == five_level ? 57 : 48)};
            port.reads = 0;
            const WalkReply reply = b.engine.walk(va, access, caches, port);
            CHECK(port.reads <= 2 * 35);  // an update may translate its address again
            if (reply.fault) {
              CHECK(reply.fault.stage >= 1);
              CHECK_FALSE(b.engine.describe(reply.fault, va, access).empty());
              continue;
            }
            ++completed;
            CHECK(reply.pa.value < one(40));
            CHECK(reply.entry.translate(va) == reply.pa);
            CHECK(b.engine.serves(reply.entry.attributes, access));
          }
        }
        // PDPTEs of PAE paging have other reserved bits: there walks end early.
        const bool some_complete = guest != pae && (host == Paging::none || host_kind != pae);
        if (some_complete) CHECK(completed > 0);
      }
}

}  // namespace nestwalk::x86::test
