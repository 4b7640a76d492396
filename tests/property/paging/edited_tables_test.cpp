// EditedTables against a plain map: after any sequence of edits, of tables of any shape, lookups
// and walks give what is mapped, vacant blocks are vacant, and nothing else is there. The format is
// the odd one, so that nothing rests on what real formats share.
#include "common/paging/edited_tables.h"

#include <map>
#include <ostream>

#include "common/paging/walk.h"
#include "property/property.h"
#include "unit/paging/map_memory.h"
#include "unit/paging/odd_format.h"

using namespace nestwalk;
using namespace nestwalk::test;

namespace {

constexpr unsigned most_levels = 5;

// An address by its index in every table: few of them, so that edits meet.
struct Place {
  std::array<unsigned, most_levels> index{};  // by height: 0, 1, or 2 for the last
  unsigned offset = 0;

  std::uint64_t in(const OddShape& s) const {
    const OddStage2 f(s);
    std::uint64_t at = offset;
    for (int h = 0; h < s.levels; ++h) {
      const std::uint64_t last = low_mask(s.stride[static_cast<std::size_t>(h)]);
      const unsigned chosen = index[static_cast<std::size_t>(h)];
      at |= (chosen == 2 ? last : chosen) << f.leaf_lg2(h);
    }
    return at;
  }
};

struct Edit {
  enum class Kind : std::uint8_t { map, unmap, protect, look } kind = Kind::map;
  Place place;
  int height = 0;         // map: of the leaf, taken down to one that may stand there
  unsigned row_lg2 = 0;   // map: lg2 of the number of leaves, as far as one table holds them
  std::uint64_t out = 0;  // map: in blocks of that size
  MapRights rights{};
};
std::ostream& operator<<(std::ostream& out, const Edit& e) {
  constexpr std::string_view names[] = {"map", "unmap", "protect", "look"};
  out << "\n  " << names[static_cast<unsigned>(e.kind)] << " [";
  for (const unsigned index : e.place.index) out << index;
  out << "]+" << e.place.offset;
  if (e.kind == Edit::Kind::map)
    out << " height " << e.height << " row 2^" << e.row_lg2 << " out " << e.out;
  return out << (e.rights.write ? "" : " read-only") << (e.rights.execute ? "" : " no-execute");
}

rc::Gen<MapRights> any_rights() {
  return rc::gen::build<MapRights>(rc::gen::set(&MapRights::read), rc::gen::set(&MapRights::write),
                                   rc::gen::set(&MapRights::execute),
                                   rc::gen::set(&MapRights::user), rc::gen::set(&MapRights::dirty));
}
rc::Gen<Edit> any_edit() {
  using K = Edit::Kind;
  return rc::gen::build<Edit>(
      rc::gen::set(&Edit::kind, rc::gen::weightedElement<K>(
                                    {{4, K::map}, {2, K::unmap}, {1, K::protect}, {1, K::look}})),
      rc::gen::set(
          &Edit::place,
          rc::gen::build<Place>(
              rc::gen::set(&Place::index, rc::gen::container<std::array<unsigned, most_levels>>(
                                              rc::gen::inRange(0u, 3u))),
              rc::gen::set(&Place::offset, rc::gen::inRange(0u, 4096u)))),
      rc::gen::set(&Edit::height, rc::gen::weightedElement<int>({{4, 0}, {3, 1}, {2, 2}, {1, 3}})),
      rc::gen::set(&Edit::row_lg2,
                   rc::gen::weightedElement<unsigned>({{4, 0}, {1, 1}, {2, 2}, {2, 3}})),
      rc::gen::set(&Edit::out, rc::gen::inRange<std::uint64_t>(0, 64)),
      rc::gen::set(&Edit::rights, any_rights()));
}

OddShape any_shape() {
  OddShape shape;
  shape.levels = static_cast<std::uint8_t>(*rc::gen::inRange(1, static_cast<int>(most_levels) + 1));
  for (auto& stride : shape.stride) stride = static_cast<std::uint8_t>(*rc::gen::inRange(2, 8));
  shape.leaf_heights = static_cast<std::uint8_t>(1 | *rc::gen::inRange(0, 16));
  shape.hardware_flags = *rc::gen::arbitrary<bool>();
  return shape;
}

struct Block {
  std::uint64_t out = 0;
  unsigned lg2 = 12;       // of the whole
  unsigned leaf_lg2 = 12;  // of one of its leaves
  MapRights rights{};
};

class Model {
 public:
  Model(const OddShape& shape, bool marks_runs)
      : shape_(shape), marks_runs_(marks_runs), tables_(OddStage2(shape), io_, marks_runs) {}

  void apply(const Edit& edit) {
    const std::uint64_t in = edit.place.in(shape_);
    switch (edit.kind) {
      case Edit::Kind::map:
        map(edit, in);
        break;
      case Edit::Kind::unmap: {
        const auto held = holder(in);
        if (held != blocks_.end() && held->second.lg2 != held->second.leaf_lg2) {
          tables_.unmap_block(in, held->second.lg2, io_);
          blocks_.erase(held);
          break;
        }
        const auto gone = tables_.unmap(in, io_);
        RC_ASSERT(gone.has_value() == (held != blocks_.end()));
        if (gone) {
          RC_ASSERT(gone->in == held->first);
          blocks_.erase(held);
        }
        break;
      }
      case Edit::Kind::protect: {
        const auto held = holder(in);
        if (held != blocks_.end() && held->second.lg2 != held->second.leaf_lg2) break;
        RC_ASSERT(tables_.protect(in, edit.rights, io_).has_value() == (held != blocks_.end()));
        if (held != blocks_.end()) held->second.rights = edit.rights;
        break;
      }
      case Edit::Kind::look:
        break;
    }
    check(in);
  }
  void check_all() {
    const std::uint64_t space = low_mask(tables_.input_bits());
    for (const auto& [base, block] : blocks_)
      for (const std::uint64_t in :
           {base - 1, base, base + low_mask(block.lg2), base + one(block.lg2)})
        check(in & space);
  }

 private:
  using Blocks = std::map<std::uint64_t, Block>;
  Blocks::iterator holder(std::uint64_t in) {
    auto at = blocks_.upper_bound(in);
    if (at == blocks_.begin()) return blocks_.end();
    --at;
    return in - at->first < one(at->second.lg2) ? at : blocks_.end();
  }

  void map(const Edit& edit, std::uint64_t in) {
    int height = std::min<int>(edit.height, shape_.levels - 1);
    while (!(shape_.leaf_heights >> height & 1)) --height;
    const unsigned leaf_lg2 = OddStage2(shape_).leaf_lg2(height);
    const unsigned lg2 = leaf_lg2 + edit.row_lg2;
    if (tables_.leaf_for(lg2) != leaf_lg2 || lg2 > OddStage2(shape_).span_lg2(height)) return;
    if (!tables_.vacant(in, lg2, io_)) return;
    const std::uint64_t base = align_down(in, lg2), out = edit.out << lg2;
    if (out >> shape_.out_bits) return;
    const std::uint64_t before = io_.next_table;
    const unsigned made = tables_.map(base, out, lg2, edit.rights, io_);
    RC_ASSERT((made != 0) == (io_.next_table != before));
    blocks_[base] = {out, lg2, leaf_lg2, edit.rights};
  }

  void check(std::uint64_t in) {
    const auto held = holder(in);
    const auto found = tables_.lookup(in, io_);
    RC_ASSERT(found.has_value() == (held != blocks_.end()));
    if (found) RC_ASSERT(io_.words.at(found->entry_at) == found->word);
    // What is vacant holds no mapping; what is mapped is not vacant.
    RC_ASSERT(tables_.vacant(in, 12, io_) != found.has_value());
    for (unsigned lg2 = 12; lg2 <= tables_.input_bits() && tables_.vacant(in, lg2, io_); ++lg2) {
      const std::uint64_t base = align_down(in, lg2);
      const auto next = blocks_.lower_bound(base);
      RC_ASSERT((next == blocks_.end() || next->first - base >= one(lg2)));
      RC_ASSERT(holder(base) == blocks_.end());
    }
    for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch})
      for (const bool user : {false, true}) walk(in, {.type = type, .user = user});
    if (!found) return;
    const unsigned leaf_lg2 = held->second.leaf_lg2;
    RC_ASSERT(unsigned{found->size_lg2} == leaf_lg2);
    RC_ASSERT(found->in == align_down(in, leaf_lg2));
    RC_ASSERT(found->out == held->second.out + (found->in - held->first));
  }

  void walk(std::uint64_t in, const Access& access) {
    const auto held = holder(in);
    NoWalkCache none;
    const auto walked =
        nestwalk::walk(OddStage2(shape_, tables_.root()), Ipa{in}, access, io_, none);
    if (held == blocks_.end()) {
      RC_ASSERT(walked.fault.cause == FaultCause::not_present);
      return;
    }
    const MapRights& r = held->second.rights;
    const bool allowed = (access.type == AccessType::read    ? r.read
                          : access.type == AccessType::write ? r.write
                                                             : r.execute) &&
                         (r.user || !access.user);
    RC_ASSERT((walked.fault.cause == FaultCause::none) == allowed);
    if (!allowed) return;
    RC_ASSERT(walked.out.value == held->second.out + (in - held->first));
    // Runs are of four leaves; a row that holds whole ones is marked throughout.
    const Block& block = held->second;
    const unsigned run_lg2 = block.leaf_lg2 + 2;
    const bool marked = marks_runs_ && block.lg2 >= run_lg2;
    RC_ASSERT(unsigned{walked.size_lg2} == (marked ? run_lg2 : block.leaf_lg2));
  }

  OddShape shape_;
  bool marks_runs_;
  MapMemory io_;
  EditedTables<OddStage2> tables_;
  Blocks blocks_;
};

}  // namespace

TEST_CASE("EditedTables is a map from blocks to blocks, for tables of any shape") {
  property("edits, lookups, walks", [] {
    Model model(any_shape(), *rc::gen::arbitrary<bool>());
    for (const Edit& edit : *rc::gen::container<std::vector<Edit>>(any_edit())) model.apply(edit);
    model.check_all();
  });
}
