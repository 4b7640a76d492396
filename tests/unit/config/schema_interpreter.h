// A small interpreter of the JSON Schema keywords that our schemas use (draft 2020-12, validation
// and applicator vocabularies). A keyword that it does not know ends the test program's trust:
// throws.
#pragma once
#include <nlohmann/json.hpp>

namespace nestwalk::config {

bool schema_accepts(const nlohmann::ordered_json& schema, const nlohmann::ordered_json& instance);

}  // namespace nestwalk::config
