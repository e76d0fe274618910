#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "sfumato/base/fields.h"

namespace sfumato {

/// What a user asks of text-to-image. Pure data: no tensors, no device, no model. Members that were
/// not said take the model family's default.
struct TextToImageRequest {
  std::string prompt, negative_prompt;
  std::optional<std::string> sampler, spacing;
  std::optional<int> width, height;  ///< pixels
  std::optional<int> steps;
  std::optional<double> guidance;
  std::optional<std::uint64_t> seed;  ///< of the first picture; the i-th has seed + i
  int count = 1;
  std::optional<int> batch;  ///< pictures that go through the network together
  std::optional<double> eta;
  std::optional<std::string> noise;  ///< "torch_cpu" or "philox"
};

/// The spacing of a model that brings its own, see tasks/model_sampling.h.
inline constexpr std::string_view kModelSpacing = "model";

inline constexpr std::array kTextToImageFields{
    Field<TextToImageRequest>{"prompt", &TextToImageRequest::prompt, "what to paint"},
    Field<TextToImageRequest>{"negative-prompt", &TextToImageRequest::negative_prompt,
                              "what to keep away from"},
    Field<TextToImageRequest>{"seed", &TextToImageRequest::seed,
                              "same seed, same picture; random and printed when not given"},
    Field<TextToImageRequest>{"count", &TextToImageRequest::count,
                              "number of pictures; their seeds follow each other", 1, 10000, "",
                              "n_iter"},
    Field<TextToImageRequest>{"batch", &TextToImageRequest::batch,
                              "pictures computed together; changes speed, not results", 1, 256, "",
                              "batch_size"},
    Field<TextToImageRequest>{"width", &TextToImageRequest::width, "pixels", 8, 8192},
    Field<TextToImageRequest>{"height", &TextToImageRequest::height, "pixels", 8, 8192},
    Field<TextToImageRequest>{"steps", &TextToImageRequest::steps, "denoising steps", 1, 1000},
    Field<TextToImageRequest>{"guidance", &TextToImageRequest::guidance,
                              "how strictly to follow the prompt; 1 = no guidance", 0, 100, "",
                              "cfg_scale"},
    Field<TextToImageRequest>{.name = "sampler",
                              .member = &TextToImageRequest::sampler,
                              .help = "see: sfumato samplers",
                              .web_ui = "sampler_name"},
    Field<TextToImageRequest>{.name = "spacing",
                              .member = &TextToImageRequest::spacing,
                              .help = "where the steps fall; see: sfumato samplers. model = as the "
                                      "scheduler_config.json of its folder says",
                              .web_ui = "scheduler"},
    Field<TextToImageRequest>{"eta", &TextToImageRequest::eta,
                              "0 = deterministic .. 1 = full noise, for samplers that draw noise",
                              0, 1},
    Field<TextToImageRequest>{.name = "noise",
                              .member = &TextToImageRequest::noise,
                              .help = "torch_cpu or philox: whose random numbers",
                              .web_ui = "randn_source"},
};

}  // namespace sfumato
