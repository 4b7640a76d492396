// Settings that contradict each other, and those that follow from the machine.
#include <fmt/format.h>

#include <bit>
#include <set>

#include "common/config/rules.h"
#include "common/config/scalar.h"

namespace nestwalk::config {
namespace {

constexpr std::uint64_t block_bytes = std::uint64_t{2} << 20;

void refuse(const Value& at, Errors& errors, std::string message) {
  errors.add(at.error(std::move(message)));
}

// Keeps the table formats of the machine's own architecture; those of the other one, if the user
// gave them, are a mistake.
void keep_one_architecture(Value& run, Errors& errors) {
  Value& translation = run.mutable_at("translation");
  const std::string isa = run.at("machine.isa").as_text();
  const std::string other = isa == "x86" ? "arm64" : "x86";
  if (const Value& settings = translation.at(other); !settings.is_default())
    refuse(settings, errors,
           fmt::format("has no meaning on a machine with isa '{}'; allowed: translation.{}", isa,
                       isa));
  translation.remove(other);
}

// What `auto` stands for on this machine.
void settle_auto(Value& run) {
  const std::string isa = run.at("machine.isa").as_text();
  if (Value& costs = run.mutable_at("hypervisor.guest_costs"); costs.as_text() == "auto")
    costs.set_text(isa + "-linux-guest");
  const bool amd = run.at("machine.vendor").as_text() == "amd";
  if (Value& costs = run.mutable_at("hypervisor.host_costs"); costs.as_text() == "auto")
    costs.set_text(isa == "x86" && amd ? "x86-kvm-amd" : isa + "-kvm");
  if (isa == "x86") {
    if (Value& stage2 = run.mutable_at("translation.x86.stage2"); stage2.as_text() == "auto")
      stage2.set_text(amd ? "npt" : "ept");
  } else if (Value& granule = run.mutable_at("translation.arm64.stage2_granule");
             granule.as_text() == "auto") {
    granule.set_text(run.at("translation.arm64.granule").as_text());
  }
}

void check_arm64(const Value& arm64, const std::string& stages, Errors& errors) {
  if (arm64.at("tbi").as_bool() && stages == "stage2_only")
    refuse(arm64.at("tbi"), errors,
           "belongs to the first stage, which stages 'stage2_only' switch off; allowed: false");
  if (arm64.at("hardware_dirty").as_bool() && !arm64.at("hardware_access_flag").as_bool())
    refuse(arm64.at("hardware_dirty"), errors,
           "needs hardware_access_flag; allowed: false, or both true");
  if (const Value& level = arm64.at("stage2_start_level");
      level.as_text() == "-1" && arm64.at("stage2_granule").as_text() != "4K")
    refuse(level, errors, "level -1 exists with the 4K granule only; allowed: auto, 0, 1, 2, 3");
}

// The granule whose tables a side's policy fills.
std::string granule_of(const Value& run, bool host) {
  if (run.at("machine.isa").as_text() == "x86") return "4K";
  return run.at(host ? "translation.arm64.stage2_granule" : "translation.arm64.granule").as_text();
}

// Page sizes of Linux's hugetlb pools: x86 arch/x86/mm/hugetlbpage.c; arm64
// Documentation/arch/arm64/hugetlbpage.rst, leaves and contiguous runs of them.
std::string pool_sizes(bool arm64, const std::string& granule) {
  if (!arm64) return "2M, 1G";
  return granule == "4K" ? "64K, 2M, 32M, 1G" : granule == "16K" ? "2M, 32M, 1G" : "2M, 512M, 16G";
}

// Linux mm/huge_memory.c: anonymous memory takes sizes of order 2 and more, up to the huge page of
// the next table level (THP_ORDERS_ALL_ANON, include/linux/huge_mm.h).
void check_thp_sizes(const Value& side, const std::string& granule, Errors& errors) {
  const Value& sizes = side.at("thp_sizes");
  if (sizes.items().empty()) return;
  if (side.at("policy").as_text() != "thp") {
    refuse(
        sizes, errors,
        fmt::format("has no meaning with policy '{}'; allowed: []", side.at("policy").as_text()));
    return;
  }
  const std::uint64_t base = *parse_bytes(granule), least = 4 * base, most = base / 8 * base;
  std::set<std::uint64_t> seen;
  for (const Value& size : sizes.items()) {
    const std::uint64_t bytes = size.as_uint();
    if (!std::has_single_bit(bytes) || bytes < least || bytes > most)
      refuse(size, errors,
             fmt::format("{} is no size of transparent huge pages with a granule of {}; allowed: "
                         "powers of two from {} to {}",
                         format_bytes(bytes), granule, format_bytes(least), format_bytes(most)));
    else if (!seen.insert(bytes).second)
      refuse(size, errors,
             fmt::format("{} is given twice; allowed: each size once", format_bytes(bytes)));
  }
}

void check_side(const Value& side, bool arm64, const std::string& granule, Errors& errors) {
  if (const Value& memory = side.at("memory"); memory.as_uint() % block_bytes != 0)
    refuse(memory, errors,
           fmt::format("{} is not a multiple of 2M; allowed: for instance {}",
                       format_bytes(memory.as_uint()),
                       format_bytes(memory.as_uint() / block_bytes * block_bytes)));
  const Value& policy = side.at("policy");
  const std::string& name = policy.as_text();
  const bool hugetlb = name.starts_with("hugetlb-");
  const std::string blocks = pool_sizes(arm64, granule);
  const std::string size = hugetlb ? name.substr(8) : "";
  if (hugetlb && (", " + blocks + ",").find(" " + size + ",") == std::string::npos) {
    refuse(policy, errors,
           fmt::format(
               "'{}' needs pages of {}, which a granule of {} does not have; allowed: base, thp, "
               "hugetlb with {}",
               name, size, granule, blocks));
    return;
  }
  check_thp_sizes(side, granule, errors);
  const Value& reserved = side.at("reserved");
  if (reserved.as_uint() == 0) return;
  if (!hugetlb)
    refuse(reserved, errors, fmt::format("has no meaning with policy '{}'; allowed: 0", name));
  else if (reserved.as_uint() % *parse_bytes(size) != 0)
    refuse(reserved, errors,
           fmt::format("{} is not a multiple of {}; allowed: multiples of it",
                       format_bytes(reserved.as_uint()), size));
  else if (reserved.as_uint() > side.at("memory").as_uint())
    refuse(reserved, errors,
           fmt::format("more than the side's memory; allowed: at most {}",
                       format_bytes(side.at("memory").as_uint())));
}

void check_populate(const Value& run, bool native, Errors& errors) {
  if (const Value& guest = run.at("guest.populate");
      guest.as_bool() && run.at("translation.stages").as_text() == "stage2_only")
    refuse(guest, errors,
           "the guest's kernel maps, and with stage 1 off there is none; allowed with stage2_only: "
           "false");
  const std::uint64_t wanted = run.at("guest.memory").as_uint();
  if (const Value& host = run.at("host.populate");
      !native && host.as_bool() && wanted > run.at("host.memory").as_uint())
    refuse(host, errors,
           fmt::format("needs host memory for all of the guest's {}; allowed: false, or a "
                       "host.memory above that",
                       format_bytes(wanted)));
}

void check_width(const Value& memory, std::uint64_t width, const char* what, Errors& errors) {
  if (width < 64 && memory.as_uint() > std::uint64_t{1} << width)
    refuse(memory, errors,
           fmt::format("{} does not fit into {} bits of {} address; allowed: at most {}",
                       format_bytes(memory.as_uint()), width, what,
                       format_bytes(std::uint64_t{1} << width)));
}

void check_widths(const Value& run, Errors& errors) {
  const bool x86 = run.at("machine.isa").as_text() == "x86";
  const bool native = run.at("translation.stages").as_text() == "one";
  const std::uint64_t physical =
      run.at(x86 ? "translation.x86.maxphyaddr" : "translation.arm64.pa_bits").as_uint();
  const std::uint64_t intermediate =
      x86 ? physical : run.at("translation.arm64.ipa_bits").as_uint();
  if (native) {
    check_width(run.at("guest.memory"), physical, "a physical", errors);
  } else {
    check_width(run.at("guest.memory"), intermediate, "an intermediate", errors);
    check_width(run.at("host.memory"), physical, "a physical", errors);
  }
}

// Other workloads tell only at their end how long they were (cli/simulation.cpp).
void check_warmup(const Value& run, Errors& errors) {
  const Value& warmup = run.at("warmup_accesses");
  const Value* accesses = run.find("workload.accesses");
  if (!accesses || warmup.as_uint() == 0 || warmup.as_uint() < accesses->as_uint()) return;
  refuse(warmup, errors,
         fmt::format("{} of {} accesses leave nothing to measure; allowed: fewer than "
                     "workload.accesses",
                     warmup.as_uint(), accesses->as_uint()));
}

ProgramSpace program_space(const Value& run) {
  if (run.at("translation.stages").as_text() == "stage2_only")
    return {run.at("guest.memory").as_uint()};
  if (run.at("machine.isa").as_text() == "arm64") {
    ProgramSpace space{std::uint64_t{1} << run.at("translation.arm64.va_bits").as_uint()};
    if (run.at("translation.arm64.tbi").as_bool()) space.significant_bits >>= 8;
    return space;
  }
  return {std::uint64_t{1} << (run.at("translation.x86.paging").as_text() == "5level" ? 56 : 47)};
}

}  // namespace

void rule_run(Value& run, Errors& errors) {
  const std::size_t before = errors.size();
  keep_one_architecture(run, errors);
  if (errors.size() != before) return;
  settle_auto(run);
  const Value& translation = run.at("translation");
  const bool native = translation.at("stages").as_text() == "one";
  if (native && translation.at("stage2_identity").as_bool())
    refuse(translation.at("stage2_identity"), errors,
           "there is no second stage with stages 'one'; allowed: false");
  if (const Value& kind = run.at("shootdowns.kind"); native && kind.as_text() == "vm")
    refuse(kind, errors,
           "there is no virtual machine with stages 'one'; allowed: address, space, all");
  const bool arm64 = translation.has("arm64");
  if (arm64) check_arm64(translation.at("arm64"), translation.at("stages").as_text(), errors);
  check_side(run.at("guest"), arm64, granule_of(run, false), errors);
  if (!native) check_side(run.at("host"), arm64, granule_of(run, true), errors);
  check_populate(run, native, errors);
  check_widths(run, errors);
  check_reach(run.at("workload"), program_space(run), errors);
  check_warmup(run, errors);
}

}  // namespace nestwalk::config
