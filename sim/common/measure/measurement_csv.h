// A measurement as a text file: lines `# key: value` about the machine, a line of column names, one
// line for each point. Other comments are allowed, and ignored when read.
#pragma once
#include <string>
#include <string_view>

#include "common/measure/measurement.h"

namespace nestwalk {

inline constexpr std::string_view measurement_title = "nestwalk measure, format 1";
inline constexpr std::string_view measurement_columns =
    "kind,page_bytes,obtained_page_bytes,pages,chains,frequency_mhz,min_ns,median_ns";

std::string to_csv(const Measurement& measurement);

// Throws UserErrors with all that is wrong in the text, with lines; `file` is named in them. A key
// of the machine may be missing, a column may not, and there is at least one point.
Measurement read_measurement(std::string_view text, const std::string& file);

}  // namespace nestwalk
