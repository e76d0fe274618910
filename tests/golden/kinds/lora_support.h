#pragma once

#include "golden/golden_case.h"

namespace sfumato::golden {

// The groups of the kind lora.
void run_adapter_merge(const Case& c, Report& report);
void run_adapter_names(const Case& c, Report& report);
void run_textual_inversion(const Case& c, Report& report);
void run_token_vectors(const Case& c, Report& report);

}  // namespace sfumato::golden
