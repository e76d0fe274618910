// Pipelines of CompVis and Stability AI: Stable Diffusion 1 and 2, from noise, from a picture, and
// around a known part. Their latent preserves the variance; ours is sqrt(1 + σ²) times as large.
#include <ATen/ATen.h>

#include <map>
#include <span>
#include <vector>

#include "golden/kinds/open_clip_context.h"
#include "golden/kinds/sampler_support.h"
#include "golden/kinds/schedule_support.h"
#include "golden/kinds/txt2img_support.h"
#include "golden/kinds/weights.h"
#include "sfumato/diffusion/guidance.h"
#include "sfumato/family/network.h"
#include "sfumato/models/compvis_config.h"
#include "sfumato/sampling/sample_keeping.h"

namespace sfumato::golden {
namespace {

struct CompvisPipeline {
  const Case& c;
  Report& report;
  Model model;
  NoiseSchedule schedule;
  Prediction prediction;
  Conditioning cond, uncond;

  Denoiser guided(ConditionalDenoiser denoise, const nlohmann::json& settings) const {
    return classifier_free(std::move(denoise), cond, uncond, settings.at("scale").get<double>());
  }
};

at::Tensor context_of(const Case& c, const std::string& ids) {
  const auto& config = c.config();
  const auto& embedder = config.at("model").at("params").at("cond_stage_config");
  std::string prefix = config.at("weight_prefix_text");
  if (embedder.at("target").get<std::string>().ends_with("FrozenCLIPEmbedder")) {
    const std::string below = "text_model.";
    if (prefix.ends_with(below)) prefix.resize(prefix.size() - below.size());
    return clip_context(c, config.at("text_config"),
                        embedder.value("params", nlohmann::json::object()), prefix, c.input(ids));
  }
  auto text =
      model_with_weights<OpenClipTextModel>(open_clip_text_from_json(config), c.weights, prefix);
  return open_clip_context(text, text->forward(c.input(ids)), embedder);
}

// The mask, and the latent of the picture without what lies under it; 1 is painted anew.
at::Tensor masked_channels(const Case& c, const Model& model) {
  const at::Tensor mask = c.input("mask");
  const at::Tensor known = c.input("image") * mask.lt(0.5);
  const at::Tensor latent = model.autoencoder.encode(known, c.input("posterior_noise"));
  return at::cat({at::upsample_nearest2d(mask, {latent.size(2), latent.size(3)}), latent}, 1);
}

CompvisPipeline compvis_pipeline(const Case& c, Report& report) {
  const auto& params = c.config().at("model").at("params");
  CompvisPipeline p{.c = c,
                    .report = report,
                    .model = diffusion_model(c, params.at("unet_config")),
                    .schedule = schedule_of(params),
                    .prediction = parse_prediction(params.value("parameterization", "eps")),
                    .cond = {.context = context_of(c, "ids"), .vector = {}, .concat = {}},
                    .uncond = {.context = context_of(c, "uncond_ids"), .vector = {}, .concat = {}}};
  expect_if_there(c, report, "cond", *p.cond.context);
  expect_if_there(c, report, "uncond", *p.uncond.context);
  if (p.model.config.concat.kind != ConcatKind::None) {
    const bool given = c.has_input("c_concat");
    const at::Tensor concat = given ? c.input("c_concat") : masked_channels(c, p.model);
    expect_if_there(c, report, "c_concat", concat);
    p.cond.concat = p.uncond.concat = concat;
  }
  return p;
}

// The latents that a run goes through, on the original's scale: at each level what the network is
// asked about last, for PLMS looks ahead in its first step.
class VisitedLatents {
 public:
  Denoiser watched(Denoiser denoise) {
    return [this, denoise = std::move(denoise)](const at::Tensor& x, double sigma) {
      at_level_[sigma] = x;
      return denoise(x, sigma);
    };
  }
  at::Tensor with_last(std::span<const double> sigmas, const at::Tensor& last) const {
    std::vector<at::Tensor> steps;
    for (const double sigma : sigmas.first(sigmas.size() - 1)) {
      steps.push_back(at_level_.at(sigma) / growth(sigma));
    }
    steps.push_back(last);
    return at::stack(steps);
  }

 private:
  std::map<double, at::Tensor> at_level_;
};

// Leaves the last steps of `sigmas`; returns the picture's latent, which the original noises to the
// level before the first of them.
at::Tensor encode_part(const CompvisPipeline& p, const std::string& run, const at::Tensor& latent,
                       double strength, std::vector<double>& sigmas) {
  const auto steps = static_cast<double>(sigmas.size() - 1);
  const auto t_enc = static_cast<std::ptrdiff_t>(strength * steps);
  const double level = sigmas[sigmas.size() - 2 - static_cast<std::size_t>(t_enc)];
  const at::Tensor encoded = (latent + level * p.c.input("encode_noise")) / growth(level);
  expect_if_there(p.c, p.report, run + "_encoded", encoded);
  sigmas.erase(sigmas.begin(), sigmas.end() - 1 - t_enc);
  return encoded;
}

at::Tensor picture_latent(const CompvisPipeline& p) {
  const at::Tensor latent =
      p.model.autoencoder.encode(p.c.input("init_image"), p.c.input("posterior_noise"));
  expect_if_there(p.c, p.report, "init_latent", latent);
  return latent;
}

at::Tensor run_table_sampler(const CompvisPipeline& p, const std::string& run,
                             const nlohmann::json& settings) {
  std::vector<double> sigmas = compvis_sigmas(settings, p.schedule);
  at::Tensor x = p.c.input("x_T"), known;
  const bool keeping = run.starts_with("masked");
  if (settings.contains("strength") || keeping) known = picture_latent(p);
  if (settings.contains("strength")) {
    x = encode_part(p, run, known, settings.at("strength"), sigmas);
  }
  x = x * growth(sigmas.front());

  VisitedLatents visited;
  const auto denoise = make_denoiser(as_network(p.model), p.schedule, p.prediction);
  const Denoiser watched = visited.watched(p.guided(denoise, settings));
  const Sampler sampler = sampler_or_skip(settings.at("sampler")).run;
  if (keeping) {
    const SamplerEnv env = env_of(settings, p.c.input("mask_noise"));
    x = sample_keeping(sampler, watched, x, sigmas, env, known, p.c.input("mask"));
  } else {
    x = sampler(watched, x, sigmas, env_of_run(p.c, run));
  }
  x = x / growth(sigmas.back());
  expect_if_there(p.c, p.report, run + "_steps", visited.with_last(sigmas, x));
  return x;
}

// Continuous time, in which the schedule is linear in log ᾱ.
at::Tensor run_continuous_sampler(const CompvisPipeline& p, const nlohmann::json& settings) {
  const auto schedule = p.schedule.interpolated(Interpolation::LogAlpha);
  const auto denoise = make_denoiser(as_network(p.model), schedule, p.prediction);
  const at::Tensor x =
      run_dpm_solver(settings, p.guided(denoise, settings), schedule, p.c.input("x_T"));
  return x / growth(schedule.sigma_min());
}

}  // namespace

void run_compvis_pipeline(const Case& c, Report& report) {
  const CompvisPipeline p = compvis_pipeline(c, report);
  for (const auto& [run, unused] : c.config().at("runs").items()) {
    const nlohmann::json settings = settings_of_run(c, run);
    const bool continuous = settings.at("sampler") == "dpm_solver";
    expect_picture(
        c, report, run, p.model,
        continuous ? run_continuous_sampler(p, settings) : run_table_sampler(p, run, settings));
  }
}

}  // namespace sfumato::golden
