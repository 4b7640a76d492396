// What a config, a machine file and a cost file may hold: the descriptions from which loading,
// defaults, error messages and JSON Schemas all come. Adding a key is one line in layout_*.cpp.
#pragma once
#include <string>
#include <vector>

#include "common/config/spec.h"

namespace nestwalk::config {

const Spec& run_layout();      // a config: `nestwalk run FILE`
const Spec& machine_layout();  // configs/machines/*.yaml: the keys of `machine`, and their sources
const Spec& cost_layout();     // configs/costs/*.yaml

struct SchemaFile {
  std::string file_name;  // below configs/schema/
  std::string text;
};
std::vector<SchemaFile> schema_files();

// The parts, one file each.
Spec machine_spec();
std::vector<Spec> machine_keys();  // without name and preset
Spec translation_spec();
Spec side_spec(std::string name, std::string doc, std::string memory);  // guest, host
Spec hypervisor_spec();
Spec shootdowns_spec();
Spec workload_spec();
Spec variants_spec();

}  // namespace nestwalk::config
