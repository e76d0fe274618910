#include "sfumato/sampling/diffusers_config.h"

#include <nlohmann/json.hpp>

#include "../target.h"
#include "sfumato/family/detect.h"

namespace sfumato::fuzz {
namespace {

/// A scheduler_config.json, as it travels in the metadata of a pipeline.
void read_scheduler(std::string_view bytes) {
  stated_prediction({{"diffusers.scheduler", std::string(bytes)}});
  const auto json = nlohmann::json::parse(bytes, nullptr, /*allow_exceptions=*/false);
  if (!json.is_discarded()) read_diffusers_config(json);
}

}  // namespace

const Target diffusers_config{.name = "diffusers_config", .read = read_scheduler};

}  // namespace sfumato::fuzz
