#include "sfumato/tasks/refiner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "sfumato/tasks/image_to_image.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

const Model& base_model() {
  static const Model model = test::random_model("tiny_sdxl");
  return model;
}

// Another network and another encoder on the same latents.
const Model& refiner_model() {
  static const Model model = test::random_model("tiny_sdxl_refiner");
  return model;
}

PaintRequest refined_request(double from) {
  auto request = test::quick_request<PaintRequest>("a red circle");
  request.negative_prompt = "blue";
  request.sampler = "dpmpp_2m";
  request.steps = 6;
  request.refiner = "the refiner";
  request.refiner_switch = from;
  return request;
}

std::vector<std::uint8_t> painted_with(const Model& model, const PaintRequest& request,
                                       const Model* refiner) {
  PromptSources sources;
  sources.refiner = refiner;
  return text_to_image(model, request, {}, sources).images[0].rgb;
}

TEST(Refiner, TakesOverFromTheShareOnThatIsAsked) {
  const auto without = painted_with(base_model(), refined_request(1.0), nullptr);
  Model alone = refiner_model();  // decoded by the first model
  alone.autoencoder = base_model().autoencoder;
  PaintRequest plain = refined_request(0.5);
  plain.refiner.reset();
  const auto only_refined = painted_with(alone, plain, nullptr);

  EXPECT_EQ(painted_with(base_model(), plain, nullptr), without);
  EXPECT_EQ(painted_with(base_model(), refined_request(0.0), &refiner_model()), only_refined);
  const auto both = painted_with(base_model(), refined_request(0.5), &refiner_model());
  EXPECT_NE(both, without);
  EXPECT_NE(both, only_refined);
  EXPECT_NE(painted_with(base_model(), refined_request(0.8), &refiner_model()), both);
}

TEST(Refiner, IsLeftToTheSecondPassWhereThereIsOne) {
  const auto estimates = [](const Model* refiner) {
    PaintRequest request = refined_request(refiner ? 0.5 : 1.0);
    request.hires_scale = 2;
    request.hires_steps = 4;
    std::vector<at::Tensor> seen;
    Observer observer;
    observer.on_estimate = [&](const at::Tensor& x, int) { seen.push_back(x.clone()); };
    PromptSources sources;
    sources.refiner = refiner;
    text_to_image(base_model(), request, observer, sources);
    return seen;
  };
  const auto without = estimates(nullptr), with = estimates(&refiner_model());
  ASSERT_EQ(with.size(), 10u);
  ASSERT_EQ(without.size(), 10u);
  for (std::size_t i = 0; i < 6; ++i) EXPECT_TRUE(at::equal(with[i], without[i])) << i;
  EXPECT_FALSE(at::allclose(with.back(), without.back()));
}

TEST(Refiner, RefusesWhatCannotGoOn) {
  const auto refused = [](const PaintRequest& request, const Model* refiner) {
    return test::refusal_of([&] { painted_with(base_model(), request, refiner); });
  };
  EXPECT_NE(refused(refined_request(0.5), nullptr).find("was not loaded"), std::string::npos);
  const Model other = test::random_model("tiny_ldm_vq");
  EXPECT_NE(refused(refined_request(0.5), &other).find("the refiner"), std::string::npos);
  const Model inpainting = test::random_model("tiny_sdxl+masked_latent");
  EXPECT_NE(refused(refined_request(0.5), &inpainting).find("more than a latent"),
            std::string::npos);
}

TEST(Refiner, PaintsOverAPictureByItself) {
  auto request = test::quick_request<ImageToImageRequest>();
  request.image = "given";
  request.strength = 0.5;
  const Image picture = test::coloured_picture(32, 32);
  const auto result = image_to_image(refiner_model(), picture, request);
  ASSERT_EQ(result.images.size(), 1u);
  EXPECT_EQ(result.images[0].width, 32);
  request.prompt = "a dog";
  EXPECT_NE(image_to_image(refiner_model(), picture, request).images[0].rgb, result.images[0].rgb);
}

}  // namespace
}  // namespace sfumato
