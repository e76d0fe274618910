#pragma once

#include <cstdint>
#include <string>

#include "sfumato/family/model.h"
#include "sfumato/nn/init.h"

namespace sfumato {

/// Turns a config into modules: the one place where the component kinds of a family are matched.
Model build_model(const ModelConfig& config, const std::string& tokenizer_text, nn::Init init,
                  std::uint64_t seed);

}  // namespace sfumato
