// Checks what was written against its description and fills in what was not.
#pragma once
#include "common/config/raw.h"
#include "common/config/spec.h"
#include "common/config/value.h"

namespace nestwalk::config {

// Everything wrong goes to `errors`; the tree is whole only if nothing was added.
Value check(const Spec& spec, const Raw& raw, Errors& errors);

}  // namespace nestwalk::config
