// AssocArray against a list of the keys of each set: a key is found exactly if it was filled and
// not dropped or evicted since; evictions happen in full sets only; least recently used goes first.
#include <algorithm>
#include <list>

#include "draws.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

struct Key {
  std::uint64_t key = 0, tag = 0;
  bool operator==(const Key&) const = default;
};

}  // namespace

TEST_CASE("AssocArray: fills, drops and lookups agree with a list for each set") {
  property("any shape, any policy", [] {
    const ArraySpec spec = any_array();
    AssocArray array(spec, *rc::gen::arbitrary<std::uint64_t>());
    std::vector<std::list<Key>> sets(array.sets());  // most recently used first
    std::size_t held = 0;
    for (const Step& step : any_steps()) {
      const Key key{step.address >> 12, step.tag.space};
      const std::size_t set = array.set_of(key.key);
      std::list<Key>& list = sets[set];
      const auto known = std::find(list.begin(), list.end(), key);
      const std::size_t slot = array.find(set, key.key, key.tag, key.tag);
      RC_ASSERT((slot != AssocArray::none) == (known != list.end()));
      if (slot != AssocArray::none) {
        RC_ASSERT((array.valid(slot) && array.key(slot) == key.key && array.tag(slot) == key.tag));
        RC_ASSERT(slot / array.ways() == set);
        if (step.kind == Step::Kind::drop) {
          array.drop(slot);
          list.erase(known);
          --held;
        } else {
          array.used(slot);
          list.splice(list.begin(), list, known);
        }
      } else if (step.kind == Step::Kind::fill) {
        std::vector<Key> before;
        for (unsigned way = 0; way < array.ways(); ++way)
          if (array.valid(set * array.ways() + way))
            before.push_back(
                {array.key(set * array.ways() + way), array.tag(set * array.ways() + way)});
        const AssocArray::Filled filled = array.fill(set, key.key, key.tag);
        RC_ASSERT(filled.slot / array.ways() == set);
        RC_ASSERT(filled.evicted == (list.size() == array.ways()));
        if (filled.evicted) {
          const auto gone = std::find_if(before.begin(), before.end(), [&](const Key& k) {
            return array.find(set, k.key, k.tag, k.tag) == AssocArray::none;
          });
          RC_ASSERT(gone != before.end());
          if (spec.replacement == Replacement::lru) RC_ASSERT(*gone == list.back());
          list.remove(*gone);
          --held;
        }
        list.push_front(key);
        ++held;
      }
      RC_ASSERT(array.occupied() == held);
    }
  });
}
