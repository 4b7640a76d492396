// The trace formats: their names, and how one is recognised by its first bytes. Leaves out the
// compression around them (byte_stream.h).
#pragma once
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace nestwalk {

enum class TraceFormat : std::uint8_t {
  automatic,      // recognise it
  champsim,       // ChampSim's 64-byte instruction records
  champsim_asid,  // the 96-byte form with address-space numbers (CloudSuite)
  lackey,         // Valgrind's --tool=lackey --trace-mem=yes
  plain,          // R|W|I hexaddr [size [asid]]
};

struct TraceFormatName {
  TraceFormat format;
  std::string_view name;
  std::string_view what;
};

inline constexpr std::array<TraceFormatName, 5> trace_formats{{
    {TraceFormat::automatic, "auto", "recognised by content"},
    {TraceFormat::champsim, "champsim", "ChampSim instructions, 64-byte records"},
    {TraceFormat::champsim_asid, "champsim-asid", "ChampSim instructions with ASIDs, 96 bytes"},
    {TraceFormat::lackey, "lackey", "Valgrind lackey --trace-mem=yes text"},
    {TraceFormat::plain, "plain", "text lines: R|W|I hexaddr [size [asid]]"},
}};

std::string_view trace_format_name(TraceFormat format);
std::optional<TraceFormat> trace_format_named(std::string_view name);

// The format of a trace that begins with `head` (uncompressed; the more bytes the surer). `file`
// only decides between the two binary forms when the bytes fit both: a name with "cloudsuite" in
// it means champsim_asid. Nothing when no format fits, or when both binary forms do.
std::optional<TraceFormat> recognise_trace(std::string_view head, std::string_view file);

}  // namespace nestwalk
