#include "sfumato/request/hires.h"

#include <algorithm>
#include <cstdint>

#include "sfumato/base/error.h"
#include "sfumato/request/sampling_settings.h"

namespace sfumato {

void check(const SamplingSettings& settings) {
  if (settings.seed_resize_width.has_value() == settings.seed_resize_height.has_value()) return;
  throw Error(ErrorKind::InvalidArgument,
              "--seed-resize-width and --seed-resize-height go together");
}

void check(const HiresSettings& settings) {
  // A request read from a picture may name an upscaler of another program.
  const auto row = std::find_if(kHiresFields.begin(), kHiresFields.end(),
                                [](const auto& field) { return field.name == "hires-upscaler"; });
  fields::check_choice(settings.hires_upscaler, row->choices, "--hires-upscaler");
  if (!settings.hires_scale || (!settings.hires_width && !settings.hires_height)) return;
  throw Error(ErrorKind::InvalidArgument,
              "--hires-scale and --hires-width or --hires-height exclude each other",
              "say how many times larger, or how large");
}

HiresSize hires_size(const HiresSettings& settings, int width, int height, int cell) {
  if (width < 1 || height < 1 || cell < 1) {
    throw Error(ErrorKind::InvalidArgument, "hires: a first pass of " + std::to_string(width) +
                                                " x " + std::to_string(height) + " pixels");
  }
  std::int64_t to_width = 0, to_height = 0, cut_x = 0, cut_y = 0;
  const std::int64_t wanted_width = settings.hires_width.value_or(0);
  const std::int64_t wanted_height = settings.hires_height.value_or(0);
  if (wanted_width == 0 && wanted_height == 0) {
    to_width = static_cast<std::int64_t>(width * settings.hires_scale.value_or(1));
    to_height = static_cast<std::int64_t>(height * settings.hires_scale.value_or(1));
  } else {
    const bool by_width =
        wanted_height == 0 || (wanted_width != 0 && wanted_width * height > wanted_height * width);
    to_width = by_width ? wanted_width : wanted_height * width / height;
    to_height = by_width ? wanted_width * height / width : wanted_height;
    if (wanted_width != 0) cut_x = (to_width - wanted_width) / cell;
    if (wanted_height != 0) cut_y = (to_height - wanted_height) / cell;
  }
  if (to_width < 1 || to_height < 1 || to_width * to_height > std::int64_t(1) << 28) {
    throw Error(ErrorKind::InvalidArgument, "hires: a second pass of " + std::to_string(to_width) +
                                                " x " + std::to_string(to_height) + " pixels");
  }
  return {.width = static_cast<int>(to_width),
          .height = static_cast<int>(to_height),
          .cut_x = static_cast<int>(cut_x),
          .cut_y = static_cast<int>(cut_y)};
}

}  // namespace sfumato
