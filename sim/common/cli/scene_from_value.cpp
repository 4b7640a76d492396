#include "common/cli/scene_from_value.h"

#include <map>

#include "common/base/check.h"
#include "common/scenario/run.h"

namespace nestwalk::cli {

using config::Value;
using namespace scenario;

namespace {

// The value that a choice stands for; the layout has checked that it is one of them.
template <class T>
T chosen(const Value& value, const std::map<std::string_view, T>& meanings) {
  const auto found = meanings.find(value.as_text());
  NW_CHECK(found != meanings.end(), "'{}' has no meaning", value.as_text());
  return found->second;
}

Place place_of(const Value& value) {
  const UserError at = value.error("");
  return {at.file, at.line, at.key};
}

std::uint8_t size_lg2(const Value& value) {
  return chosen<std::uint8_t>(value, {{"4K", 12}, {"2M", 21}, {"1G", 30}, {"none", 0}});
}
std::uint64_t size_bytes(const Value& value) {
  const unsigned lg2 = size_lg2(value);
  return lg2 ? std::uint64_t{1} << lg2 : 0;
}

Access access_of(const Value& keys) {
  Access access;
  access.type = chosen<AccessType>(
      keys.at("type"),
      {{"read", AccessType::read}, {"write", AccessType::write}, {"fetch", AccessType::fetch}});
  access.user = !keys.at("privileged").as_bool();
  return access;
}

BackingKind backing_of(const Value& value) {
  return chosen<BackingKind>(value, {{"4K", BackingKind::small},
                                     {"THP", BackingKind::transparent_huge},
                                     {"2M", BackingKind::pool_2m},
                                     {"1G", BackingKind::pool_1g}});
}

// Of memory.slots and of steps about slots: whatever keys there are.
SlotSpec slot_of(const Value& keys, std::string_view bytes_key) {
  SlotSpec slot;
  slot.id = static_cast<std::uint16_t>(keys.at("slot").as_uint());
  if (const Value* gpa = keys.find("gpa")) slot.gpa = Ipa{gpa->as_uint()};
  if (const Value* bytes = keys.find(bytes_key)) slot.bytes = bytes->as_uint();
  if (const Value* backing = keys.find("backing")) slot.backing = backing_of(*backing);
  if (const Value* offset = keys.find("host_offset")) slot.host_offset_bytes = offset->as_uint();
  if (const Value* flag = keys.find("read_only")) slot.read_only = flag->as_bool();
  if (const Value* flag = keys.find("log")) slot.log_dirty = flag->as_bool();
  return slot;
}

std::optional<UnmapInvalidation> invalidation_of(const Value& value) {
  using Kind = std::optional<UnmapInvalidation>;
  return chosen<Kind>(value, {{"none", std::nullopt},
                              {"address", UnmapInvalidation::address},
                              {"space", UnmapInvalidation::space},
                              {"vm", UnmapInvalidation::vm}});
}

Do act_of(const Value& value) {
  for (int i = 0; i <= static_cast<int>(Do::protect_host); ++i)
    if (name_of(static_cast<Do>(i)) == value.as_text()) return static_cast<Do>(i);
  NW_CHECK(false, "no act is called '{}'", value.as_text());
}

void set_rights(const Value& keys, Step& step) {
  const auto flag = [&](std::string_view key, bool& right) {
    if (const Value* value = keys.find(key)) right = value->as_bool();
  };
  flag("writable", step.rights.write);
  flag("user", step.rights.user);
  flag("executable", step.rights.execute);
  flag("accessed", step.rights.accessed);
  flag("dirty", step.rights.dirty);
  flag("readable", step.readable);
  flag("writable", step.writable);
  flag("flush", step.flush);
}

Step step_of(const Value& keys) {
  Step step;
  step.place = place_of(keys);
  step.act = act_of(keys.at("do"));
  set_rights(keys, step);
  if (const Value* vcpu = keys.find("vcpu")) step.vcpu = static_cast<unsigned>(vcpu->as_uint());
  if (const Value* at = keys.find("address")) step.address = at->as_uint();
  if (const Value* to = keys.find("to")) step.to = to->as_uint();
  if (const Value* size = keys.find("size")) step.size_lg2 = size_lg2(*size);
  if (const Value* bytes = keys.find("bytes")) step.bytes = bytes->as_uint();
  if (const Value* what = keys.find("invalidate")) step.invalidation = invalidation_of(*what);
  if (const Value* what = keys.find("what")) step.invalidation = invalidation_of(*what);
  if (const Value* reach = keys.find("reach"))
    step.reach = chosen<Reach>(*reach, {{"all", Reach::every_vcpu}, {"local", Reach::one_vcpu}});
  if (keys.has("type")) step.access = access_of(keys);
  if (const Value* table = keys.find("table"))
    step.stage = chosen<Stage>(*table, {{"guest", Stage::guest}, {"second_stage", Stage::second}});
  if (const Value* height = keys.find("height")) step.height = static_cast<int>(height->as_uint());
  if (const Value* value = keys.find("value")) step.word = value->as_uint();
  if (keys.has("slot"))
    step.slot = slot_of(keys, "bytes");
  else if (const Value* gpa = keys.find("gpa"))
    step.address = gpa->as_uint();
  return step;
}

ExpectedExit exit_of(const Value& keys) {
  ExpectedExit exit{keys.at("reason").as_text(), {}, {}};
  if (const Value* code = keys.find("code")) exit.code = code->as_uint();
  if (const Value* gpa = keys.find("gpa")) exit.gpa = gpa->as_uint();
  return exit;
}

ExpectedLeaf leaf_of(const Value& keys) {
  ExpectedLeaf leaf;
  leaf.gpa = keys.at("gpa").as_uint();
  if (const Value* size = keys.find("size")) leaf.bytes = size_bytes(*size);
  if (const Value* flag = keys.find("writable")) leaf.writable = flag->as_bool();
  if (const Value* flag = keys.find("executable")) leaf.executable = flag->as_bool();
  return leaf;
}

ExpectedCounters counters_of(const Value& keys) {
  ExpectedCounters counters;
  const auto count = [&](std::string_view key, std::optional<std::uint64_t>& counter) {
    if (const Value* value = keys.find(key)) counter = value->as_uint();
  };
  count("exits", counters.exits);
  count("mapped", counters.mapped);
  count("zapped", counters.zapped);
  count("spurious", counters.spurious);
  count("mmio", counters.mmio);
  count("flushes", counters.flushes);
  return counters;
}

Expect expect_of(const Value& keys) {
  Expect expect;
  expect.place = place_of(keys);
  if (const Value* result = keys.find("result"))
    expect.result = chosen<End>(*result, {{"ok", End::ok},
                                          {"fault", End::fault},
                                          {"mmio", End::mmio},
                                          {"external_abort", End::external_abort},
                                          {"refused", End::refused},
                                          {"no_progress", End::no_progress}});
  if (const Value* violation = keys.find("violation"))
    expect.violation = chosen<Violation>(*violation, {{"none", Violation::none},
                                                      {"stale", Violation::stale},
                                                      {"isolation", Violation::isolation}});
  if (const Value* gpa = keys.find("gpa")) expect.gpa = gpa->as_uint();
  if (const Value* size = keys.find("guest_size")) expect.guest_bytes = size_bytes(*size);
  if (const Value* size = keys.find("host_size")) expect.host_bytes = size_bytes(*size);
  if (const Value* fault = keys.find("fault")) expect.fault = exit_of(*fault);
  if (const Value* exits = keys.find("exits")) {
    expect.exits.emplace();
    for (const Value& exit : exits->items()) expect.exits->push_back(exit_of(exit));
  }
  if (const Value* dirty = keys.find("dirty")) {
    expect.dirty.emplace();
    for (const Value& page : dirty->items()) expect.dirty->push_back(page.as_uint());
  }
  if (const Value* leaves = keys.find("leaves"))
    for (const Value& leaf : leaves->items()) expect.leaves.push_back(leaf_of(leaf));
  if (const Value* looks = keys.find("tlb"))
    for (const Value& look : looks->items())
      expect.tlb.push_back({static_cast<unsigned>(look.at("vcpu").as_uint()),
                            look.at("address").as_uint(), access_of(look),
                            look.at("holds").as_bool()});
  if (const Value* counters = keys.find("counters")) expect.counters = counters_of(*counters);
  return expect;
}

}  // namespace

Scene scene_from(const Value& file) {
  Scene scene;
  scene.name = file.at("scenario").as_text();
  scene.place = place_of(file.at("memory"));
  scene.vcpus = static_cast<unsigned>(file.at("machine.vcpus").as_uint());
  scene.guest_tables = Ipa{file.at("memory.guest_tables").as_uint()};
  for (const Value& slot : file.at("memory.slots").items())
    scene.slots.push_back(slot_of(slot, "size"));
  for (const Value& keys : file.at("steps").items()) {
    StepAndExpect& step = scene.steps.emplace_back(StepAndExpect{step_of(keys), {}});
    if (const Value* expect = keys.find("expect")) step.expect = expect_of(*expect);
  }
  return scene;
}

}  // namespace nestwalk::cli
