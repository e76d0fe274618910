#include "sfumato/family/conditioner.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/family/network.h"
#include "tiny_models.h"

namespace sfumato {
namespace {

TEST(Conditioner, PromptsBecomeOneContextRowEach) {
  const at::NoGradGuard no_grad;
  const Model model = tiny_model("tiny_sd1");
  const std::vector<std::string> prompts{"a red circle", "", "a red circle"};
  const Conditioning cond = condition(model, prompts);
  EXPECT_EQ(cond.context->sizes(), at::IntArrayRef({3, 16, 16}));
  EXPECT_FALSE(cond.vector.has_value());
  EXPECT_TRUE(at::allclose((*cond.context)[0], (*cond.context)[2], 1e-5, 1e-6));
  EXPECT_FALSE(at::allclose((*cond.context)[0], (*cond.context)[1]));
}

TEST(Conditioner, PadsAsTheFamilySays) {
  const Model model = tiny_model("tiny_sdxl");
  const std::vector<std::string> prompts{"a"};
  const auto last = [&](int encoder) {
    return tokenize(model, model.text_encoders[encoder], prompts)[0][15].item<std::int64_t>();
  };
  EXPECT_EQ(last(0), 513);  // EOS
  EXPECT_EQ(last(1), 0);
}

TEST(Conditioner, SdxlStacksEncodersAndTellsTheSize) {
  const at::NoGradGuard no_grad;
  const Model model = tiny_model("tiny_sdxl");
  const std::vector<std::string> prompts{"a star", ""};
  const Conditioning cond = condition(model, prompts);
  EXPECT_EQ(cond.context->sizes(), at::IntArrayRef({2, 16, 40}));
  EXPECT_EQ(cond.vector->sizes(), at::IntArrayRef({2, 24 + 3 * 512}));
  // An empty prompt is zeros for this family; the sizes stay.
  EXPECT_EQ((*cond.context)[1].abs().sum().item<float>(), 0.0f);
  EXPECT_EQ((*cond.vector)[1].slice(0, 0, 24).abs().sum().item<float>(), 0.0f);
  EXPECT_TRUE(at::equal((*cond.vector)[0].slice(0, 24), (*cond.vector)[1].slice(0, 24)));
  const Conditioning wide = condition(model, prompts, {.target_width = 2048});
  EXPECT_FALSE(at::equal(*wide.vector, *cond.vector));
}

TEST(Conditioner, ClassesBecomeOneTokenEach) {
  const Model model = tiny_model("tiny_ldm_vq");
  const std::vector<std::int64_t> classes{0, 10};
  EXPECT_EQ(condition_on_classes(model, classes).context->sizes(), at::IntArrayRef({2, 1, 12}));
  const std::vector<std::int64_t> wrong{11};
  EXPECT_EQ(error_of([&] { condition_on_classes(model, wrong); }).kind(),
            ErrorKind::InvalidArgument);
  const std::vector<std::string> prompts{"a"};
  EXPECT_EQ(error_of([&] { condition(model, prompts); }).kind(), ErrorKind::Unsupported);
}

TEST(Network, RunsEveryTinyFamilyInFloatAndBFloat16) {
  const at::NoGradGuard no_grad;
  for (const char* family : {"tiny_sd1", "tiny_sdxl", "tiny_ldm_vq"}) {
    Model model = tiny_model(family);
    const std::vector<std::string> prompts{"a"};
    const std::vector<std::int64_t> classes{3};
    const auto cond = [&] {
      return model.config.text_encoders[0].kind == EncoderKind::Class
                 ? condition_on_classes(model, classes)
                 : condition(model, prompts);
    };
    const at::Tensor x = at::sin(at::arange(8 * 8 * model.config.latent.channels, at::kFloat))
                             .view({1, model.config.latent.channels, 8, 8});
    const at::Tensor t = at::full({1}, 500, at::kLong);
    const at::Tensor exact = as_network(model)(x, t, cond());
    EXPECT_EQ(exact.sizes(), x.sizes()) << family;

    move_to(model, at::kCPU, at::kBFloat16);
    const at::Tensor rounded = as_network(model)(x, t, cond());
    EXPECT_EQ(rounded.scalar_type(), at::kFloat);
    EXPECT_LT((rounded - exact).abs().max().item<float>(),
              0.05 * (1 + exact.abs().max().item<float>()))
        << family;
  }
}

TEST(Autoencoder, ScalesLatentsBothWays) {
  const at::NoGradGuard no_grad;
  Model model = tiny_model("tiny_sdxl");
  const at::Tensor image = at::linspace(-1, 1, 3 * 16 * 16).view({1, 3, 16, 16});
  const at::Tensor z = model.autoencoder.kl->encode(image).mean;
  const at::Tensor x = model.autoencoder.encode(image);
  EXPECT_TRUE(at::allclose(x, (z - 0.1) * 0.5));
  EXPECT_TRUE(
      at::allclose(model.autoencoder.decode(x), model.autoencoder.kl->decode(z), 1e-4, 1e-5));
  EXPECT_EQ(tiny_model("tiny_ldm_vq").autoencoder.encode(image).sizes(),
            at::IntArrayRef({1, 3, 8, 8}));
}

}  // namespace
}  // namespace sfumato
