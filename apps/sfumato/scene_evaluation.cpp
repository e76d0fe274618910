#include "scene_evaluation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <set>

#include "sfumato/data/scenes/draw_scene.h"
#include "sfumato/metrics/psnr.h"
#include "sfumato/tasks/text_to_image.h"
#include "sfumato/tensor/pixels.h"

namespace sfumato::cli {
namespace {

constexpr int kAutoencoderBatch = 32;

double share(std::span<const PaintedScene> painted, bool (*good)(const PaintedScene&)) {
  const auto count = std::count_if(painted.begin(), painted.end(), good);
  return painted.empty() ? 0.0 : double(count) / double(painted.size());
}

}  // namespace

double reader_accuracy(int count, int size, std::uint64_t seed, const OnDone& on_done) {
  int right = 0;
  for (int i = 0; i < count; ++i) {
    const auto scene = scenes::captioned_scene(seed, i, {}).scene;
    const Image image = scenes::draw_scene(scene, size);
    right += scenes::check_scene(image, scenes::describe(scene)).right();
    on_done(i + 1, count);
  }
  return double(right) / count;
}

std::vector<PaintedScene> paint_scenes(const Model& model, const TextToImageRequest& request,
                                       const scenes::SceneOptions& options, int count,
                                       std::uint64_t seed, const OnDone& on_done) {
  std::vector<PaintedScene> result;
  while (static_cast<int>(result.size()) < count) {
    const auto first = result.size();
    const auto batch = std::min<std::size_t>(*request.batch, count - first);
    std::vector<std::string> prompts;
    std::vector<std::uint64_t> seeds;
    for (std::size_t i = first; i < first + batch; ++i) {
      const auto drawn = scenes::captioned_scene(seed, i, options);
      result.push_back({drawn.caption, scenes::describe(drawn.scene), {}, {}, {}});
      prompts.push_back(drawn.caption);
      seeds.push_back(seed * 1000003 + i);
    }
    Observer observer;
    observer.on_step = [&](const Progress&) { on_done(std::int64_t(first), count); };
    auto images = to_images(paint(model, prompts, seeds, request, observer));
    for (std::size_t i = 0; i < batch; ++i) {
      PaintedScene& painted = result[first + i];
      painted.image = std::move(images[i]);
      painted.seen = scenes::read_scene(painted.image);
      painted.check = scenes::check_scene(painted.seen, painted.expected);
    }
    on_done(std::int64_t(first + batch), count);
  }
  return result;
}

double accuracy(std::span<const PaintedScene> painted) {
  return share(painted, [](const PaintedScene& p) { return p.check.right(); });
}

double object_accuracy(std::span<const PaintedScene> painted) {
  return share(painted, [](const PaintedScene& p) { return p.check.objects_right; });
}

std::string verdict(const PaintedScene& painted) {
  std::string text = painted.caption + " |";
  for (const auto& object : painted.seen.objects) {
    const bool deformed = object.misfit > scenes::kMostMisfit;
    text += std::string(text.ends_with('|') ? " " : ", ") + (deformed ? "deformed " : "") +
            std::string(scenes::name(object.colour)) + " " +
            std::string(scenes::name(object.shape));
  }
  return text.ends_with('|') ? text + " nothing" : text;
}

double autoencoder_psnr(const Model& model, int count, std::uint64_t seed, const OnDone& on_done) {
  const at::NoGradGuard no_grad;
  const scenes::SceneOptions options{.objects = 0, .split = scenes::Split::Test};
  double sum = 0.0;
  for (int first = 0; first < count; first += kAutoencoderBatch) {
    const int batch = std::min(kAutoencoderBatch, count - first);
    std::vector<Image> images;
    for (int i = first; i < first + batch; ++i) {
      const auto scene = scenes::captioned_scene(seed, i, options).scene;
      images.push_back(scenes::draw_scene(scene, static_cast<int>(model.config.defaults.width)));
    }
    const at::Tensor pixels = to_tensor(images);
    const at::Tensor latents = model.autoencoder.encode(pixels.to(model.device));
    // Compared as the 8-bit pictures that a user would get.
    const auto decoded = to_images(model.autoencoder.decode(latents));
    sum += psnr(to_tensor(decoded), pixels, 2.0).sum().item<double>();
    on_done(first + batch, count);
  }
  return sum / count;
}

}  // namespace sfumato::cli
