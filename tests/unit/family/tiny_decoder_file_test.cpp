#include "sfumato/family/tiny_decoder_file.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/nn/init.h"

namespace sfumato {
namespace {

const LatentConfig kSmall{.channels = 4, .downsample = 4};

TinyDecoder small_decoder() {
  const nn::InitGuard init(nn::Init::Random, 5);
  return TinyDecoder(
      TinyDecoderConfig{.latent_channels = 4, .channels = 6, .blocks = 2, .upsamplings = 2});
}

// The list of layers as TAESD writes it down, with nothing but operators.
at::Tensor by_the_list(const TensorMap& w, const at::Tensor& latent) {
  const auto conv = [&](const std::string& name, const at::Tensor& x) {
    const auto bias = w.find(name + ".bias");
    return at::conv2d(x, w.at(name + ".weight"), bias == w.end() ? at::Tensor() : bias->second, 1,
                      1);
  };
  const auto block = [&](int place, const at::Tensor& x) {
    const std::string name = std::to_string(place) + ".conv.";
    at::Tensor y = at::relu(conv(name + "0", x));
    y = at::relu(conv(name + "2", y));
    return at::relu(conv(name + "4", y) + x);
  };
  const auto twice = [](const at::Tensor& x) {
    return at::upsample_nearest2d(x, {2 * x.size(2), 2 * x.size(3)});
  };
  at::Tensor x = at::relu(conv("1", at::tanh(latent / 3) * 3));
  x = conv("6", twice(block(4, block(3, x))));
  x = conv("10", twice(block(8, block(7, x))));
  return conv("12", block(11, x)) * 2 - 1;
}

std::string error_of(const TensorMap& tensors, const LatentConfig& latent) {
  try {
    tiny_decoder_from(tensors, latent, "some.safetensors");
  } catch (const Error& e) {
    return e.what();
  }
  return "";
}

TEST(TinyDecoder, HasTheNamesAndWeightsOfTaesd) {
  TinyDecoder decoder(TinyDecoderConfig{});
  const TensorMap tensors = tensors_of(*decoder);
  std::int64_t weights = 0;
  for (const auto& item : tensors) weights += item.second.numel();
  EXPECT_EQ(weights, 1222531);
  for (const char* name :
       {"1.bias", "3.conv.0.weight", "5.conv.4.bias", "7.weight", "8.conv.2.bias", "12.weight",
        "15.conv.0.weight", "17.weight", "18.conv.4.weight", "19.bias"}) {
    EXPECT_TRUE(tensors.contains(name)) << name;
  }
  EXPECT_FALSE(tensors.contains("7.bias"));
}

TEST(TinyDecoder, ComputesWhatItsListSays) {
  const at::NoGradGuard no_grad;
  TinyDecoder decoder = small_decoder();
  const at::Tensor latent = at::randn({2, 4, 3, 5}) * 4;
  const at::Tensor found = decoder(latent), wanted = by_the_list(tensors_of(*decoder), latent);
  ASSERT_EQ(found.sizes(), (std::vector<std::int64_t>{2, 3, 12, 20}));
  EXPECT_TRUE(at::allclose(found, wanted, 1e-5, 1e-5));
}

TEST(TinyDecoderFile, IsReadUnderTheNamesOfAllWhoWriteIt) {
  const at::NoGradGuard no_grad;
  TinyDecoder decoder = small_decoder();
  const at::Tensor latent = at::randn({1, 4, 4, 4}), wanted = decoder(latent);
  const TensorMap own = tensors_of(*decoder);
  TensorMap prefixed{{"encoder.0.weight", at::zeros({6, 3, 3, 3})}}, combined, diffusers;
  for (const auto& [name, tensor] : own) {
    prefixed["decoder." + name] = tensor;
    combined["taesd_decoder." + name] = tensor;
    const auto dot = name.find('.');
    const int place = std::stoi(name.substr(0, dot)) - 1;
    diffusers["decoder.layers." + std::to_string(place) + name.substr(dot)] = tensor;
  }
  for (const TensorMap& tensors : {own, prefixed, combined, diffusers}) {
    TinyDecoder read = tiny_decoder_from(tensors, kSmall, "some.safetensors");
    EXPECT_TRUE(read(latent).equal(wanted)) << tensors.begin()->first;
  }
}

TEST(TinyDecoderFile, SaysWhatDoesNotFit) {
  const TensorMap own = tensors_of(*small_decoder());
  EXPECT_NE(error_of(own, {.channels = 16, .downsample = 8})
                .find("4 channels at 1/4 of the size, the model's have 16 channels at 1/8"),
            std::string::npos);
  EXPECT_NE(error_of({{"model.weight", at::zeros({2})}}, kSmall).find("no decoder"),
            std::string::npos);
  EXPECT_NE(error_of({{"1.weight", at::zeros({2})}}, kSmall).find("no decoder"), std::string::npos);
  TensorMap damaged = own;
  damaged.erase("4.conv.2.bias");
  EXPECT_NE(error_of(damaged, kSmall).find("4.conv.2.bias"), std::string::npos);
  damaged = own;
  damaged["1.weight"] = at::zeros({1 << 20, 4, 1, 1});
  EXPECT_NE(error_of(damaged, kSmall).find("no decoder"), std::string::npos);
  TensorMap many;
  for (int i = 0; i < 64; ++i) many[std::to_string(i) + ".weight"] = at::zeros({6, 4, 3, 3});
  many["3.conv.0.weight"] = at::zeros({6, 6, 3, 3});
  EXPECT_NE(error_of(many, kSmall).find("no decoder"), std::string::npos);
  damaged = own;
  damaged["1.weight"] = at::zeros({0, 4, 3, 3});
  EXPECT_NE(error_of(damaged, kSmall).find("no decoder"), std::string::npos);
  damaged = own;
  damaged["12.weight"] = at::zeros({1, 6, 3, 3});
  EXPECT_NE(error_of(damaged, kSmall).find("12.weight"), std::string::npos);
}

}  // namespace
}  // namespace sfumato
