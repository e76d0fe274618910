#include <array>

#include "command.h"

namespace sfumato::cli {

std::span<const Command* const> commands() {
  static constexpr std::array kCommands{&txt2img,     &img2img,    &inpaint, &train, &data,
                                        &eval,        &inspect,    &convert, &merge, &list_samplers,
                                        &list_models, &completion, &manual};
  return kCommands;
}

}  // namespace sfumato::cli
