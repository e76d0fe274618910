#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "sfumato/base/fields.h"

namespace sfumato {

/// Finer points of sampling that every task with a prompt has.
struct SamplingSettings {
  std::optional<std::uint64_t> variation_seed;
  double variation_strength = 0;  ///< 0: only `seed`, 1: only `variation_seed`
  std::optional<int> seed_resize_width, seed_resize_height;  ///< pixels
  std::optional<int> clip_skip;  ///< 1: the last layer of the text encoder
  std::string emphasis = "original";
  std::optional<std::int64_t> ensd;  ///< added to the seed of the noise of ancestral samplers
  std::optional<double> churn, churn_min, churn_max, churn_noise;  ///< Karras et al. 2022, alg. 2
  double guidance_rescale = 0;                                     ///< Lin et al. 2023, sec. 3.4
  std::optional<double> mimic_scale;  ///< dynamic thresholding: the guidance that is mimicked
  double mimic_percentile = 100;      ///< the magnitudes above this one are clamped
  bool tiling = false;
};

inline constexpr std::array kSamplingFields{
    Field<SamplingSettings>{.name = "variation-seed",
                            .member = &SamplingSettings::variation_seed,
                            .help = "a second seed to mix in",
                            .web_ui = "subseed"},
    Field<SamplingSettings>{.name = "variation-strength",
                            .member = &SamplingSettings::variation_strength,
                            .help = "0 = only the seed .. 1 = only the variation seed",
                            .min = 0,
                            .max = 1,
                            .web_ui = "subseed_strength"},
    Field<SamplingSettings>{.name = "seed-resize-width",
                            .member = &SamplingSettings::seed_resize_width,
                            .help = "pixels: what the seed paints at this width",
                            .min = 8,
                            .max = 8192,
                            .web_ui = "seed_resize_from_w"},
    Field<SamplingSettings>{.name = "seed-resize-height",
                            .member = &SamplingSettings::seed_resize_height,
                            .help = "pixels: what the seed paints at this height",
                            .min = 8,
                            .max = 8192,
                            .web_ui = "seed_resize_from_h"},
    Field<SamplingSettings>{.name = "clip-skip",
                            .member = &SamplingSettings::clip_skip,
                            .help = "which layer of the text encoder, from the last one = 1",
                            .min = 1,
                            .max = 12,
                            .web_ui = "CLIP_stop_at_last_layers"},
    Field<SamplingSettings>{.name = "emphasis",
                            .member = &SamplingSettings::emphasis,
                            .help = "what (brackets:1.2) do",
                            .choices = "original|no-norm|ignore|none"},
    Field<SamplingSettings>{.name = "ensd",
                            .member = &SamplingSettings::ensd,
                            .help = "added to the seed of the noise that ancestral samplers draw",
                            .min = -4294967296.0,
                            .max = 4294967296.0,
                            .web_ui = "eta_noise_seed_delta"},
    Field<SamplingSettings>{.name = "churn",
                            .member = &SamplingSettings::churn,
                            .help = "noise to add and remove again, over all steps",
                            .min = 0,
                            .max = 1000,
                            .web_ui = "s_churn"},
    Field<SamplingSettings>{.name = "churn-min",
                            .member = &SamplingSettings::churn_min,
                            .help = "no churn below this noise level",
                            .min = 0,
                            .max = 1000,
                            .web_ui = "s_tmin"},
    Field<SamplingSettings>{.name = "churn-max",
                            .member = &SamplingSettings::churn_max,
                            .help = "no churn above this noise level",
                            .min = 0,
                            .max = 1000000,
                            .web_ui = "s_tmax"},
    Field<SamplingSettings>{.name = "churn-noise",
                            .member = &SamplingSettings::churn_noise,
                            .help = "standard deviation of the noise added",
                            .min = 0,
                            .max = 10,
                            .web_ui = "s_noise"},
    Field<SamplingSettings>{.name = "guidance-rescale",
                            .member = &SamplingSettings::guidance_rescale,
                            .help = "0 = none .. 1 = guidance does not raise the contrast",
                            .min = 0,
                            .max = 1},
    Field<SamplingSettings>{.name = "mimic-scale",
                            .member = &SamplingSettings::mimic_scale,
                            .help = "dynamic thresholding: keep the contrast of this guidance",
                            .min = 0,
                            .max = 100},
    Field<SamplingSettings>{.name = "mimic-percentile",
                            .member = &SamplingSettings::mimic_percentile,
                            .help = "of dynamic thresholding: clamp the values above this one",
                            .min = 0,
                            .max = 100},
    Field<SamplingSettings>{.name = "tiling",
                            .member = &SamplingSettings::tiling,
                            .help = "pictures that continue across their edges"},
};

/// Throws InvalidArgument when only one side to resize the seed from is given.
void check(const SamplingSettings& settings);

}  // namespace sfumato
