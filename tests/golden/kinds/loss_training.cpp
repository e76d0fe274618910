#include <ATen/ATen.h>

#include <limits>
#include <optional>
#include <string>

#include "golden/kinds/loss_support.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/training/distance.h"
#include "sfumato/training/snr_weights.h"
#include "sfumato/training/training_noise.h"

namespace sfumato::golden {
namespace {

// The schedule of Stable Diffusion unless the case has another.
NoiseSchedule loss_schedule(const Case& c) {
  if (c.has_input("alphas_cumprod")) {
    const at::Tensor alphas = c.input("alphas_cumprod").to(at::kDouble).contiguous();
    const auto* first = alphas.data_ptr<double>();
    return NoiseSchedule::from_alphas_cumprod({first, first + alphas.numel()});
  }
  const NoiseScheduleConfig usual;
  return NoiseSchedule(
      NoiseScheduleConfig{.start = c.config().value("linear_start", usual.start),
                          .end = c.config().value("linear_end", usual.end),
                          .steps = c.config().value("num_train_timesteps", usual.steps)});
}

// What follows `prefix` in `name`.
std::optional<std::string> rest_after(const std::string& name, const std::string& prefix) {
  if (!name.starts_with(prefix)) return std::nullopt;
  return name.substr(prefix.size());
}

// Takes `suffix` off the end of `name`, if it is there.
bool strip_suffix(std::string& name, const std::string& suffix) {
  if (!name.ends_with(suffix)) return false;
  name.resize(name.size() - suffix.size());
  return true;
}

// The weights that kohya's functions of these names multiply a loss with.
std::vector<double> named_weights(const std::string& name, const NoiseSchedule& schedule) {
  Prediction prediction = Prediction::Epsilon;
  SnrWeighting weighting;
  if (const auto min_snr = rest_after(name, "min_snr_")) {
    if (min_snr->starts_with("v_")) prediction = Prediction::V;
    weighting.limits = {0.0, std::stod(min_snr->substr(min_snr->find("_g") + 2))};
  } else if (const auto share = rest_after(name, "v_like_loss_")) {
    weighting.v_pred_like_loss = std::stod(*share);
  } else if (const auto debiased = rest_after(name, "debiased_")) {
    if (*debiased == "v") prediction = Prediction::V;
    weighting.debiased_estimation_loss = true;
  } else if (name == "scale_v_like_noise") {
    prediction = Prediction::V;
    weighting.scale_v_pred_loss_like_noise_pred = true;
  } else {
    throw Skip("unknown weighting " + name);
  }
  return snr_weights(prediction, schedule, weighting);
}

}  // namespace

// Outputs are called KIND[_SCHEDULE], with _mean and _threshold.
void run_huber_loss(const Case& c, Report& report) {
  const NoiseSchedule schedule = loss_schedule(c);
  const at::Tensor predicted = c.input("pred"), target = c.input("target"), t = c.input("t");
  for (const auto& [output, want] : c.outputs) {
    std::string name = output;
    const bool mean = strip_suffix(name, "_mean"), threshold = strip_suffix(name, "_threshold");
    DistanceConfig config{.huber_c = c.config().value("huber_c", 0.1),
                          .huber_scale = c.config().value("huber_scale", 1.0)};
    for (const char* known : {"constant", "exponential", "snr"}) {
      if (strip_suffix(name, "_" + std::string(known))) config.huber_schedule = known;
    }
    config.kind = name;
    if (threshold) {
      report.expect(output, lookup(huber_thresholds(config, schedule), t, t));
      continue;
    }
    const at::Tensor loss = distance(config, schedule, predicted, target, t);
    report.expect(output, mean ? loss.mean() : loss);
  }
}

void run_masked_loss(const Case& c, Report& report) {
  for (const auto& [name, want] : c.outputs) {
    const at::Tensor mask = name.starts_with("conditioning")
                                ? c.input("conditioning_images").slice(1, 0, 1) / 2 + 0.5
                                : c.input("alpha_masks").unsqueeze(1);
    report.expect(name, masked_loss(c.input("loss"), mask));
  }
}

void run_noise_offset(const Case& c, Report& report) {
  const RandomNumbers source{.normal = [&](at::IntArrayRef) { return c.input("offset_noise"); },
                             .uniform = [] { return 0.0; }};
  for (const auto& [name, run] : c.config().at("runs").items()) {
    const NoiseConfig config{
        .noise_offset = run.at(0),
        .adaptive_noise_scale = run.at(1).is_null() ? 0.0 : run.at(1).get<double>()};
    report.expect(name, with_noise_offset(config, c.input("latents"), c.input("noise"), source));
  }
}

void run_pyramid_noise(const Case& c, Report& report) {
  std::size_t draws = 0, levels = 0;
  const RandomNumbers source{
      .normal =
          [&](at::IntArrayRef shape) {
            const std::string name = "level_" + std::to_string(levels++);
            report.expect_equal("size of " + name, shape.vec(), c.input(name).sizes().vec());
            return c.input(name);
          },
      .uniform = [&]() -> double { return c.config().at("uniform_draws").at(draws++); }};
  const NoiseConfig config{.multires_noise_iterations = c.config().at("iterations"),
                           .multires_noise_discount = c.config().at("discount")};
  report.expect("noise", with_pyramid_noise(config, c.input("noise"), source));
}

void run_snr_weights(const Case& c, Report& report) {
  const NoiseSchedule schedule = loss_schedule(c);
  const std::vector<double> snr = signal_to_noise(schedule);
  const at::Tensor loss = c.input("loss"), t = c.input("t");
  for (const auto& [name, want] : c.outputs) {
    if (name == "all_snr") {
      report.expect(name, at::tensor(snr, at::kDouble));
    } else if (name == "diffusers_snr") {
      report.expect(name, lookup(snr, t, loss));
    } else {
      report.expect(name, lookup(named_weights(name, schedule), t, loss) * loss);
    }
  }
}

}  // namespace sfumato::golden
