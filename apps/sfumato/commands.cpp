#include <array>

#include "command.h"

namespace sfumato::cli {

std::span<const Command* const> commands() {
  static constexpr std::array kCommands{
      &txt2img,    &img2img,     &inpaint,     &outpaint,      &edit,        &depth2img,  &upscale,
      &variations, &paint_grid,  &interpolate, &train,         &data,        &eval,       &inspect,
      &convert,    &merge,       &pull,        &list_samplers, &list_models, &completion, &manual,
      &verify,     &show_config, &decode,      &bench};
  return kCommands;
}

}  // namespace sfumato::cli
