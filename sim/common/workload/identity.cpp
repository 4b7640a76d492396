// The text by which workloads are told apart.
#include <fmt/format.h>

#include <boost/crc.hpp>
#include <cerrno>
#include <cstring>
#include <exception>
#include <fstream>
#include <vector>

#include "common/base/user_error.h"
#include "common/workload/make_source.h"
#include "common/workload/trace_reader.h"

namespace nestwalk {
namespace {

// CRC-64/XZ (ECMA-182, reflected).
using Crc64 =
    boost::crc_optimal<64, 0x42f0e1eba9ea3693, ~std::uint64_t{0}, ~std::uint64_t{0}, true, true>;

[[noreturn]] void cannot_read(const std::string& path, const char* why) {
  throw UserErrors(UserError{path, 0, "", fmt::format("cannot read: {}", why)});
}

std::string content_identity(const std::string& path) {
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) cannot_read(path, std::strerror(errno));
  Crc64 crc;
  std::uint64_t total_bytes = 0;
  std::vector<char> block(std::size_t{1} << 20);
  try {
    for (;;) {
      const auto got =
          file.rdbuf()->sgetn(block.data(), static_cast<std::streamsize>(block.size()));
      if (got <= 0) break;
      crc.process_bytes(block.data(), static_cast<std::size_t>(got));
      total_bytes += static_cast<std::uint64_t>(got);
    }
  } catch (const std::exception& error) {
    cannot_read(path, error.what());
  }
  return fmt::format("bytes={} crc64={:016x}", total_bytes, crc.checksum());
}

struct LawText {
  std::string operator()(const StrideLaw& law) const {
    return fmt::format("stride stride_bytes={}", law.stride_bytes);
  }
  std::string operator()(const UniformLaw&) const { return "uniform"; }
  std::string operator()(const ZipfLaw& law) const {
    return fmt::format("zipf exponent={} item_bytes={} scatter={:d}", law.exponent, law.item_bytes,
                       law.scatter);
  }
  std::string operator()(const PointerChaseLaw& law) const {
    return fmt::format("pointer_chase node_bytes={} offset_step_bytes={} dependent={:d}",
                       law.node_bytes, law.offset_step_bytes, law.dependent);
  }
};

struct InputText {
  std::string operator()(const GeneratorSpec& spec) const {
    return fmt::format(
        "{} base={:#x} footprint_bytes={} count={} access_bytes={} write_fraction={} "
        "fetch_fraction={} code_base={:#x} code_bytes={} seed={} space={}",
        std::visit(LawText{}, spec.law), spec.base, spec.footprint_bytes, spec.count,
        spec.access_bytes, spec.write_fraction, spec.fetch_fraction, spec.code_base,
        spec.code_bytes, spec.seed, spec.space);
  }
  std::string operator()(const PhasesSpec& spec) const {
    std::string text = fmt::format("phases repeat={}", spec.repeat);
    for (const GeneratorSpec& phase : spec.phases) text += fmt::format(" [{}]", (*this)(phase));
    return text;
  }
  std::string operator()(const TraceSpec& spec) const {
    ByteStream bytes(spec.path);
    const TraceFormat format = resolve_format(spec.format, bytes);
    return fmt::format("trace format={} skip={} limit={} loop={:d} {}", trace_format_name(format),
                       spec.skip, spec.limit, spec.loop, content_identity(spec.path));
  }
};

}  // namespace

std::string workload_identity(const WorkloadSpec& spec) {
  return std::visit(InputText{}, spec.input);
}

}  // namespace nestwalk
