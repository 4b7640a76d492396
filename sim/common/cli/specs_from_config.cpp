#include "common/cli/specs_from_config.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "common/base/bits.h"

namespace nestwalk::cli {
namespace {

using config::Config;
using config::Costs;
using config::Value;

std::uint32_t u32(const Value& value) { return static_cast<std::uint32_t>(value.as_uint()); }

std::uint8_t size_lg2(std::string_view text) {
  struct Size {
    std::string_view text;
    std::uint8_t lg2;
  };
  static constexpr Size sizes[] = {{"4K", 12},  {"16K", 14},  {"64K", 16}, {"2M", 21}, {"4M", 22},
                                   {"32M", 25}, {"512M", 29}, {"1G", 30},  {"16G", 34}};
  for (const Size& size : sizes)
    if (size.text == text) return size.lg2;
  NW_CHECK(false, "page size {} is in the config's layout but not here", text);
}

ArraySpec array(const Value& value) {
  return {u32(value.at("entries")), u32(value.at("ways")),
          value.at("replacement").as<Replacement>()};
}

TlbSpec tlb(const Value& value) {
  TlbSpec spec;
  for (const Value& part : value.at("arrays").items()) {
    TlbArraySpec one{{}, array(part)};
    for (const Value& size : part.at("sizes").items())
      one.sizes_lg2.push_back(size_lg2(size.as_text()));
    spec.arrays.push_back(one);
  }
  // A TLB that does not exist takes no time to look into.
  spec.latency_cycles = spec.arrays.empty() ? 0 : value.at("latency_cycles").as_uint();
  spec.extra_size_cycles = value.at("extra_size_cycles").as_uint();
  return spec;
}

std::vector<WalkCacheLevelSpec> walk_cache(const Value& levels) {
  std::vector<WalkCacheLevelSpec> list;
  for (const Value& level : levels.items())
    list.push_back({static_cast<std::uint8_t>(level.at("height").as_uint()), array(level)});
  return list;
}

CacheSpec cache(const Value& value) {
  return {value.at("size").as_uint(),
          u32(value.at("ways")),
          value.at("replacement").as<Replacement>(),
          value.at("latency_cycles").as_uint(),
          u32(value.at("mshrs")),
          u32(value.at("ports")),
          value.at("set_index").as_text() == "hashed" ? SetIndex::hashed : SetIndex::plain};
}

// Nanoseconds and transfers become cycles of the cores here, and nowhere else.
DramSpec dram(const Value& value, const MachineSpec& machine) {
  const auto cycles = [&](const char* key) {
    return static_cast<Cycles>(std::llround(value.at(key).as_real() * machine.frequency_mhz / 1e3));
  };
  const double bytes_per_us =
      static_cast<double>(value.at("bus_bytes").as_uint() * value.at("rate_mts").as_uint());
  DramSpec spec;
  spec.channels = u32(value.at("channels"));
  spec.ranks = u32(value.at("ranks"));
  spec.banks = u32(value.at("banks"));
  spec.row_bytes = value.at("row_bytes").as_uint();
  spec.fixed_cycles = cycles("fixed_ns");
  spec.trcd_cycles = cycles("trcd_ns");
  spec.tcl_cycles = cycles("tcl_ns");
  spec.trp_cycles = cycles("trp_ns");
  spec.tras_cycles = cycles("tras_ns");
  spec.burst_cycles = machine.line_bytes / bytes_per_us * machine.frequency_mhz;
  spec.trefi_cycles = cycles("trefi_ns");
  spec.trfc_cycles = cycles("trfc_ns");
  return spec;
}

CostTable cost_table(const Costs& costs) {
  CostTable table;
  table.name = costs.name;
  for (const config::Cost& cost : costs.steps)
    table.steps[cost.step] = {cost.cycles, cost.kind, cost.source};
  return table;
}

PolicySpec policy(const Value& side, unsigned granule_lg2) {
  PolicySpec spec;
  spec.base_lg2 = static_cast<std::uint8_t>(granule_lg2);
  // The block of the table above the last: 2M, 32M, 512M by granule.
  spec.huge_lg2 = {static_cast<std::uint8_t>(granule_lg2 + granule_lg2 - 3)};
  const std::string& kind = side.at("policy").as_text();
  constexpr std::string_view pool = "hugetlb-";
  if (kind == "thp") spec.kind = PolicyKind::thp;
  if (const auto& sizes = side.at("thp_sizes").items(); !sizes.empty()) {
    spec.huge_lg2.clear();
    for (const Value& size : sizes)
      spec.huge_lg2.push_back(static_cast<std::uint8_t>(std::countr_zero(size.as_uint())));
    std::sort(spec.huge_lg2.rbegin(), spec.huge_lg2.rend());
  }
  if (!kind.starts_with(pool)) return spec;
  spec.kind = PolicyKind::hugetlb;
  spec.huge_lg2 = {size_lg2(std::string_view(kind).substr(pool.size()))};
  return spec;
}

SideSpec side(const Value& value, unsigned granule_lg2) {
  return {value.at("memory").as_uint(), policy(value, granule_lg2),
          value.at("fragmentation").as_real(),
          value.at("frames").as_text() == "scattered" ? FrameOrder::scattered : FrameOrder::lowest,
          value.at("populate").as_bool()};
}

// How much a pool reserves at start: what is asked for, else "as much as is needed". A host needs
// all of the guest's memory. A guest can use all of its own but what tables and other small pages
// need: an eighth is left to them, one huge page at least.
void reserve_pools(VirtualMachineSpec& spec, const Value& guest, const Value& host) {
  const auto asked = [](const Value& side) { return side.at("reserved").as_uint(); };
  if (spec.host.policy.kind == PolicyKind::hugetlb)
    spec.host.policy.reserved_bytes =
        asked(host) ? asked(host)
                    : align_up(spec.guest.memory_bytes, spec.host.policy.huge_lg2.front());
  if (spec.guest.policy.kind != PolicyKind::hugetlb) return;
  const unsigned huge_lg2 = spec.guest.policy.huge_lg2.front();
  const std::uint64_t pages = spec.guest.memory_bytes >> huge_lg2;
  const std::uint64_t left = std::max<std::uint64_t>(1, (pages + 7) / 8);
  spec.guest.policy.reserved_bytes =
      asked(guest) ? asked(guest) : (pages > left ? pages - left : 0) << huge_lg2;
  if (spec.guest.policy.reserved_bytes == 0)
    throw UserErrors(guest.at("memory").error(
        "too small to reserve a single huge page and leave memory for tables"));
}

GeneratorSpec generator(const Value& value) {
  GeneratorSpec spec;
  const std::string& kind = value.at("kind").as_text();
  if (kind == "stride")
    spec.law = StrideLaw{static_cast<std::int64_t>(value.at("stride").as_uint())};
  if (kind == "uniform") spec.law = UniformLaw{};
  if (kind == "zipf")
    spec.law = ZipfLaw{value.at("exponent").as_real(), value.at("item_bytes").as_uint(),
                       value.at("scatter").as_bool()};
  if (kind == "pointer_chase")
    spec.law = PointerChaseLaw{value.at("node_bytes").as_uint(), value.at("offset_step").as_uint(),
                               value.at("dependent").as_bool()};
  spec.base = value.at("base").as_uint();
  spec.footprint_bytes = value.at("footprint").as_uint();
  spec.count = value.at("accesses").as_uint();
  spec.access_bytes = u32(value.at("access_bytes"));
  spec.write_fraction = value.at("write_fraction").as_real();
  spec.fetch_fraction = value.at("fetch_fraction").as_real();
  if (const Value* instructions = value.find("instructions_per_access"))
    spec.instructions_per_access = instructions->as_real();
  spec.code_base = value.at("code_base").as_uint();
  spec.code_bytes = value.at("code_footprint").as_uint();
  spec.seed = value.at("seed").as_uint();
  spec.space = static_cast<std::uint16_t>(value.at("space").as_uint());
  return spec;
}

TraceFormat trace_format(const std::string& text) {
  if (text == "lackey") return TraceFormat::lackey;
  if (text == "text") return TraceFormat::plain;
  if (text == "champsim") return TraceFormat::champsim;
  if (text == "champsim_asid") return TraceFormat::champsim_asid;
  return TraceFormat::automatic;
}

WalkerEntry walker_entry(const std::string& text) {
  return text == "l1d" ? WalkerEntry::l1d : text == "l2" ? WalkerEntry::l2 : WalkerEntry::llc;
}

}  // namespace

MachineSpec machine_spec(const Config& config) {
  const Value& machine = config.at("machine");
  MachineSpec spec;
  spec.vcpus = u32(machine.at("vcpus"));
  spec.frequency_mhz = u32(machine.at("frequency_mhz"));
  spec.issue_interval_cycles = machine.at("issue_interval_cycles").as_uint();
  spec.max_outstanding = u32(machine.at("max_outstanding"));
  spec.l1d = tlb(machine.at("tlbs.l1d"));
  spec.l1i = tlb(machine.at("tlbs.l1i"));
  spec.l2 = tlb(machine.at("tlbs.l2"));
  const Value& walks = machine.at("walk_caches");
  spec.walk_caches.stage1 = walk_cache(walks.at("stage1"));
  spec.walk_caches.stage2 = walk_cache(walks.at("stage2"));
  spec.walk_caches.stage1_holds_physical = walks.at("stage1_holds").as_text() == "physical";
  spec.walk_caches.stage2_tlb = array(machine.at("stage2_tlb"));
  const Value& stage1 = machine.at("stage1_tlb");
  if (stage1.at("entries").as_uint())
    spec.walk_caches.stage1_tlb = {{{12, 14, 16, 21, 25, 29, 30}, array(stage1)}};
  spec.stage1_tlb_latency_cycles = stage1.at("latency_cycles").as_uint();
  spec.walk_cache_latency_cycles = walks.at("latency_cycles").as_uint();
  spec.stage2_tlb_latency_cycles = machine.at("stage2_tlb.latency_cycles").as_uint();
  spec.walkers = u32(machine.at("walkers.count"));
  spec.walker_entry = walker_entry(machine.at("walkers.start_level").as_text());
  spec.line_bytes = u32(machine.at("caches.line_bytes"));
  spec.l1d_cache = cache(machine.at("caches.l1d"));
  spec.l1d_index = machine.at("caches.l1d.indexed_by").as_text() == "virtual"
                       ? L1dIndex::virtual_address
                       : L1dIndex::physical_address;
  spec.l2_cache = cache(machine.at("caches.l2"));
  spec.llc = cache(machine.at("caches.llc"));
  spec.dram = dram(machine.at("dram"), spec);
  spec.data_accesses = config.at("data_accesses").as_text() == "modelled";
  const auto invalidation = [&](const char* step) { return config.guest_costs.at(step).cycles; };
  spec.local_invalidate_cycles = invalidation("local_invalidate");
  spec.shootdown_send_cycles = invalidation("send_shootdown");
  spec.shootdown_receive_cycles = invalidation("receive_shootdown");
  spec.shootdown_delivery_cycles = invalidation("invalidate_latency");
  spec.seed = config.at("seed").as_uint();
  return spec;
}

VirtualMachineSpec virtual_machine_spec(const Config& config, const Architecture& architecture) {
  const Value& guest = config.at("guest");
  const Value& host = config.at("host");
  VirtualMachineSpec spec;
  spec.guest = side(guest, architecture.stage1_granule_lg2());
  spec.host = side(host, architecture.stage2_granule_lg2());
  spec.stage2_identity = config.at("translation.stage2_identity").as_bool();
  spec.guest_costs = cost_table(config.guest_costs);
  spec.host_costs = cost_table(config.host_costs);
  spec.seed = config.at("seed").as_uint();
  if (spec.stage2_identity && spec.host.memory_bytes <= spec.guest.memory_bytes)
    throw UserErrors(host.at("memory").error(
        "an identity second stage needs more host than guest memory: tables lie above the guest"));
  reserve_pools(spec, guest, host);
  return spec;
}

UnmapSpec unmap_spec(const Config& config) {
  const Value& value = config.at("shootdowns");
  const std::string& kind = value.at("kind").as_text();
  if (value.at("interval_accesses").as_uint() &&
      config.at("translation.stages").as_text() == "stage2_only")
    throw UserErrors(value.at("interval_accesses")
                         .error("the guest's kernel unmaps, and with stage 1 off there is none; "
                                "allowed with stage2_only: 0"));
  return {value.at("interval_accesses").as_uint(), kind == "address" ? UnmapInvalidation::address
                                                   : kind == "space" ? UnmapInvalidation::space
                                                   : kind == "vm"    ? UnmapInvalidation::vm
                                                                     : UnmapInvalidation::all};
}

WorkloadSpec workload_spec(const Config& config) {
  const Value& value = config.at("workload");
  const std::string& kind = value.at("kind").as_text();
  if (kind == "trace") {
    const Value& trace = value.at("trace");
    return {TraceSpec{trace.at("path").as_path().string(),
                      trace_format(trace.at("format").as_text()), trace.at("skip").as_uint(),
                      trace.at("limit").as_uint(), trace.at("loop").as_bool()}};
  }
  if (kind != "phases") return {generator(value)};
  PhasesSpec phases;
  for (const Value& phase : value.at("phases").items()) phases.phases.push_back(generator(phase));
  phases.repeat = value.at("repeat").as_uint();
  return {phases};
}

std::unique_ptr<VirtualMachine> make_virtual_machine(const Config& config,
                                                     const Architecture& architecture) {
  const VirtualMachineSpec spec = virtual_machine_spec(config, architecture);
  auto vm = std::make_unique<VirtualMachine>(spec, architecture);
  if (config.at("check").as_bool()) vm->watch_tables();
  if (vm->host() && spec.host.populate) vm->populate_host();
  if (vm->kernel() && spec.guest.populate) {
    if (unmap_spec(config).interval_accesses) vm->kernel()->remember_pages();
    vm->populate_guest(touched_areas(workload_spec(config)));
  }
  return vm;
}

}  // namespace nestwalk::cli
