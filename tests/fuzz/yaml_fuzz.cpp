// libFuzzer: any bytes as a config, a list of variants and an option. Bad input ends in UserErrors,
// never in a crash or a hang; what loads must survive its own dump. A corpus to start from:
// configs/.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "common/base/user_error.h"
#include "common/config/config.h"

using namespace nestwalk::config;

namespace {

void load_and_dump(std::string_view text, const Library& library) {
  const Document document = load_text(text, "fuzz.yaml", NESTWALK_SOURCE_DIR "/configs");
  expand_variants(document, {}, library);
  const std::string first = dump(resolve(document, {}, library), NESTWALK_SOURCE_DIR);
  const Document again = load_text(first, "dump.yaml", NESTWALK_SOURCE_DIR);
  if (dump(resolve(again, {}, library), NESTWALK_SOURCE_DIR) != first) std::abort();
}

void override_small(std::string_view option, const Library& library) {
  static const Document small =
      load_text("machine: {preset: tiny}\nworkload: {kind: uniform, footprint: 1M, accesses: 1}\n",
                "small.yaml", ".");
  resolve(small, {parse_option(option)}, library);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Library library{{NESTWALK_SOURCE_DIR "/configs"}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  try {
    load_and_dump(text, library);
  } catch (const nestwalk::UserErrors&) {
  }
  try {
    override_small(text, library);
  } catch (const nestwalk::UserErrors&) {
  }
  return 0;
}
