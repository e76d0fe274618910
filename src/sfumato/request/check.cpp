#include <cstdint>

#include "sfumato/base/error.h"
#include "sfumato/request/image_tasks.h"
#include "sfumato/request/image_to_image.h"
#include "sfumato/request/plot_axis.h"
#include "sfumato/request/text_tasks.h"

namespace sfumato {
namespace {

void require(const std::string& value, const std::string& flag, const std::string& what) {
  if (!value.empty()) return;
  throw Error(ErrorKind::InvalidArgument, "no " + what + " given", "name it with --" + flag);
}

void check_sampling(const SamplingSettings& settings) { check(settings); }

constexpr std::int64_t kLongestFilm = 24 * 60 * 60 * 1000;  // milliseconds

void expect_single(const TextToImageRequest& request, const std::string& instead) {
  if (request.count == 1) return;
  throw Error(ErrorKind::InvalidArgument,
              "--count " + std::to_string(request.count) + " does not go with this command",
              instead);
}

}  // namespace

void check(const ImageToImageRequest& request) {
  require(request.image, "image", "picture");
  check_sampling(request);
}

void check(const InpaintRequest& request) {
  check(static_cast<const ImageToImageRequest&>(request));
  require(request.mask, "mask", "mask");
  if (request.only_masked && request.resize == "latent") {
    throw Error(ErrorKind::InvalidArgument, "--only-masked does not go with --resize latent",
                "choose --resize stretch, crop or fill");
  }
}

void check(const OutpaintRequest& request) {
  check(static_cast<const ImageToImageRequest&>(request));
  if (request.left + request.right + request.up + request.down > 0) return;
  throw Error(ErrorKind::InvalidArgument, "nothing to add on any side",
              "say how many pixels with --left, --right, --up or --down");
}

void check(const UpscaleRequest& request) {
  check(static_cast<const ImageToImageRequest&>(request));
  if (request.method == "x4" && request.scale.value_or(4) != 4) {
    throw Error(
        ErrorKind::InvalidArgument,
        "the x4 model enlarges 4 times, not " + nlohmann::json(*request.scale).dump() + " times",
        "choose --scale 4, or --method tiles");
  }
  if (request.tile && 2 * request.tile_overlap.value_or(0) > *request.tile) {
    throw Error(ErrorKind::InvalidArgument,
                "--tile-overlap " + std::to_string(*request.tile_overlap) +
                    " is more than half of --tile " + std::to_string(*request.tile));
  }
}

void check(const VariationsRequest& request) {
  require(request.image, "image", "picture");
  check_sampling(request);
  mixed_pictures(request.mix);
}

void check(const DepthRequest& request) {
  check(static_cast<const ImageToImageRequest&>(request));
  require(request.depth, "depth", "depth map");
}

void check(const EditRequest& request) { check(static_cast<const ImageToImageRequest&>(request)); }

void check(const PaintRequest& request) {
  check_sampling(request);
  check(static_cast<const HiresSettings&>(request));
}

void check(const PlotRequest& request) {
  check(static_cast<const PaintRequest&>(request));
  expect_single(request, "every cell is one picture; vary the seed: --z seed=1-4");
  if (request.x.empty() && request.y.empty() && request.z.empty()) {
    throw Error(ErrorKind::InvalidArgument, "nothing to vary",
                "name an axis with --x, for example --x steps=10,20,30");
  }
  for (const std::string& axis : {request.x, request.y, request.z}) {
    if (!axis.empty()) parse_plot_axis(axis);
  }
}

void check(const InterpolateRequest& request) {
  check_sampling(request);
  expect_single(request, "say how many pictures the film has with --frames");
  if (std::int64_t{request.frames} * request.frame_time >= kLongestFilm) {
    throw Error(ErrorKind::InvalidArgument,
                std::to_string(request.frames) + " frames of " +
                    std::to_string(request.frame_time) + " ms are a film of a day or more",
                "choose fewer --frames or a shorter --frame-time");
  }
  if (!request.to_prompt.empty() || request.to_seed) return;
  throw Error(ErrorKind::InvalidArgument, "nothing to interpolate to",
              "name it with --to-prompt or --to-seed");
}

}  // namespace sfumato
