#include <gtest/gtest.h>

#include "tiny_models.h"

namespace sfumato {
namespace {

/// The text of tiny_sd1 with one replacement.
std::string changed(const std::string& from, const std::string& to) {
  std::string text = find_family("tiny_sd1").toml;
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

Error error_in(const std::string& text) {
  return error_of([&] { parse_family(text, "f.toml"); });
}

TEST(Families, AllParseAndCiteTheirSource) {
  EXPECT_GE(families().size(), 30u);
  for (const auto& config : families()) {
    EXPECT_FALSE(config.source.empty()) << config.family;
    EXPECT_FALSE(config.fingerprint.empty()) << config.family;
    EXPECT_EQ(&find_family(config.family), &config);
  }
}

TEST(Families, KeepThePublishedNumbers) {
  const ModelConfig& v = find_family("sd21_v");
  EXPECT_EQ(v.prediction, Prediction::V);
  EXPECT_EQ(v.latent.scale, 0.18215);
  EXPECT_EQ(v.unet->context_width, 1024);
  EXPECT_EQ(v.text_encoders.at(0).take, Take::PenultimateNorm);
  EXPECT_EQ(v.defaults.width, 768);
  const ModelConfig& xl = find_family("sdxl_base");
  EXPECT_EQ(xl.latent.scale, 0.13025);
  EXPECT_EQ(xl.vector.size(), 4u);
  EXPECT_EQ(xl.text_encoders.size(), 2u);
  EXPECT_FALSE(find_family("kl_f8").unet.has_value());
}

TEST(Families, AnUnknownNameSuggestsTheNearest) {
  const Error e = error_of([] { find_family("sdxl_bsae"); });
  EXPECT_EQ(e.kind(), ErrorKind::NotFound);
  EXPECT_EQ(e.hint(), "did you mean 'sdxl_base'?");
}

TEST(FamilyToml, AnUnknownKeySuggestsTheNearest) {
  const Error e = error_in(changed("model_channels", "modle_channels = 3\nmodel_channels"));
  EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
  EXPECT_STREQ(e.what(), "unknown key f.toml: unet.modle_channels");
  EXPECT_EQ(e.hint(), "did you mean 'model_channels'?");
}

TEST(FamilyToml, AnUnknownKindSuggestsTheNearest) {
  const Error e = error_in(changed("\"clip\"", "\"clp\""));
  EXPECT_STREQ(e.what(), "f.toml: text_encoders.kind: unknown value 'clp'");
  EXPECT_EQ(e.hint(), "did you mean 'clip'?");
}

TEST(FamilyToml, MissingKeysAreNamed) {
  EXPECT_STREQ(error_in(changed("channels = 4\ndownsample", "downsample")).what(),
               "f.toml: latent.channels is missing");
  EXPECT_STREQ(error_in("family = 'x'\nsource = 'y'\n").what(),
               "f.toml: latent: the table [latent] is missing");
}

TEST(FamilyToml, ContradictionsAreRefused) {
  const std::vector<std::pair<std::string, std::string>> changes = {
      {"downsample = 4", "downsample = 8"},
      {"in_channels = 4", "in_channels = 5"},
      {"context_width = 16", "context_width = 24"},
      {"heads = 2\ncontext", "heads = 2\nchannels_per_head = 8\ncontext"},
      {"heads = 2\ncontext", "heads = 3\ncontext"},
      {"norm_groups = 8", "norm_groups = 5"},
      {"res_blocks = [1, 1]", "res_blocks = [1]"},
      {"model_channels = 16", "model_channels = -16"},
      {"model_channels = 16", "model_channels = 160000000"},
      {"width = 32", "width = 30"},
      {"tokenizer.json", "../tokenizer.json"},
      {"kind = \"kl\"", "kind = \"vq\""},
      {"scale = 0.5", "scale = 0.0"},
      {"prediction = \"eps\"", "prediction = \"epsilon\""},
  };
  for (const auto& [from, to] : changes) {
    EXPECT_EQ(error_in(changed(from, to)).kind(), ErrorKind::InvalidArgument) << to;
  }
}

}  // namespace
}  // namespace sfumato
