#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sfumato/base/error.h"

namespace sfumato {

/// The names that other programs give to samplers and spacings: labels and aliases of the
/// A1111/Forge web interfaces, names of ComfyUI and stable-diffusion.cpp, class names of diffusers.
/// Case, spaces, '-', '_' and '+' against 'p' do not matter.

/// Our name of a sampler and, where the other name implies one, of its spacing.
struct SamplerName {
  std::string_view sampler;
  std::optional<std::string_view> spacing;
};
/// Understands names with a spacing glued on, as old metadata has them: "DPM++ 2M Karras". Throws
/// InvalidArgument naming the near ones.
SamplerName resolve_sampler(std::string_view name);
/// Our name of a spacing; throws as above. "automatic" means "discrete".
std::string_view resolve_spacing(std::string_view name);

/// The errors for a name that is in no table.
Error unknown_sampler(std::string_view name);
Error unknown_spacing(std::string_view name);

}  // namespace sfumato
