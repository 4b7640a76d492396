#include "arm64/regime.h"

namespace nestwalk::arm64 {
namespace {

Granule supported(Granule wanted, const std::array<bool, 3>& implemented) {
  if (implemented[static_cast<unsigned>(wanted)]) return wanted;
  for (const Granule granule : all_granules)
    if (implemented[static_cast<unsigned>(granule)]) return granule;
  return wanted;
}
// TG0 and TG1 number the granules differently; reserved values select an implemented granule.
Granule granule_of_tg0(unsigned tg) {
  return tg == 1 ? Granule::k64 : tg == 2 ? Granule::k16 : Granule::k4;
}
Granule granule_of_tg1(unsigned tg) {
  return tg == 3 ? Granule::k64 : tg == 1 ? Granule::k16 : Granule::k4;
}

std::uint8_t device_attributes(std::uint64_t mair) {
  unsigned mask = 0;
  for (unsigned i = 0; i < 8; ++i) mask |= unsigned{bits(mair, 8 * i + 7, 8 * i + 4) == 0} << i;
  return static_cast<std::uint8_t>(mask);
}

bool vhe_host(const Registers& regs, const Features& features) {
  return features.vhe && Hcr{regs.hcr_el2}.e2h();
}

// The registers of a regime with two halves: EL1&0, or EL2&0, whose TCR_EL2 has the layout of
// TCR_EL1.
struct TwoHalves {
  Sctlr sctlr;
  Tcr tcr;
  std::array<std::uint64_t, 2> ttbr;
  std::uint64_t mair;
};
TwoHalves registers_of(Regime regime, const Registers& r) {
  if (regime == Regime::el1_0)
    return {{r.sctlr_el1}, {r.tcr_el1}, {r.ttbr0_el1, r.ttbr1_el1}, r.mair_el1};
  return {{r.sctlr_el2}, {r.tcr_el2}, {r.ttbr0_el2, r.ttbr1_el2}, r.mair_el2};
}

void decode_half(unsigned half, const TwoHalves& from, bool nv1, bool pan, const Features& features,
                 const Knobs& knobs, const Departures& departures, TranslationState& state) {
  const Tcr tcr = from.tcr;
  GeometryRequest ask;
  ask.granule = supported(half ? granule_of_tg1(tcr.tg1()) : granule_of_tg0(tcr.tg0()),
                          features.stage1_granules);
  ask.txsz = tcr.tsz(half);
  ask.ps = tcr.ips();
  ask.ds = tcr.ds();
  ask.big_endian = from.sctlr.ee();
  ask.ttbr = from.ttbr[half];

  Stage1Format::Controls c;
  c.tables = stage1_geometry(ask, features, knobs, departures);
  c.upper = half == 1;
  c.walks_disabled = tcr.epd(half);
  c.user_disabled = features.e0pd && tcr.e0pd(half);
  c.hierarchy_off = features.hpds && tcr.hpd(half);
  c.nv1 = nv1;
  c.wxn = from.sctlr.wxn();
  c.ha = features.hafdbs >= 1 && tcr.ha();
  c.hd = features.hafdbs >= 2 && tcr.hd();
  c.pan = features.pan >= 1 && pan;
  c.epan = features.pan >= 3 && from.sctlr.epan();
  c.device_attributes = device_attributes(from.mair);
  c.mair = from.mair;
  c.sh = static_cast<std::uint8_t>(tcr.sh(half));
  c.cacheable = from.sctlr.c();
  state.halves[half] = Stage1Format(c);
  state.tbi[half] = tcr.tbi(half);
  state.tbi_fetch[half] = tcr.tbi(half) && !(features.tbid && tcr.tbid(half));
}

void decode_el2(const Registers& r, const Features& features, const Knobs& knobs,
                const Departures& departures, TranslationState& state) {
  const TcrEl2 tcr{r.tcr_el2};
  const Sctlr sctlr{r.sctlr_el2};
  GeometryRequest ask;
  ask.granule = supported(granule_of_tg0(tcr.tg0()), features.stage1_granules);
  ask.txsz = tcr.t0sz();
  ask.ps = tcr.ps();
  ask.ds = tcr.ds();
  ask.big_endian = sctlr.ee();
  ask.ttbr = r.ttbr0_el2;

  Stage1Format::Controls c;
  c.tables = stage1_geometry(ask, features, knobs, departures);
  c.one_privilege = true;
  c.hierarchy_off = features.hpds && tcr.hpd();
  c.wxn = sctlr.wxn();
  c.ha = features.hafdbs >= 1 && tcr.ha();
  c.hd = features.hafdbs >= 2 && tcr.hd();
  c.device_attributes = device_attributes(r.mair_el2);
  c.mair = r.mair_el2;
  c.sh = static_cast<std::uint8_t>(tcr.sh0());
  c.cacheable = sctlr.c();
  state.halves[0] = Stage1Format(c);
  state.two_halves = false;
  state.tbi[0] = tcr.tbi();
  state.tbi_fetch[0] = tcr.tbi() && !(features.tbid && tcr.tbid());
}

Stage2Format decode_stage2(const Registers& r, const Features& features, const Knobs& knobs,
                           const Departures& departures) {
  const Vtcr vtcr{r.vtcr_el2};
  const Hcr hcr{r.hcr_el2};
  GeometryRequest ask;
  ask.granule = supported(granule_of_tg0(vtcr.tg0()), features.stage2_granules);
  ask.txsz = vtcr.t0sz();
  ask.ps = vtcr.ps();
  ask.ds = vtcr.ds();
  ask.big_endian = Sctlr{r.sctlr_el2}.ee();
  ask.ttbr = r.vttbr_el2 & low_mask(48);
  ask.sl0 = vtcr.sl0();
  ask.sl2 = vtcr.sl2();
  ask.el1_is_aarch32 = !hcr.rw();

  Stage2Format::Controls c;
  c.tables = stage2_geometry(ask, features, knobs, departures);
  c.ha = features.hafdbs >= 1 && vtcr.ha();
  c.hd = features.hafdbs >= 2 && vtcr.hd();
  c.xnx = features.xnx;
  c.ptw = hcr.ptw();
  c.fwb = features.fwb && hcr.fwb();
  c.cache_disabled = hcr.cd();
  c.sh = static_cast<std::uint8_t>(vtcr.sh0());
  return Stage2Format(c);
}

}  // namespace

Regime regime_of(std::uint8_t el, const Registers& regs, const Features& features) {
  const bool host = vhe_host(regs, features);
  if (el == 2) return host ? Regime::el2_0 : Regime::el2;
  return el == 0 && host && Hcr{regs.hcr_el2}.tge() ? Regime::el2_0 : Regime::el1_0;
}

std::uint16_t current_vmid(const Registers& regs, const Features& features) {
  const bool wide = features.vmid16 && Vtcr{regs.vtcr_el2}.vs();
  return static_cast<std::uint16_t>(bits(regs.vttbr_el2, wide ? 63 : 55, 48));
}

std::uint16_t current_asid(Regime regime, const Registers& regs, const Features& features) {
  if (regime == Regime::el2) return 0;
  const TwoHalves from = registers_of(regime, regs);
  const bool wide = features.asid16 && from.tcr.as();
  return static_cast<std::uint16_t>(bits(from.ttbr[from.tcr.a1()], wide ? 63 : 55, 48));
}

TranslationState decode_state(const Registers& regs, const ProcessorState& now,
                              const Features& features, const Knobs& knobs,
                              const Departures& departures) {
  TranslationState state;
  const Hcr hcr{regs.hcr_el2};
  const bool host = vhe_host(regs, features);
  state.regime = regime_of(now.el, regs, features);
  state.pa_bits = features.pa_bits;
  state.default_cacheable = hcr.dc() && state.regime == Regime::el1_0 && !(host && hcr.tge());
  if (state.regime == Regime::el2) {
    decode_el2(regs, features, knobs, departures, state);
    state.stage1_on = Sctlr{regs.sctlr_el2}.m();
  } else {
    const TwoHalves from = registers_of(state.regime, regs);
    const bool el1 = state.regime == Regime::el1_0;
    const bool nv1 = features.nv1 && el1 && hcr.nv() && hcr.nv1();
    for (const unsigned half : {0u, 1u})
      decode_half(half, from, nv1, now.pan, features, knobs, departures, state);
    // DC and TGE switch stage 1 of EL1&0 off; DC switches stage 2 on. {E2H, TGE} = {1, 1} overrides
    // DC.
    const bool overridden = host && hcr.tge();
    state.stage1_on = from.sctlr.m() && !(el1 && ((hcr.dc() && !overridden) || hcr.tge()));
    state.stage2_on = el1 && !overridden && (hcr.vm() || hcr.dc());
  }
  if (state.stage2_on) state.stage2 = decode_stage2(regs, features, knobs, departures);

  const std::uint16_t vm = state.regime == Regime::el1_0 ? current_vmid(regs, features) : 0;
  const auto regime = static_cast<std::uint16_t>(state.regime);
  const std::uint16_t asid =
      state.stage1_on ? current_asid(state.regime, regs, features) : std::uint16_t{0};
  state.tag = {asid, vm, state.stage1_on ? std::uint16_t{0} : stage1_off_root, regime};
  state.stage2_tag = {0, vm, 0, regime};
  return state;
}

bool judged_unprivileged(bool unprivileged, const Registers& regs, const ProcessorState& now,
                         const Features& features) {
  if (!unprivileged || now.el == 0) return unprivileged;
  if (features.uao && now.uao) return false;
  const bool host = vhe_host(regs, features) && Hcr{regs.hcr_el2}.tge();
  return now.el == 1 || host;
}

}  // namespace nestwalk::arm64
