#include "sfumato/tasks/interpolate.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "sfumato/base/error.h"
#include "sfumato/tasks/interpolate_prompts.h"
#include "sfumato/tasks/text_to_image.h"
#include "support/random_model.h"

namespace sfumato {
namespace {

const Model& film_model() {
  static const Model model = test::random_model("tiny_sd1");
  return model;
}

InterpolateRequest film_request() {
  InterpolateRequest request;
  request.prompt = "a red circle";
  request.seed = 7;
  request.steps = 3;
  request.frames = 4;
  return request;
}

std::vector<std::uint8_t> painted_alone(const std::string& prompt, std::uint64_t seed,
                                        const std::string& sampler = "") {
  PaintRequest request;
  request.prompt = prompt;
  request.seed = seed;
  request.steps = 3;
  if (!sampler.empty()) request.sampler = sampler;
  return text_to_image(film_model(), request).images[0].rgb;
}

double mean_difference(const Image& a, const Image& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.rgb.size(); ++i) sum += std::abs(a.rgb[i] - b.rgb[i]);
  return sum / static_cast<double>(a.rgb.size());
}

TEST(Interpolate, BeginsAndEndsWithThePicturesOfTheEnds) {
  for (const char* sampler : {"euler", "euler_ancestral", "dpmpp_sde"}) {
    InterpolateRequest request = film_request();
    request.sampler = sampler;
    request.to_prompt = "seven blue stars";
    request.to_seed = 9;
    const InterpolateResult film = interpolate(film_model(), request);
    ASSERT_EQ(film.images.size(), 4u) << sampler;
    EXPECT_EQ(film.images[0].rgb, painted_alone("a red circle", 7, sampler)) << sampler;
    EXPECT_EQ(film.images[3].rgb, painted_alone("seven blue stars", 9, sampler)) << sampler;
    EXPECT_NE(film.images[1].rgb, film.images[0].rgb);
    EXPECT_NE(film.images[1].rgb, film.images[2].rgb);
  }
}

TEST(Interpolate, ChangesOnlyWhatIsNamed) {
  InterpolateRequest request = film_request();
  request.to_seed = 9;
  const InterpolateResult seeds = interpolate(film_model(), request);
  EXPECT_EQ(seeds.images[3].rgb, painted_alone("a red circle", 9));
  request = film_request();
  request.to_prompt = "seven blue stars";
  const InterpolateResult prompts = interpolate(film_model(), request);
  EXPECT_EQ(prompts.images[3].rgb, painted_alone("seven blue stars", 7));
}

TEST(Interpolate, GoesInSmallSteps) {
  InterpolateRequest request = film_request();
  request.to_seed = 9;
  request.to_prompt = "seven blue stars";
  request.frames = 9;
  const auto images = interpolate(film_model(), request).images;
  const double whole = mean_difference(images.front(), images.back());
  for (std::size_t i = 1; i < images.size(); ++i) {
    EXPECT_LT(mean_difference(images[i - 1], images[i]), 0.7 * whole) << i;
  }
}

TEST(Interpolate, PromptsOfAnyLengthAndFormMeet) {
  std::string longer = "blue";
  for (int i = 0; i < 40; ++i) longer += " star and moon";
  for (const std::string& last :
       {longer, std::string("a [blue:green:2] star"), std::string("a star AND a moon:0.5")}) {
    InterpolateRequest request = film_request();
    request.to_prompt = last;
    request.frames = 3;
    const InterpolateResult film = interpolate(film_model(), request);
    EXPECT_EQ(film.images[2].rgb, painted_alone(last, 7)) << last;
  }
}

TEST(Interpolate, StopsBetweenStepsAndSaysWhatDoesNotFit) {
  std::atomic<bool> stop{false};
  int frames = 0;
  Observer observer;
  observer.cancel = CancelToken(stop);
  observer.on_image = [&](const Image&, std::uint64_t, int) { stop = ++frames == 2; };
  InterpolateRequest request = film_request();
  request.to_seed = 9;
  EXPECT_THROW(interpolate(film_model(), request, observer), Error);
  EXPECT_EQ(frames, 2);

  request.to_prompt = "a star <lora:ink:1>";
  EXPECT_THROW(interpolate(film_model(), request), Error);
  request = film_request();
  EXPECT_THROW(interpolate(film_model(), request), Error);  // nothing to go to
  request.to_seed = 9;
  request.seed.reset();
  EXPECT_THROW(interpolate(film_model(), request), Error);
}

ScheduledConditioning schedule_of(std::initializer_list<std::pair<int, at::Tensor>> entries) {
  ScheduledConditioning result;
  for (const auto& [end, context] : entries) {
    result.entries.push_back({end, {.context = context, .vector = {}, .concat = {}}});
  }
  return result;
}

TEST(InterpolatePrompts, FillsUpTheShorterOneAndChangesWhereEitherDoes) {
  const at::Tensor filler = at::full({1, 2, 3}, 8.0);
  const auto first = schedule_of({{2, at::zeros({1, 2, 3})}, {9, at::full({1, 2, 3}, 2.0)}});
  const auto second = schedule_of({{5, at::full({1, 4, 3}, 4.0)}, {9, at::zeros({1, 4, 3})}});
  const auto mixed = between(first, second, 0.25, filler);
  ASSERT_EQ(mixed.entries.size(), 3u);
  EXPECT_EQ(mixed.entries[1].end_step, 5);
  const at::Tensor at4 = *mixed.at(4).context;  // 2 and 8 towards 4
  EXPECT_EQ(at4.sizes(), (std::vector<std::int64_t>{1, 4, 3}));
  EXPECT_FLOAT_EQ(at4[0][0][0].item<float>(), 2.5F);
  EXPECT_FLOAT_EQ(at4[0][3][0].item<float>(), 7.0F);
  EXPECT_FLOAT_EQ(mixed.at(1).context->index({0, 0, 0}).item<float>(), 1.0F);
  EXPECT_THROW(between(schedule_of({{9, at::zeros({1, 3, 3})}}), second, 0.5, filler), Error);
}

TEST(InterpolatePrompts, PartsWithoutCounterpartComeAndGo) {
  const at::Tensor filler = at::zeros({1, 2, 3});
  const auto schedule = schedule_of({{9, at::ones({1, 2, 3})}});
  const PromptConditioning one{{{schedule, 1.0}}}, two{{{schedule, 0.5}, {schedule, 2.0}}};
  const PromptConditioning mixed = between(one, two, 0.25, filler);
  ASSERT_EQ(mixed.parts.size(), 2u);
  EXPECT_DOUBLE_EQ(mixed.parts[0].weight, 0.875);
  EXPECT_DOUBLE_EQ(mixed.parts[1].weight, 0.5);
  EXPECT_DOUBLE_EQ(between(two, one, 0.25, filler).parts[1].weight, 1.5);
}

}  // namespace
}  // namespace sfumato
