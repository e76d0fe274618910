#include <ATen/ATen.h>

#include <algorithm>

#include "golden/kinds/runners.h"
#include "golden/kinds/weights.h"
#include "sfumato/models/compvis_config.h"
#include "sfumato/tensor/clip_pixels.h"
#include "sfumato/tensor/shape.h"

namespace sfumato::golden {
namespace {

void run_preprocessing(const Case& c, Report& report) {
  const auto& config = c.config();
  if (config.value("interpolation", "bicubic") != "bicubic") {
    throw Skip("interpolation " + config.at("interpolation").dump());
  }
  const at::Tensor bytes = c.input("image").contiguous();
  expect_shape(bytes, {-1, -1, 3}, "image");
  Image image(int(bytes.size(1)), int(bytes.size(0)));
  const auto* values = bytes.data_ptr<std::uint8_t>();
  std::copy(values, values + image.rgb.size(), image.rgb.begin());
  PixelStatistics statistics;
  statistics.mean = config.value("mean", statistics.mean);
  statistics.std = config.value("std", statistics.std);
  report.expect("pixels", clip_pixels(image, config.at("n_px").get<int>(), statistics));
}

void run_both_towers(const Case& c, Report& report) {
  auto clip = model_with_weights<Clip>(clip_from_openai(c.config()), c.weights, "");
  const at::Tensor image_features = clip->encode_image(c.input("pixels"));
  const at::Tensor text_features = clip->encode_text(c.input("ids"));
  const at::Tensor logits = clip_logits(image_features, text_features, clip->logit_scale);
  report.expect("image_features", image_features);
  report.expect("text_features", text_features);
  report.expect("logits_per_image", logits);
  report.expect("logits_per_text", logits.t());
}

void run_image_tower(const Case& c, Report& report) {
  auto model = model_with_weights<ClipImageModel>(clip_image_from_openai(c.config()), c.weights,
                                                  c.config().value("weight_prefix", "visual."));
  const at::Tensor features = model->features(c.input("pixels"));
  report.expect("features", features);
  report.expect("projected", model->project(features));
}

}  // namespace

void run_clip_image(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  if (c.has_input("image")) return run_preprocessing(c, report);
  if (c.has_input("ids")) return run_both_towers(c, report);
  run_image_tower(c, report);
}

}  // namespace sfumato::golden
