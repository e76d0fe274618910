#pragma once

#include <string>
#include <string_view>

#include "sfumato/family/model_config.h"
#include "sfumato/request/text_to_image.h"
#include "sfumato/sampling/diffusers_config.h"

namespace sfumato {

// A model that came as a diffusers folder says how its author samples it (ModelConfig::scheduler).
// A request does so by the spacing "model", the default where it names neither sampler nor spacing;
// its sampler is then the one that the config's class stands for.

/// The model's own config; what the network predicts is as the family has it. Throws
/// InvalidArgument when the model came without one, and for one that cannot be followed what
/// read_diffusers_config() throws.
DiffusersConfig model_sampling(const ModelConfig& config);

/// Our name of its sampler.
std::string_view model_sampler(const ModelConfig& config);

/// In one line, for the user.
std::string describe_model_sampling(const ModelConfig& config);

}  // namespace sfumato
