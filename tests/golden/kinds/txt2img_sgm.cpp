// Pipelines of generative-models: SDXL and its refiner.
#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "golden/kinds/open_clip_context.h"
#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "golden/kinds/txt2img_support.h"
#include "golden/kinds/weights.h"
#include "sfumato/diffusion/guidance.h"
#include "sfumato/family/network.h"
#include "sfumato/models/compvis_config.h"
#include "sfumato/nn/timestep_embedding.h"
#include "sfumato/sampling/sigmas.h"

namespace sfumato::golden {
namespace {

struct Embedded {
  std::optional<at::Tensor> context, vector;
};

// The unconditional half has inputs of its own where it differs.
const at::Tensor& input_for(const Case& c, const std::string& name, bool uncond) {
  return c.input(uncond && c.has_input("uncond_" + name) ? "uncond_" + name : name);
}

const at::Tensor& ids_for(const Case& c, const std::string& encoder, bool uncond) {
  return input_for(c, c.has_input("ids_" + encoder) ? "ids_" + encoder : "ids", uncond);
}

// A case with one encoder only need not number its config.
const nlohmann::json& text_entry(const Case& c, const std::string& name, const std::string& which) {
  const auto& config = c.config();
  return config.contains(name + which) ? config.at(name + which) : config.at(name);
}

Embedded embed_text(const Case& c, const nlohmann::json& embedder, std::size_t index, bool uncond) {
  const auto params = embedder.value("params", nlohmann::json::object());
  const std::string prefix = "conditioner.embedders." + std::to_string(index) + ".";
  if (embedder.at("target").get<std::string>().ends_with("FrozenCLIPEmbedder")) {
    return {clip_context(c, text_entry(c, "text_config", "_l"), params, prefix + "transformer.",
                         ids_for(c, "l", uncond)),
            std::nullopt};
  }
  const nlohmann::json config{{"text_cfg", text_entry(c, "text_cfg", "_g")},
                              {"embed_dim", text_entry(c, "embed_dim", "_g")}};
  auto text = model_with_weights<OpenClipTextModel>(open_clip_text_from_json(config), c.weights,
                                                    prefix + "model.");
  const TextFeatures features = text->forward(ids_for(c, "g", uncond));
  Embedded result{open_clip_context(text, features, embedder), std::nullopt};
  if (params.value("always_return_pooled", false)) result.vector = features.pooled;
  return result;
}

// Every number on its own.
Embedded embed_sizes(const Case& c, const nlohmann::json& embedder, bool uncond) {
  std::string name = embedder.at("input_key");
  if (name == "crop_coords_top_left") name = "crop_top_left";
  const std::string ending = "_as_tuple";
  if (name.ends_with(ending)) name.resize(name.size() - ending.size());
  const at::Tensor& numbers = input_for(c, name, uncond);
  const int width = embedder.at("params").at("outdim");
  return {std::nullopt,
          nn::timestep_embedding(numbers.flatten(), width).reshape({numbers.size(0), -1})};
}

// GeneralConditioner: contexts side by side, vectors side by side; what comes from an input named
// in `zeroed` is zeros.
Conditioning sgm_conditioning(const Case& c, bool uncond, const std::vector<std::string>& zeroed) {
  const auto& params = c.config().at("model").at("params");
  const auto& embedders = params.at("conditioner_config").at("params").at("emb_models");
  std::vector<at::Tensor> contexts, vectors;
  for (std::size_t i = 0; i < embedders.size(); ++i) {
    const auto& embedder = embedders[i];
    const std::string key = embedder.at("input_key");
    const Embedded made =
        key == "txt" ? embed_text(c, embedder, i, uncond) : embed_sizes(c, embedder, uncond);
    const bool zeros = std::find(zeroed.begin(), zeroed.end(), key) != zeroed.end();
    const auto kept = [&](const at::Tensor& x) { return zeros ? at::zeros_like(x) : x; };
    if (made.context) contexts.push_back(kept(*made.context));
    if (made.vector) vectors.push_back(kept(*made.vector));
  }
  Conditioning cond{.context = at::cat(contexts, 2), .vector = {}, .concat = {}};
  if (!vectors.empty()) cond.vector = at::cat(vectors, 1);
  return cond;
}

// DiscreteDenoiser: the network is told the nearest table entry, and the noise is taken to be its.
ConditionalDenoiser discrete_denoiser(const Model& model, const NoiseSchedule& schedule,
                                      Prediction prediction) {
  const auto entry = [schedule](double sigma) {
    return static_cast<double>(schedule.closest_entry(sigma));
  };
  return [schedule, denoise = make_denoiser(as_network(model), entry, prediction)](
             const at::Tensor& x, double sigma, const Conditioning& cond) {
    const auto nearest = static_cast<std::size_t>(schedule.closest_entry(sigma));
    return denoise(x, schedule.sigmas()[nearest], cond);
  };
}

Prediction sgm_prediction(const nlohmann::json& denoiser) {
  const std::string scaling = denoiser.at("params").at("scaling_config").at("target");
  if (scaling.ends_with("EpsScaling")) return Prediction::Epsilon;
  if (scaling.ends_with("VScaling")) return Prediction::V;
  throw Skip("scaling " + scaling);
}

}  // namespace

void run_sgm_pipeline(const Case& c, Report& report) {
  const auto& params = c.config().at("model").at("params");
  const auto& denoiser = params.at("denoiser_config");
  const auto& discretization = denoiser.at("params").at("discretization_config");
  const Model model = diffusion_model(c, params.at("network_config"));
  const NoiseSchedule schedule =
      schedule_of(discretization.value("params", nlohmann::json::object()));
  const auto denoise = discrete_denoiser(model, schedule, sgm_prediction(denoiser));
  const Conditioning cond = sgm_conditioning(c, false, {});
  const Conditioning uncond = sgm_conditioning(c, true, {});
  expect_if_there(c, report, "cond_crossattn", *cond.context);
  expect_if_there(c, report, "uncond_crossattn", *uncond.context);
  if (cond.vector) {
    expect_if_there(c, report, "cond_vector", *cond.vector);
    expect_if_there(c, report, "uncond_vector", *uncond.vector);
  }

  for (const auto& [run, unused] : c.config().at("runs").items()) {
    const nlohmann::json settings = settings_of_run(c, run);
    const auto sigmas = find_spacing("sgm_legacy").sigmas(schedule, settings.at("steps"));
    expect_if_there(c, report, "sigmas", floats(sigmas));
    const auto zeroed = settings.value("force_uc_zero_embeddings", std::vector<std::string>{});
    const Denoiser guided =
        classifier_free(denoise, cond, zeroed.empty() ? uncond : sgm_conditioning(c, true, zeroed),
                        settings.at("scale").get<double>());
    const auto& sampler = sgm_sampler(settings.at("sampler"));
    expect_picture(
        c, report, run, model,
        sampler.run(guided, c.input("x_T") * growth(sigmas[0]), sigmas, env_of_run(c, run)));
  }
}

}  // namespace sfumato::golden
