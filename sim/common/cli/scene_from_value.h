// Fills a scenario's plain data from its checked file.
#pragma once
#include "common/config/value.h"
#include "common/scenario/scene.h"

namespace nestwalk::cli {

scenario::Scene scene_from(const config::Value& file);

}  // namespace nestwalk::cli
