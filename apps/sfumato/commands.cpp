#include <array>

#include "command.h"

namespace sfumato::cli {

std::span<const Command* const> commands() {
  static constexpr std::array<const Command*, 9> kCommands{
      &txt2img, &train, &data, &eval, &inspect, &list_samplers, &list_models, &completion, &manual};
  return kCommands;
}

}  // namespace sfumato::cli
