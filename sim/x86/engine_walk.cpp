// The engine's walks: one stage, or a stage-1 walk over the tables of the second (the walker itself
// is paging/walk.h).
#include "common/mmu/stage1_tables.h"
#include "x86/engine.h"
#include "x86/tlb_attributes.h"

namespace nestwalk::x86 {
namespace {

using Paging = VirtualMachine::Paging;
using WalkedGuest = Walked<GuestFormat>;

// Without stage 1 linear addresses have 32 bits (legacy modes only).
Va linear_address(Va va, const PagingGeometry& geometry) {
  return geometry.canonical ? va : Va{va.value & low_mask(32)};
}

TlbAttributes attributes_of(const WalkedGuest& walked) {
  TlbAttributes attributes;
  attributes.rights = walked.path.rights & GuestFormat::rights_of(walked.word);
  attributes.dirty = bit(walked.word, pte_d);
  attributes.protection_key = static_cast<std::uint8_t>(GuestFormat::key_of(walked.word));
  return attributes;
}

// Exit-qualification bits 11:9, of the linear page (SDM 28.2.1, table of EPT violations). With
// paging off a page is a user's, writable and executable.
std::uint32_t linear_page_detail(Rights rights) {
  return (rights & right_user ? detail_user_linear : 0) |
         (rights & right_write ? detail_writable_linear : 0) |
         (rights & right_execute ? 0 : detail_execute_disabled_linear);
}

template <class F2>
std::uint8_t second_stage_allows(const Stage2<F2>& stage2, const Stage2Leaf& leaf, Access access) {
  std::uint8_t allowed = 0;
  for (const AccessType type : {AccessType::read, AccessType::write, AccessType::fetch}) {
    access.type = type;
    allowed |=
        static_cast<std::uint8_t>(stage2.serves(leaf, access) << static_cast<unsigned>(type));
  }
  return allowed;
}

void set_entry(WalkReply& reply, Va va, Tag tag, std::uint8_t size_lg2, bool global,
               const TlbAttributes& attributes) {
  reply.entry.page = va.aligned(size_lg2);
  reply.entry.frame = reply.pa.aligned(size_lg2);
  reply.entry.tag = tag;
  reply.entry.size_lg2 = size_lg2;
  reply.entry.global = global;
  reply.entry.leaf_lg2 = reply.stage1_size_lg2;
  reply.entry.attributes = attributes.packed();
}

}  // namespace

WalkReply Engine::walk(Va va, const Access& access, WalkCaches& caches, WalkPort& port) {
  if (pdptes_due_) [[unlikely]] {
    const LoadOutcome load = load_pdptes(registers_, caches, port);
    NW_CHECK(!load.general_protection, "the space's PDPTEs have reserved bits set");
    if (load.fault) {
      WalkReply reply;
      reply.fault = load.fault;
      return reply;
    }
    pdptes_due_ = false;
    refresh();
  }
  va = linear_address(va, guest_.geometry());
  switch (vm_.paging) {
    case Paging::none:
      break;
    case Paging::ept:
      return walk_two_stages(ept_, va, access, caches, port);
    case Paging::npt:
      return walk_two_stages(npt_, va, access, caches, port);
  }
  return registers_.paging() ? walk_one_stage(va, access, caches, port) : unpaged(va);
}

WalkReply Engine::unpaged(Va va) const {
  WalkReply reply;
  reply.pa = Pa{va.value};
  set_entry(reply, va, tag_, 12, false, {});
  return reply;
}

WalkReply Engine::walk_one_stage(Va va, const Access& access, WalkCaches& caches, WalkPort& port) {
  IdentityTables tables(port);
  StageCache<GuestFormat, IdentityTables> cache(guest_, caches.stage1, tag_, port,
                                                WalkPort::Lookup::stage1_walk_cache, tables);
  const WalkedGuest walked = nestwalk::walk(guest_, va, access, tables, cache);
  WalkReply reply;
  reply.fault = walked.fault;
  reply.fault.stage = walked.fault ? 1 : 0;
  if (walked.fault) return reply;
  reply.pa = Pa{walked.out.value};
  reply.stage1_size_lg2 = walked.size_lg2;
  const bool global = registers_.page_global() && bit(walked.word, pte_g);
  set_entry(reply, va, tag_, walked.size_lg2, global, attributes_of(walked));
  return reply;
}

template <class F2>
WalkReply Engine::walk_two_stages(const F2& format, Va va, const Access& access, WalkCaches& caches,
                                  WalkPort& port) {
  WalkReply reply;
  Stage2<F2> stage2(format, second_stage_tag_, caches, port);
  Ipa ipa{va.value};
  TlbAttributes attributes;
  std::uint8_t size_lg2 = 64;
  bool global = false;
  if (registers_.paging()) {
    TranslatedTables<F2> tables(stage2, port, guest_.table_lg2(), caches.stage1_holds_physical);
    StageCache<GuestFormat, TranslatedTables<F2>> cache(
        guest_, caches.stage1, tag_, port, WalkPort::Lookup::stage1_walk_cache, tables);
    const WalkedGuest walked = nestwalk::walk(guest_, va, access, tables, cache);
    if (walked.fault) {
      reply.fault = walked.fault;
      if (reply.fault.stage == 0) reply.fault.stage = 1;
      return reply;
    }
    ipa = walked.out;
    attributes = attributes_of(walked);
    reply.stage1_size_lg2 = size_lg2 = walked.size_lg2;
    global = registers_.page_global() && bit(walked.word, pte_g);
  }
  Access final_access = access;
  final_access.user_mapping = attributes.rights & right_user;
  Stage2Leaf leaf;
  if (!stage2.translate(ipa, final_access, RefPosition::none, leaf, reply.fault)) {
    if (vm_.paging == Paging::ept && cpu_.ept_advanced_exit_info)
      reply.fault.detail |= linear_page_detail(attributes.rights);
    return reply;
  }
  reply.pa = leaf.pa;
  reply.stage2_size_lg2 = leaf.size_lg2;
  attributes.second_stage = second_stage_allows(stage2, leaf, final_access);
  set_entry(reply, va, tag_, std::min(size_lg2, leaf.size_lg2), global, attributes);
  return reply;
}

}  // namespace nestwalk::x86
