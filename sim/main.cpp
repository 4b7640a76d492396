// The composition root: the only file that names both architectures. Gives the commands what they
// need, inside the main function that SystemC wants.
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <systemc>

#include "arm64/build.h"
#include "arm64/kvm/arm64_architecture.h"
#include "arm64/records/record_checker.h"
#include "arm64/vectors/vector_checker.h"
#include "common/base/user_error.h"
#include "common/cli/program.h"
#include "x86/kvm/x86_architecture.h"
#include "x86/records/record_checker.h"
#include "x86/vectors/vector_checker.h"

namespace nestwalk {
namespace {

using config::Config;
using config::Value;

bool stage1_on(const Config& config) {
  return config.at("translation.stages").as_text() != "stage2_only";
}
bool stage2_on(const Config& config) { return config.at("translation.stages").as_text() != "one"; }

std::unique_ptr<Architecture> make_x86(const Config& config) {
  const Value& keys = config.at("translation.x86");
  x86::TranslationSpec spec;
  spec.cpu.vendor =
      config.at("machine.vendor").as_text() == "amd" ? x86::Vendor::amd : x86::Vendor::intel;
  spec.cpu.maxphyaddr = static_cast<std::uint8_t>(keys.at("maxphyaddr").as_uint());
  spec.guest = !stage1_on(config)                        ? x86::PagingKind::off
               : keys.at("paging").as_text() == "5level" ? x86::PagingKind::five_level
                                                         : x86::PagingKind::four_level;
  if (stage2_on(config))
    spec.host = keys.at("stage2").as_text() == "npt" ? x86::VirtualMachine::Paging::npt
                                                     : x86::VirtualMachine::Paging::ept;
  spec.host_kind = keys.at("stage2_levels").as_uint() == 5 ? x86::PagingKind::five_level
                                                           : x86::PagingKind::four_level;
  spec.ept_accessed_dirty = keys.at("accessed_dirty").as_bool();
  if (!spec.ept_accessed_dirty && spec.host == x86::VirtualMachine::Paging::npt)
    throw UserErrors(keys.at("accessed_dirty")
                         .error("NPT always have accessed and dirty bits; "
                                "allowed with npt: true"));
  return std::make_unique<x86::X86Architecture>(spec);
}

arm64::Granule granule(const Value& value) {
  return value.as_text() == "4K"    ? arm64::Granule::k4
         : value.as_text() == "16K" ? arm64::Granule::k16
                                    : arm64::Granule::k64;
}

std::unique_ptr<Architecture> make_arm64(const Config& config) {
  const Value& keys = config.at("translation.arm64");
  arm64::TranslationSpec spec;
  spec.features.pa_bits = static_cast<std::uint8_t>(keys.at("pa_bits").as_uint());
  spec.features.fwb = keys.at("stage2_force_write_back").as_bool();
  const std::uint64_t widest = std::max(
      {keys.at("pa_bits").as_uint(), keys.at("va_bits").as_uint(), keys.at("ipa_bits").as_uint()});
  spec.features.lpa = spec.features.lva = spec.features.lpa2 = widest > 48;
  const bool access_flag = keys.at("hardware_access_flag").as_bool();
  const bool dirty = keys.at("hardware_dirty").as_bool();
  spec.stage1.reset();
  spec.stage2.reset();
  const std::string& marked = keys.at("contiguous").as_text();
  if (stage1_on(config))
    spec.stage1 = arm64::Stage1Spec{granule(keys.at("granule")),
                                    static_cast<unsigned>(keys.at("va_bits").as_uint()),
                                    access_flag,
                                    dirty,
                                    marked == "stage1" || marked == "both",
                                    keys.at("tbi").as_bool()};
  if (stage2_on(config)) {
    const std::string& start = keys.at("stage2_start_level").as_text();
    spec.stage2 =
        arm64::Stage2Spec{granule(keys.at("stage2_granule")),
                          static_cast<unsigned>(keys.at("ipa_bits").as_uint()),
                          start == "auto" ? std::nullopt : std::optional<int>(std::stoi(start)),
                          access_flag,
                          dirty,
                          marked == "stage2" || marked == "both",
                          1};
  }
  if (const std::string problem = arm64::why_illegal(spec); !problem.empty())
    throw UserErrors(keys.error(problem));
  return std::make_unique<arm64::Arm64Architecture>(spec);
}

std::unique_ptr<Architecture> make_architecture(const Config& config) {
  return config.at("machine.isa").as_text() == "arm64" ? make_arm64(config) : make_x86(config);
}

cli::Program program() {
  cli::Program program;
  program.make_architecture = make_architecture;
  program.checkers.push_back(std::make_unique<x86::X86VectorChecker>());
  program.checkers.push_back(arm64::make_vector_checker());
  program.record_checkers.push_back(std::make_unique<arm64::ArmRecordChecker>());
  program.record_checkers.push_back(std::make_unique<x86::X86RecordChecker>());
  const char* home = std::getenv("NESTWALK_HOME");
  program.home = home ? home : NESTWALK_SOURCE_DIR;
  program.library.folders = {program.home / "configs"};
  program.executable = std::filesystem::read_symlink("/proc/self/exe");
  return program;
}

}  // namespace
}  // namespace nestwalk

int sc_main(int argc, char** argv) {
  using namespace sc_core;
  sc_report_handler::set_actions(SC_INFO, SC_DO_NOTHING);
  sc_report_handler::set_actions("/IEEE_Std_1666/deprecated", SC_DO_NOTHING);
  return nestwalk::cli::run_program(nestwalk::program(),
                                    nestwalk::cli::Arguments(argv + 1, argv + argc));
}

int main(int argc, char** argv) {
  setenv("SYSTEMC_DISABLE_COPYRIGHT_MESSAGE", "1", 1);
  return sc_core::sc_elab_and_sim(argc, argv);
}
