#include "sfumato/models/unet.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

UNetConfig tiny_unet() {
  return {.in_channels = 4,
          .out_channels = 3,
          .model_channels = 8,
          .channel_mult = {1, 2},
          .res_blocks = {1, 1},
          .attention_at_downsample = {2},
          .heads = 2,
          .context_width = 6,
          .transformer_depth = {1, 1},
          .self_attention = {true, true},
          .norm_groups = 4};
}

at::Tensor steps() { return at::tensor({3, 900}, at::kLong); }

// The last layer starts at zero; without this every output would be equal.
void randomize(UNet& unet) {
  const at::NoGradGuard no_grad;
  for (auto& parameter : unet->parameters()) parameter.copy_(0.2 * at::randn_like(parameter));
}

TEST(UNet, KeepsTheSizeAndListensToItsInputs) {
  UNet unet(tiny_unet());
  randomize(unet);
  const auto x = at::randn({2, 4, 8, 4}), context = at::randn({2, 5, 6});
  const auto out = unet->forward(x, steps(), context);
  ASSERT_EQ(out.sizes(), at::IntArrayRef({2, 3, 8, 4}));
  EXPECT_FALSE(at::allclose(out, unet->forward(x, steps(), at::randn({2, 5, 6}))));
  EXPECT_FALSE(at::allclose(out, unet->forward(x, at::tensor({4, 900}, at::kLong), context)));
  // Rows of a batch do not see each other.
  EXPECT_TRUE(at::allclose(unet->forward(x.slice(0, 1), steps().slice(0, 1), context.slice(0, 1)),
                           out.slice(0, 1), 1e-4, 1e-5));
}

TEST(UNet, NamesItsPartsLikeTheCheckpoints) {
  UNet unet(tiny_unet());
  const auto p = unet->named_parameters();
  for (const char* name : {"time_embed.0.weight", "time_embed.2.bias", "input_blocks.0.0.weight",
                           "input_blocks.1.0.in_layers.0.weight", "input_blocks.2.0.op.weight",
                           "input_blocks.3.0.skip_connection.weight",
                           "input_blocks.3.1.transformer_blocks.0.attn2.to_k.weight",
                           "middle_block.1.transformer_blocks.0.ff.net.0.proj.weight",
                           "middle_block.2.out_layers.3.weight", "output_blocks.1.2.conv.weight",
                           "output_blocks.3.0.emb_layers.1.weight", "out.0.weight", "out.2.bias"}) {
    EXPECT_TRUE(p.contains(name)) << name;
  }
  EXPECT_FALSE(p.contains("label_emb.weight"));
}

TEST(UNet, StartsByPredictingNothing) {
  UNet unet(tiny_unet());
  const auto out = unet->forward(at::randn({2, 4, 4, 4}), steps(), at::randn({2, 1, 6}));
  EXPECT_EQ(out.abs().max().item<double>(), 0.0);
}

TEST(UNet, GradientsReachEveryParameter) {
  UNet unet(tiny_unet());
  randomize(unet);
  unet->forward(at::randn({2, 4, 4, 4}), steps(), at::randn({2, 3, 6})).square().sum().backward();
  for (const auto& parameter : unet->named_parameters()) {
    EXPECT_TRUE(parameter.value().grad().defined()) << parameter.key();
  }
}

TEST(UNet, TakesLabelsAndVectors) {
  UNetConfig labelled = tiny_unet();
  labelled.class_count = 7;
  UNet with_labels(labelled);
  randomize(with_labels);
  const auto x = at::randn({2, 4, 4, 4}), context = at::randn({2, 3, 6});
  const auto label = [&](int64_t y) {
    return with_labels->forward(x, steps(), context, at::full({2}, y, at::kLong));
  };
  EXPECT_FALSE(at::allclose(label(1), label(2)));

  UNetConfig vectored = tiny_unet();
  vectored.vector_width = 5;
  UNet with_vector(vectored);
  EXPECT_TRUE(with_vector->named_parameters().contains("label_emb.0.2.weight"));
  EXPECT_NO_THROW(with_vector->forward(x, steps(), context, at::randn({2, 5})));
  EXPECT_THROW(with_vector->forward(x, steps(), context), Error);
}

TEST(UNet, RefusesWhatDoesNotFit) {
  UNet unet(tiny_unet());
  const auto context = at::randn({2, 3, 6});
  EXPECT_THROW(unet->forward(at::zeros({2, 3, 4, 4}), steps(), context), Error);
  EXPECT_THROW(unet->forward(at::zeros({2, 4, 4, 4}), steps(), at::randn({2, 3, 7})), Error);
  EXPECT_THROW(unet->forward(at::zeros({2, 4, 4, 4}), steps()), Error);
  EXPECT_THROW(unet->forward(at::zeros({2, 4, 5, 4}), steps(), context), Error);
  UNetConfig heads = tiny_unet();
  heads.heads = 3;
  EXPECT_THROW(UNet{heads}, Error);
}

// Of a picture that is the same everywhere a network without coordinates knows the edges alone.
TEST(UNet, CoordinatesTellPlacesApart) {
  const at::NoGradGuard no_grad;
  for (const bool coordinates : {false, true}) {
    UNetConfig config = tiny_unet();
    config.coordinates = coordinates;
    UNet unet(config);
    randomize(unet);
    const auto out = unet(at::ones({2, 4, 64, 64}), steps(), at::randn({2, 5, 6}));
    const auto inside = out.slice(2, 28, 36).slice(3, 28, 36).flatten(2);
    const double spread = (inside.std(2, true).amax() / out.std()).item<double>();
    EXPECT_EQ(spread > 1e-4, coordinates) << spread;
  }
}

}  // namespace
}  // namespace sfumato
