#include <ATen/ATen.h>

#include "golden/kinds/loss_support.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/training/diffusion_loss.h"
#include "sfumato/training/elbo.h"

namespace sfumato::golden {
namespace {

std::string family_spelling(const std::string& compvis) {
  if (compvis == "linear") return "linear_in_sqrt";
  if (compvis == "sqrt_linear") return "linear";
  return compvis;
}

at::Tensor trained_leaf(const at::Tensor& tensor) {
  return tensor.detach().clone().set_requires_grad(true);
}

}  // namespace

void run_diffusion_loss(const Case& c, Report& report) {
  const auto& config = c.config();
  const NoiseSchedule schedule(
      NoiseScheduleConfig{.betas = family_spelling(config.at("beta_schedule")),
                          .start = config.at("linear_start"),
                          .end = config.at("linear_end"),
                          .steps = config.at("timesteps")});
  const Prediction prediction = parse_prediction(config.at("parameterization").get<std::string>());
  const DistanceConfig distance{.kind = config.at("loss_type").get<std::string>()};
  const at::Tensor x0 = c.input("x0"), noise = c.input("noise"), t = c.input("t");

  const at::Tensor model_output = trained_leaf(c.input("model_output"));
  at::Tensor seen;
  const Network network = [&](const at::Tensor& x_t, const at::Tensor&, const Conditioning&) {
    seen = x_t;
    return model_output;
  };
  const at::Tensor each = diffusion_loss(network, prediction, distance, schedule, x0, noise, t, {});
  const bool learned = c.has_input("logvar");
  const at::Tensor logvar =
      learned ? trained_leaf(c.input("logvar")) : at::zeros({schedule.steps()}, at::kFloat);
  const LdmObjective objective =
      ldm_objective(each, t, vlb_weights(schedule, prediction), logvar,
                    config.at("l_simple_weight"), config.at("original_elbo_weight"));
  objective.total.backward();

  report.expect("x_noisy", seen);
  report.expect("loss", objective.total);
  report.expect("grad_model_output", model_output.grad());
  report.expect("log_train_loss", objective.total);
  report.expect("log_train_loss_simple", each.mean());
  report.expect("log_train_loss_vlb", objective.vlb);
  if (c.outputs.count("log_train_loss_gamma")) {
    report.expect("log_train_loss_gamma", objective.gamma);
    report.expect("log_logvar", logvar.mean());
    report.expect("grad_logvar", logvar.grad());
  }
}

}  // namespace sfumato::golden
