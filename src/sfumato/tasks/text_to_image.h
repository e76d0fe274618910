#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "sfumato/family/model.h"
#include "sfumato/request/text_tasks.h"
#include "sfumato/tasks/observer.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato {

struct TextToImageResult : Painted {
  PaintRequest request = {};  ///< with every default filled in
};

/// Fills in the family's defaults where the request says nothing (all but the seed) and checks it
/// against what the family can do. Throws InvalidArgument or Unsupported.
void fill_in_defaults(TextToImageRequest& request, const ModelConfig& config);
/// The same for tasks that give the family the pictures it needs besides the prompt.
void fill_in_open_fields(TextToImageRequest& request, const ModelConfig& config);

template <class Request>
Request with_defaults(Request request, const ModelConfig& config) {
  fill_in_defaults(request, config);
  return request;
}

/// Sides of pictures must be multiples of this, in pixels.
int size_multiple(const ModelConfig& config);

/// Throws InvalidArgument naming the flag and the nearest sizes.
void expect_multiple(const char* flag, int value, int multiple);

/// Whether the sampler of this name draws noise that `eta` scales.
bool uses_eta(std::string_view sampler);

/// Text to image: LDM sec. 3 from right to left, and once more at a larger size when the request
/// asks for it. The seed must be set. Every picture has its own noise stream, so it depends on its
/// seed but not on the pictures painted with it.
TextToImageResult text_to_image(const Model& model, const PaintRequest& request,
                                const Observer& observer = {}, const PromptSources& sources = {});

/// One batch of pictures [B, 3, H, W] in [-1, 1] on the CPU, picture i from the plain caption
/// captions[i] and seeds[i]; everything else from `request`, which has its defaults filled in.
at::Tensor paint(const Model& model, std::span<const std::string> captions,
                 std::span<const std::uint64_t> seeds, const TextToImageRequest& request,
                 const Observer& observer = {});

}  // namespace sfumato
