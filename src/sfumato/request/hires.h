#pragma once

#include <array>
#include <optional>
#include <string>

#include "sfumato/base/fields.h"

namespace sfumato {

/// The second pass of txt2img ("hires fix"): the first picture enlarged and denoised once more. On
/// when a scale or a size is given; members that were not said are those of the first pass.
struct HiresSettings {
  std::optional<double> hires_scale;
  std::optional<int> hires_width, hires_height;  ///< pixels; one alone keeps the proportions
  std::string hires_upscaler = "latent";
  std::optional<int> hires_steps;
  double hires_strength = 0.7;
  std::optional<std::string> hires_sampler, hires_spacing, hires_prompt, hires_negative_prompt;
  std::optional<double> hires_guidance;

  bool hires_enabled() const { return hires_scale || hires_width || hires_height; }
};

inline constexpr std::array kHiresFields{
    Field<HiresSettings>{.name = "hires-scale",
                         .member = &HiresSettings::hires_scale,
                         .help = "paint a second time, so many times larger",
                         .min = 1,
                         .max = 8,
                         .web_ui = "hr_scale"},
    Field<HiresSettings>{.name = "hires-width",
                         .member = &HiresSettings::hires_width,
                         .help = "pixels of the second pass, instead of a scale",
                         .min = 8,
                         .max = 8192,
                         .web_ui = "hr_resize_x"},
    Field<HiresSettings>{.name = "hires-height",
                         .member = &HiresSettings::hires_height,
                         .help = "pixels of the second pass, instead of a scale",
                         .min = 8,
                         .max = 8192,
                         .web_ui = "hr_resize_y"},
    Field<HiresSettings>{.name = "hires-upscaler",
                         .member = &HiresSettings::hires_upscaler,
                         .help = "how the first picture is enlarged",
                         .choices = "latent|latent-antialiased|latent-bicubic|"
                                    "latent-bicubic-antialiased|latent-nearest|"
                                    "latent-nearest-exact|lanczos|bicubic",
                         .web_ui = "hr_upscaler"},
    Field<HiresSettings>{.name = "hires-steps",
                         .member = &HiresSettings::hires_steps,
                         .help = "denoising steps of the second pass",
                         .min = 1,
                         .max = 1000,
                         .web_ui = "hr_second_pass_steps"},
    Field<HiresSettings>{.name = "hires-strength",
                         .member = &HiresSettings::hires_strength,
                         .help = "how much the second pass repaints, 0 .. 1",
                         .min = 0,
                         .max = 1,
                         .web_ui = "denoising_strength"},
    Field<HiresSettings>{.name = "hires-sampler",
                         .member = &HiresSettings::hires_sampler,
                         .help = "see: sfumato samplers",
                         .web_ui = "hr_sampler_name"},
    Field<HiresSettings>{.name = "hires-spacing",
                         .member = &HiresSettings::hires_spacing,
                         .help = "where the steps fall; see: sfumato samplers",
                         .web_ui = "hr_scheduler"},
    Field<HiresSettings>{.name = "hires-prompt",
                         .member = &HiresSettings::hires_prompt,
                         .help = "what to paint in the second pass",
                         .web_ui = "hr_prompt"},
    Field<HiresSettings>{.name = "hires-negative-prompt",
                         .member = &HiresSettings::hires_negative_prompt,
                         .help = "what to keep away from in the second pass",
                         .web_ui = "hr_negative_prompt"},
    Field<HiresSettings>{.name = "hires-guidance",
                         .member = &HiresSettings::hires_guidance,
                         .help = "how strictly the second pass follows the prompt",
                         .min = 0,
                         .max = 100,
                         .web_ui = "hr_cfg"},
};

/// Throws InvalidArgument when both a scale and a size are given.
void check(const HiresSettings& settings);

/// The second pass is painted at width x height; then so many latent cells are cut from both sides
/// together (half of them, rounded down, at the left and the top).
struct HiresSize {
  int width = 0, height = 0;
  int cut_x = 0, cut_y = 0;
  bool operator==(const HiresSize&) const = default;
};

/// For a first pass of width x height pixels, `cell` pixels a latent cell. A size in other
/// proportions is covered and then cut. Source: A1111 and Forge, modules/processing.py,
/// calculate_target_resolution. Throws InvalidArgument for a pass above 2^28 pixels.
HiresSize hires_size(const HiresSettings& settings, int width, int height, int cell = 8);

}  // namespace sfumato
