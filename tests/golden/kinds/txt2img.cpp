// Complete pipelines: token ids and starting noise in, pictures out.
#include <ATen/ATen.h>

#include "golden/kinds/runners.h"
#include "golden/kinds/sampler_support.h"
#include "golden/kinds/txt2img_support.h"
#include "golden/kinds/weights.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/models/clip_text_model.h"
#include "sfumato/models/compvis_config.h"

namespace sfumato::golden {
namespace {

// The same weights also lie beside the case as files that people load.
void expect_same_weights(const Case& c, Report& report, const std::string& file) {
  const TensorMap tensors = open_checkpoint(c.folder / file).tensors;
  nlohmann::json different = nlohmann::json::array();
  for (const auto& [name, want] : c.weights) {
    const auto got = tensors.find(name);
    const bool same = got != tensors.end() && got->second.to(want.scalar_type()).equal(want);
    if (!same) different.push_back(name);
  }
  report.expect_equal(file + ": tensors unlike those of the case", different,
                      nlohmann::json::array());
}

}  // namespace

Model diffusion_model(const Case& c, const nlohmann::json& unet_config) {
  const auto& params = c.config().at("model").at("params");
  Model model;
  model.config.unet = unet_from_compvis(unet_config);
  model.unet = model_with_weights<UNet>(*model.config.unet, c.weights, "model.diffusion_model.");

  const auto autoencoder = autoencoder_from_compvis(params.at("first_stage_config"));
  model.config.autoencoder = autoencoder;
  model.config.latent.channels = autoencoder.latent_channels;
  model.config.latent.scale = params.at("scale_factor").get<double>();
  model.autoencoder.kl =
      model_with_weights<AutoencoderKL>(autoencoder, c.weights, "first_stage_model.");
  model.autoencoder.latent = model.config.latent;

  const auto stacked = model.config.unet->in_channels - autoencoder.latent_channels;
  if (stacked > 0) {
    model.config.concat.kind = ConcatKind::MaskedLatent;
    model.config.concat.channels = stacked;
  }
  return model;
}

nlohmann::json settings_of_run(const Case& c, const std::string& run) {
  nlohmann::json settings = c.config();
  settings.update(c.config().at("runs").at(run));
  return settings;
}

SamplerEnv env_of_run(const Case& c, const std::string& run) {
  at::Tensor draws;
  for (const auto& name : {run + "_noise", std::string("noise")}) {
    if (!draws.defined() && c.has_input(name)) draws = c.input(name);
  }
  return env_of(settings_of_run(c, run), draws);
}

void expect_if_there(const Case& c, Report& report, const std::string& name,
                     const at::Tensor& got) {
  if (c.outputs.contains(name)) report.expect(name, got);
}

void expect_picture(const Case& c, Report& report, const std::string& run, const Model& model,
                    const at::Tensor& latent) {
  const at::Tensor image = model.autoencoder.decode(latent).add(1.0).div(2.0).clamp(0.0, 1.0);
  expect_if_there(c, report, run + "_latent", latent);
  expect_if_there(c, report, run + "_image", image);
  // Cut off, not rounded.
  expect_if_there(c, report, run + "_image_u8",
                  image.mul(255.0).to(at::kByte).permute({0, 2, 3, 1}));
}

at::Tensor clip_context(const Case& c, const nlohmann::json& text_config,
                        const nlohmann::json& params, const std::string& prefix,
                        const at::Tensor& ids) {
  const ClipTextConfig config = clip_text_from_hugging_face(text_config);
  auto model = model_with_weights<ClipTextModel>(config, c.weights, prefix,
                                                 "text_model.embeddings.position_ids");
  const std::string layer = params.value("layer", "last");
  if (layer == "last") return model->forward(ids).last;
  if (layer == "pooled") return model->forward(ids).pooled.unsqueeze(1);
  // Counted from the embeddings, or with a sign from the last layer.
  const auto index = params.at("layer_idx").get<std::int64_t>();
  const std::int64_t from_end = index < 0 ? -index : config.layers + 1 - index;
  if (from_end < 2) throw Skip("CLIP's last hidden state without its norm");
  return model->forward(ids, from_end).penultimate;
}

void run_txt2img(const Case& c, Report& report) {
  const at::NoGradGuard no_grad;
  const std::string target = c.config().at("model").at("target");
  target.starts_with("sgm.") ? run_sgm_pipeline(c, report) : run_compvis_pipeline(c, report);
  for (const std::string& file : c.meta.value("checkpoints", std::vector<std::string>{})) {
    expect_same_weights(c, report, file);
  }
}

}  // namespace sfumato::golden
