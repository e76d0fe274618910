#include "sfumato/tasks/model_sampling.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "sfumato/tasks/image_to_image.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"
#include "tasks_support.h"

namespace sfumato {
namespace {

// As if it came from a diffusers folder with this scheduler.
Model model_sampled_by(const std::string& class_name, const std::string& more = "") {
  static const Model plain = test::random_model("tiny_sd1");
  Model model = plain;
  model.config.scheduler = R"({"_class_name": ")" + class_name +
                           R"(", "beta_start": 0.00085, "beta_end": 0.012,
                              "beta_schedule": "scaled_linear", "steps_offset": 1,
                              "clip_sample": false)" +
                           more + "}";
  return model;
}

std::vector<std::uint8_t> painted_by(const Model& model, const PaintRequest& request) {
  return text_to_image(model, request).images[0].rgb;
}

TEST(ModelSampling, IsTheDefaultOfAModelThatBringsItsOwn) {
  const Model model =
      model_sampled_by("EulerAncestralDiscreteScheduler", R"(, "timestep_spacing": "leading")");
  const auto request = test::quick_request<PaintRequest>();
  std::vector<std::string> notes;
  Observer observer;
  observer.on_note = [&](const std::string& line) { notes.push_back(line); };
  const auto result = text_to_image(model, request, observer);
  EXPECT_EQ(result.request.sampler, "euler_ancestral");
  EXPECT_EQ(result.request.spacing, "model");
  ASSERT_EQ(notes.size(), 1u);
  EXPECT_NE(notes[0].find("EulerAncestralDiscreteScheduler"), std::string::npos);
  EXPECT_EQ(painted_by(model, result.request), result.images[0].rgb);

  PaintRequest other = request;
  other.sampler = "euler_ancestral";
  EXPECT_EQ(with_defaults(other, model.config).spacing, "discrete");
  EXPECT_NE(painted_by(model, other), result.images[0].rgb);
}

TEST(ModelSampling, FollowsTheSettingsOfTheConfig) {
  const auto request = test::quick_request<PaintRequest>();
  const auto plain = painted_by(model_sampled_by("DDIMScheduler"), request);
  EXPECT_NE(painted_by(model_sampled_by("PNDMScheduler", R"(, "skip_prk_steps": true)"), request),
            plain);
  EXPECT_NE(
      painted_by(model_sampled_by("DDIMScheduler", R"(, "timestep_spacing": "trailing")"), request),
      plain);
  EXPECT_NE(
      painted_by(model_sampled_by("DDIMScheduler", R"(, "rescale_betas_zero_snr": true)"), request),
      plain);
  EXPECT_EQ(
      painted_by(model_sampled_by("DDIMScheduler", R"(, "prediction_type": "sample")"), request),
      plain)
      << "what the network predicts is settled when the model is loaded";
}

TEST(ModelSampling, ServesEveryClassAndTheTasksThatBeginWithAPicture) {
  auto over = test::quick_request<ImageToImageRequest>();
  over.image = "given";
  over.steps = 8;
  auto twice = test::quick_request<PaintRequest>();
  twice.hires_scale = 2;
  for (const char* name :
       {"DDIMScheduler", "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler",
        "LCMScheduler", "PNDMScheduler", "UniPCMultistepScheduler", "KDPM2DiscreteScheduler"}) {
    const Model model = model_sampled_by(name);
    const Image picture = test::coloured_picture(32, 32);
    over.strength = 0.5;
    const auto half = image_to_image(model, picture, over).images[0].rgb;
    over.strength = 0.9;
    EXPECT_NE(image_to_image(model, picture, over).images[0].rgb, half) << name;
    EXPECT_EQ(text_to_image(model, twice).images[0].width, 64) << name;
  }
}

TEST(ModelSampling, RefusesWhatItCannotMean) {
  const auto refusal = [](const Model& model, const PaintRequest& request) {
    return test::refusal_of([&] { text_to_image(model, request); });
  };
  auto request = test::quick_request<PaintRequest>();
  EXPECT_NE(refusal(model_sampled_by("FlowMatchEulerDiscreteScheduler"), request).find("--sampler"),
            std::string::npos);
  request.spacing = "model";
  Model without = model_sampled_by("DDIMScheduler");
  without.config.scheduler = "";
  EXPECT_NE(refusal(without, request).find("scheduler_config.json"), std::string::npos);
  request.sampler = "euler";
  EXPECT_NE(refusal(model_sampled_by("DDIMScheduler"), request).find("ddim"), std::string::npos);
}

}  // namespace
}  // namespace sfumato
