#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>

#include "sfumato/base/fields.h"
#include "sfumato/request/hires.h"
#include "sfumato/request/sampling_settings.h"
#include "sfumato/request/text_to_image.h"

namespace sfumato {

/// A second model that finishes what the first began (SDXL, Podell et al. 2023, sec. 2.5). Where
/// there are two passes, it does so in the second one only, as in A1111.
struct RefinerSettings {
  std::optional<std::string> refiner;  ///< a model's name or path
  double refiner_switch = 0.8;

  bool refiner_enabled() const { return refiner && refiner_switch < 1.0; }
};

inline constexpr std::array kRefinerFields{
    Field<RefinerSettings>{.name = "refiner",
                           .member = &RefinerSettings::refiner,
                           .help = "a model that paints the end, such as SDXL's refiner",
                           .web_ui = "refiner_checkpoint"},
    Field<RefinerSettings>{.name = "refiner-switch",
                           .member = &RefinerSettings::refiner_switch,
                           .help = "the share of the timesteps after which it takes over",
                           .min = 0,
                           .max = 1,
                           .web_ui = "refiner_switch_at"},
};

/// txt2img with everything that goes with it.
struct PaintRequest : TextToImageRequest, SamplingSettings, HiresSettings, RefinerSettings {};
inline constexpr auto kPaintRequestFields =
    fields::joined<PaintRequest>(kTextToImageFields, kSamplingFields, kHiresFields, kRefinerFields);

struct PlotSettings {
  std::string x, y, z;  ///< NAME=VALUES, see plot_axis.h
  int gap = 0;          ///< pixels
  bool no_labels = false, keep_cells = false;
};

inline constexpr std::array kPlotFields{
    Field<PlotSettings>{"x", &PlotSettings::x, "across: NAME=VALUES, e.g. steps=10,20 or seed=1-5"},
    Field<PlotSettings>{"y", &PlotSettings::y, "down: NAME=VALUES"},
    Field<PlotSettings>{"z", &PlotSettings::z, "one table for each, side by side: NAME=VALUES"},
    Field<PlotSettings>{"gap", &PlotSettings::gap, "pixels between the pictures", 0, 500},
    Field<PlotSettings>{"no-labels", &PlotSettings::no_labels, "pictures without names"},
    Field<PlotSettings>{"keep-cells", &PlotSettings::keep_cells,
                        "write every picture as a file of its own too"},
};

/// Pictures of one prompt in a table, something else varied along every side.
struct PlotRequest : PaintRequest, PlotSettings {};
inline constexpr auto kPlotRequestFields =
    fields::joined<PlotRequest>(kPaintRequestFields, kPlotFields);

struct InterpolateSettings {
  std::string to_prompt;
  std::optional<std::uint64_t> to_seed;
  int frames = 16;
  int frame_time = 100;  ///< milliseconds
};

inline constexpr std::array kInterpolateFields{
    Field<InterpolateSettings>{"to-prompt", &InterpolateSettings::to_prompt,
                               "the prompt at the end of the film"},
    Field<InterpolateSettings>{"to-seed", &InterpolateSettings::to_seed,
                               "the seed at the end of the film"},
    Field<InterpolateSettings>{"frames", &InterpolateSettings::frames, "pictures of the film", 2,
                               10000},
    Field<InterpolateSettings>{"frame-time", &InterpolateSettings::frame_time,
                               "milliseconds that a picture stays", 10, 60000},
};

/// A film from one prompt or seed to another.
struct InterpolateRequest : TextToImageRequest, SamplingSettings, InterpolateSettings {};
inline constexpr auto kInterpolateRequestFields =
    fields::joined<InterpolateRequest>(kTextToImageFields, kSamplingFields, kInterpolateFields);

// Throw InvalidArgument naming the flag that is missing or does not go with another.
void check(const PaintRequest& request);
void check(const PlotRequest& request);
void check(const InterpolateRequest& request);

}  // namespace sfumato
