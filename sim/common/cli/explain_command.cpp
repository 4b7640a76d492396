// `nestwalk explain`: one translation told step by step.
#include <fmt/format.h>

#include <charconv>
#include <iostream>

#include "common/cli/options.h"
#include "common/machine/functional_machine.h"
#include "common/results/categories.h"
#include "common/sysc/timed_machine.h"
#include "common/workload/make_source.h"

namespace nestwalk::cli {
namespace {

namespace po = boost::program_options;

// The workload's first accesses, then the one to explain.
class ThenOne final : public AccessSource {
 public:
  ThenOne(std::unique_ptr<AccessSource> before, std::uint64_t count, const MemoryAccess& last)
      : before_(std::move(before)), left_(count), last_(last) {}

  std::size_t next(std::span<MemoryAccess> out) override {
    if (left_) {
      const std::size_t got = before_->next(out.first(std::min<std::size_t>(left_, out.size())));
      left_ = got ? left_ - got : 0;
      if (got) return got;
    }
    if (done_) return 0;
    done_ = true;
    out[0] = last_;
    return 1;
  }

 private:
  std::unique_ptr<AccessSource> before_;
  std::uint64_t left_;
  MemoryAccess last_;
  bool done_ = false;
};

// The rest of the accesses are not told.
class ThisOne final : public Observer {
 public:
  explicit ThisOne(Va va) : va_(va) {}
  void on(const Reference& event) override { references.push_back(event); }
  void on(const FaultHandled& event) override { faults.push_back(event); }
  void on(const AccessDone& event) override {
    if (event.va == va_) access = event;
  }
  std::vector<Reference> references;
  std::vector<FaultHandled> faults;
  AccessDone access;

 private:
  Va va_;
};

struct Warm final : RunControl {
  explicit Warm(std::uint64_t count) : accesses(count) {}
  std::uint64_t warmup_accesses() const override { return accesses; }
  std::uint64_t accesses;
};

std::uint64_t parse_address(const std::string& text) {
  std::string_view digits = text;
  const bool hex = digits.starts_with("0x") || digits.starts_with("0X");
  if (hex) digits.remove_prefix(2);
  std::uint64_t value = 0;
  const auto end = digits.data() + digits.size();
  const auto [at, error] = std::from_chars(digits.data(), end, value, hex ? 16 : 10);
  if (error != std::errc{} || at != end)
    throw UserErrors(UserError{"", 0, "--va",
                               fmt::format("'{}' is no address; allowed: 0x... or decimal", text)});
  return value;
}

std::string position_text(const RefPosition& position, const TranslationEngine& engine) {
  const auto name = [&](unsigned stage, int height) { return engine.level_name(stage, height); };
  if (position.stage2_height == RefPosition::none) return name(1, position.stage1_height);
  if (position.stage1_height == RefPosition::none)
    return fmt::format("{}, for the final address", name(2, position.stage2_height));
  return fmt::format("  {}, for the {}", name(2, position.stage2_height),
                     name(1, position.stage1_height));
}

void print_references(const ThisOne& seen, const TranslationEngine& engine) {
  const Cycles begun = seen.access.issued_cycle;
  std::cout << fmt::format("{:>9}  {:<44} {:<18} {:<18} {:>7}\n", "cycle", "entry", "at", "holds",
                           "cycles");
  unsigned reads = 0, spared = 0;
  for (const Reference& reference : seen.references) {
    const std::string entry = position_text(reference.position, engine);
    const std::string_view served = read_from[static_cast<std::size_t>(reference.served)].key;
    if (reference.served == RefServed::walk_cache || reference.served == RefServed::stage2_tlb) {
      ++spared;
      std::cout << fmt::format("{:>9}  {:<44} not read: {}\n", reference.asked_cycle - begun, entry,
                               served);
      continue;
    }
    ++reads;
    std::cout << fmt::format(
        "{:>9}  {:<44} {:<18} {:<18} {:>7}  {}\n", reference.asked_cycle - begun, entry,
        fmt::format("{:#x}", reference.at.value), fmt::format("{:#x}", reference.word),
        reference.latency_cycles, served);
  }
  std::cout << fmt::format("\n{} entries read, {} spared\n", reads, spared);
}

void print_sum(const AccessDone& access) {
  std::cout << fmt::format("served by: {}\n\n",
                           how_served[static_cast<std::size_t>(access.served)].label);
  for (std::size_t i = 0; i < span_count; ++i)
    if (access.spans[i])
      std::cout << fmt::format("{:>9}  {}\n", access.spans[i], time_spans[i].label);
  std::cout << fmt::format("{:>9}  cycles in all\n", access.total_cycles);
}

Options described() {
  Options options(
      "explain CONFIG --va ADDRESS [-s KEY=VALUE ...]",
      "Tells one translation step by step: every entry read, where it lies, which cache\n"
      "had it, at which cycle. Caches are cold unless --after is given.",
      "config");
  options.add_config_options();
  options.add()("va", po::value<std::string>()->required()->value_name("ADDRESS"),
                "the virtual address, hexadecimal with 0x or decimal");
  options.add()("space", po::value<unsigned>()->default_value(0)->value_name("N"),
                "its address space");
  options.add()("write", "a write (default: a read)");
  options.add()("fetch", "an instruction fetch");
  options.add()("fault", "let the access fault first, if its page is not mapped yet");
  options.add()("after", po::value<std::uint64_t>()->default_value(0)->value_name("N"),
                "first run so many accesses of the config's workload");
  options.add()("variant", po::value<std::string>()->default_value("")->value_name("NAME"),
                "which of the config's variants (default: the first)");
  return options;
}

}  // namespace

int explain_command(const Program& program, const Arguments& arguments) {
  Options options = described();
  if (!options.parse(arguments)) return status_ok;
  const config::Config config =
      choose_config(program, options.only_positional(), options.overrides(),
                    options.get<std::string>("variant"))
          .config;
  MemoryAccess access;
  access.va = Va{parse_address(options.get<std::string>("va"))};
  access.space = static_cast<std::uint16_t>(options.get<unsigned>("space"));
  access.kind = options.has("write")   ? AccessKind::write
                : options.has("fetch") ? AccessKind::fetch
                                       : AccessKind::read;
  access.size_bytes = 1;

  const std::unique_ptr<Architecture> architecture = program.make_architecture(config);
  MachineSpec machine = machine_spec(config);
  machine.vcpus = 1;
  machine.max_outstanding = 1;  // nothing else on the way when the access is issued
  const std::unique_ptr<VirtualMachine> populated = make_virtual_machine(config, *architecture);
  VirtualMachine& vm = *populated;
  access.va = vm.make_engine()->cached_address(access.va, {access_type(access.kind)});
  if (!options.has("fault")) FunctionalMachine(machine, vm).translate(access);

  const std::uint64_t before = options.get<std::uint64_t>("after");
  std::vector<std::unique_ptr<AccessSource>> sources;
  sources.push_back(std::make_unique<ThenOne>(
      before ? make_source(workload_spec(config), 0, machine.seed) : nullptr, before, access));
  ThisOne seen(access.va);
  Warm warm(before);
  TimedMachine timed("machine", machine, {}, Sync::lazy, vm, sources, seen, warm, nullptr);
  timed.run();

  const std::unique_ptr<TranslationEngine> engine = vm.make_engine();
  const auto pa = vm.truth(access.space, access.va);
  std::cout << fmt::format("{:#x} of address space {} -> physical {:#x}, a page of 2^{} bytes\n\n",
                           access.va.value, access.space, pa ? pa->value : 0, seen.access.page_lg2);
  if (seen.references.empty())
    std::cout << "no table entry was read\n";
  else
    print_references(seen, *engine);
  for (const FaultHandled& fault : seen.faults)
    std::cout << fmt::format("{} fault handled in {} cycles, a page of 2^{} bytes\n",
                             fault.side == Side::guest ? "guest" : "host", fault.latency_cycles,
                             fault.page_lg2);
  print_sum(seen.access);
  return status_ok;
}

}  // namespace nestwalk::cli
