#include "golden/kinds/lora_support.h"
#include "golden/kinds/runners.h"

namespace sfumato::golden {

void run_lora(const Case& c, Report& report) {
  if (c.config().contains("fixes")) return run_token_vectors(c, report);
  if (c.name.starts_with("ti_")) return run_textual_inversion(c, report);
  if (c.name.starts_with("key_map_")) return run_adapter_names(c, report);
  run_adapter_merge(c, report);
}

}  // namespace sfumato::golden
