#include "sfumato/tasks/text_to_image.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>

#include "sfumato/base/error.h"
#include "sfumato/family/family.h"
#include "sfumato/nn/layers.h"
#include "support/random_model.h"

namespace sfumato {
namespace {

// The complete pipeline with a few thousand random weights: 32x32 pixels.
const Model& tiny_model() {
  static const Model model = test::random_model("tiny_sd1");
  return model;
}

PaintRequest request_for(const std::string& prompt) {
  PaintRequest request;
  request.prompt = prompt;
  request.steps = 3;
  request.seed = 7;
  return request;
}

int largest_difference(const Image& a, const Image& b) {
  EXPECT_EQ(a.rgb.size(), b.rgb.size());
  int largest = 0;
  for (std::size_t i = 0; i < std::min(a.rgb.size(), b.rgb.size()); ++i) {
    largest = std::max(largest, std::abs(a.rgb[i] - b.rgb[i]));
  }
  return largest;
}

ErrorKind failure_of(const PaintRequest& request) {
  try {
    text_to_image(tiny_model(), request);
  } catch (const Error& e) {
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos);
    return e.kind();
  }
  ADD_FAILURE() << "accepted";
  return ErrorKind::Io;
}

TEST(TextToImage, TilesOnlyWhenAsked) {
  PaintRequest request = request_for("a fish");
  const auto plain = text_to_image(tiny_model(), request).images[0].rgb;
  request.tiling = true;
  EXPECT_NE(text_to_image(tiny_model(), request).images[0].rgb, plain);
  request.tiling = false;
  EXPECT_EQ(text_to_image(tiny_model(), request).images[0].rgb, plain);
}

TEST(TextToImage, TheDecoderOfATilingPictureHasNoEdges) {
  const at::NoGradGuard no_grad;
  const nn::TilingGuard tiling(true);
  const auto& autoencoder = tiny_model().autoencoder;
  const auto f = autoencoder.latent.downsample;
  const at::Tensor z = at::randn({1, autoencoder.latent.channels, 8, 8});
  EXPECT_TRUE(at::allclose(autoencoder.decode(z.roll({1, 3}, {2, 3})),
                           autoencoder.decode(z).roll({f, 3 * f}, {2, 3}), 1e-3, 1e-4));
}

TEST(TextToImage, FillsInTheFamilysDefaults) {
  PaintRequest request = request_for("x");
  request.steps = std::nullopt;
  const auto& defaults = tiny_model().config.defaults;
  const auto filled = with_defaults(request, tiny_model().config);
  EXPECT_EQ(filled.width, defaults.width);
  EXPECT_EQ(filled.steps, defaults.steps);
  EXPECT_EQ(filled.sampler, defaults.sampler);
  EXPECT_EQ(filled.spacing, defaults.spacing);
  EXPECT_EQ(filled.noise, "torch_cpu");

  request.sampler = "ddim";  // another sampler brings its own spacing
  EXPECT_EQ(with_defaults(request, tiny_model().config).spacing, "ddim_uniform");
}

TEST(TextToImage, RepeatsAPictureFromItsSeed) {
  for (const char* sampler : {"dpmpp_2m", "euler_ancestral"}) {
    auto request = request_for("a red circle");
    request.sampler = sampler;
    const auto once = text_to_image(tiny_model(), request);
    const auto again = text_to_image(tiny_model(), once.request);
    ASSERT_EQ(once.images.size(), 1u);
    EXPECT_EQ(once.images[0].width, tiny_model().config.defaults.width);
    EXPECT_EQ(once.images[0].rgb, again.images[0].rgb) << sampler;

    request.seed = 8;
    EXPECT_NE(once.images[0].rgb, text_to_image(tiny_model(), request).images[0].rgb) << sampler;
  }
}

// Up to the last bit of float32, which another batch size may round differently.
TEST(TextToImage, APictureDoesNotDependOnItsNeighbours) {
  auto request = request_for("a red circle");
  request.sampler = "euler_ancestral";
  request.count = 3;
  request.batch = 3;
  const auto together = text_to_image(tiny_model(), request);
  request.batch = 2;
  const auto apart = text_to_image(tiny_model(), request);
  EXPECT_EQ(together.seeds, (std::vector<std::uint64_t>{7, 8, 9}));
  EXPECT_EQ(apart.seeds, together.seeds);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_LE(largest_difference(together.images[i], apart.images[i]), 1) << i;
  }
}

TEST(TextToImage, LongPromptsAreReadToTheEnd) {
  const std::string words = "one two three four five six seven eight nine ten, ";
  const auto one = text_to_image(tiny_model(), request_for(words + "red"));
  const auto other = text_to_image(tiny_model(), request_for(words + "blue"));
  EXPECT_NE(one.images[0].rgb, other.images[0].rgb);
}

TEST(TextToImage, KnowsTheGrammarOfPrompts) {
  const auto painted = [](const std::string& prompt) {
    return text_to_image(tiny_model(), request_for(prompt)).images[0].rgb;
  };
  EXPECT_NE(painted("a (red:1.5) cat"), painted("a red cat"));
  EXPECT_EQ(painted("a red cat # not this"), painted("a red cat"));
  EXPECT_EQ(painted("a [red:blue:0] cat"), painted("a blue cat"));
  EXPECT_NE(painted("a [red:blue:2] cat"), painted("a blue cat"));
  EXPECT_NE(painted("red AND blue"), painted("red"));
  const auto chosen = painted("a {red|blue} cat");
  EXPECT_TRUE(chosen == painted("a red cat") || chosen == painted("a blue cat"));
}

TEST(TextToImage, VariationsTurnTheNoise) {
  auto request = request_for("x");
  request.variation_seed = 100;
  request.variation_strength = 0.5;
  request.count = 2;
  request.batch = 2;
  const auto both = text_to_image(tiny_model(), request);
  EXPECT_EQ(both.seeds, (std::vector<std::uint64_t>{7, 7}));
  EXPECT_NE(both.images[0].rgb, both.images[1].rgb);
  request.count = 1;
  request.variation_seed = 101;
  const auto second = text_to_image(tiny_model(), request);
  EXPECT_LE(largest_difference(both.images[1], second.images[0]), 1);
  request.variation_seed = std::nullopt;
  EXPECT_EQ(failure_of(request), ErrorKind::InvalidArgument);
}

TEST(TextToImage, PaintsASecondTimeLarger) {
  const auto small = text_to_image(tiny_model(), request_for("a cat"));
  const int side = small.images[0].width;
  for (const char* upscaler : {"latent", "latent-bicubic-antialiased", "lanczos"}) {
    auto request = request_for("a cat");
    request.hires_scale = 2;
    request.hires_upscaler = upscaler;
    int steps = 0, last = -1;
    Observer observer;
    observer.on_step = [&](const Progress& progress) {
      steps = progress.steps;
      EXPECT_EQ(progress.step, ++last);
    };
    const auto large = text_to_image(tiny_model(), request, observer);
    EXPECT_EQ(large.images[0].width, 2 * side) << upscaler;
    EXPECT_EQ(steps, 6) << upscaler;  // three and three
    EXPECT_EQ(last, 5) << upscaler;
  }
  auto request = request_for("a cat");
  request.hires_width = 2 * side + 1;
  EXPECT_EQ(failure_of(request), ErrorKind::InvalidArgument);
}

TEST(TextToImage, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(failure_of(request_for("a <lora:ink:1> cat")), ErrorKind::NotFound);
  EXPECT_EQ(failure_of(request_for("a <hypernet:ink:1> cat")), ErrorKind::Unsupported);
  EXPECT_EQ(failure_of(request_for("a __colour__ cat")), ErrorKind::NotFound);
}

TEST(TextToImage, PromptAndNegativePromptMatter) {
  const auto plain = text_to_image(tiny_model(), request_for("a red circle"));
  const auto other = text_to_image(tiny_model(), request_for("seven blue stars"));
  auto negative = request_for("a red circle");
  negative.negative_prompt = "green";
  EXPECT_NE(plain.images[0].rgb, other.images[0].rgb);
  EXPECT_NE(plain.images[0].rgb, text_to_image(tiny_model(), negative).images[0].rgb);
}

TEST(TextToImage, RefusesWhatItCannotPaint) {
  auto request = request_for("x");
  request.width = 17;
  EXPECT_EQ(failure_of(request), ErrorKind::InvalidArgument);
  request = request_for("x");
  request.sampler = "eulr";
  EXPECT_EQ(failure_of(request), ErrorKind::InvalidArgument);
  request = request_for("x");
  request.noise = "white";
  EXPECT_EQ(failure_of(request), ErrorKind::InvalidArgument);
  request = request_for("x");
  request.seed = std::nullopt;
  EXPECT_EQ(failure_of(request), ErrorKind::InvalidArgument);
  EXPECT_THROW(with_defaults(request, find_family("tiny_ldm_vq")), Error);
}

TEST(TextToImage, StopsWhenCancelledAndKeepsWhatIsFinished) {
  std::atomic<bool> stop{false};
  int finished = 0, steps = 0;
  Observer observer;
  observer.cancel = CancelToken(stop);
  observer.on_image = [&](const Image&, std::uint64_t, int) { ++finished; };
  observer.on_step = [&](const Progress& progress) {
    ++steps;
    EXPECT_EQ(progress.count, 2);
    if (progress.first_image == 1) stop = true;
  };
  auto request = request_for("x");
  request.count = 2;
  request.batch = 1;
  try {
    text_to_image(tiny_model(), request, observer);
    ADD_FAILURE() << "went on";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Cancelled);
  }
  EXPECT_EQ(finished, 1);
  EXPECT_EQ(steps, 4);  // three of the first picture, one of the second
}

TEST(TextToImage, PaintsSeveralPromptsAtOnce) {
  const auto filled = with_defaults(request_for(""), tiny_model().config);
  const std::vector<std::string> prompts{"a red circle", "a blue star"};
  const std::vector<std::uint64_t> seeds{7, 8};
  const at::Tensor pixels = paint(tiny_model(), prompts, seeds, filled);
  EXPECT_EQ(pixels.dim(), 4);
  EXPECT_EQ(pixels.size(0), 2);
  EXPECT_THROW(paint(tiny_model(), prompts, std::vector<std::uint64_t>{1}, filled), Error);
}

}  // namespace
}  // namespace sfumato
