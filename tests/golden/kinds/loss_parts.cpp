#include <ATen/ATen.h>

#include <memory>

#include "golden/kinds/loss_support.h"
#include "sfumato/models/clip.h"
#include "sfumato/models/diagonal_gaussian.h"
#include "sfumato/training/adamw.h"
#include "sfumato/training/contrastive_loss.h"
#include "sfumato/training/ema.h"
#include "sfumato/training/sgd.h"

namespace sfumato::golden {
namespace {

at::Tensor leaf(const at::Tensor& tensor) {
  return tensor.detach().clone().set_requires_grad(true);
}

std::unique_ptr<Optimizer> optimizer_of_case(const Case& c, const TensorMap& parameters) {
  const auto& config = c.config();
  const std::string source = c.meta.at("source");
  if (source.find("torch.optim.SGD") != std::string::npos) {
    return std::make_unique<Sgd>(parameters,
                                 SgdConfig{.momentum = config.value("momentum", 0.0),
                                           .dampening = config.value("dampening", 0.0),
                                           .weight_decay = config.value("weight_decay", 0.0),
                                           .nesterov = config.value("nesterov", false)});
  }
  AdamWConfig adamw;
  adamw.decoupled_decay = source.find("torch.optim.AdamW") != std::string::npos;
  adamw.beta1 = config.at("betas").at(0);
  adamw.beta2 = config.at("betas").at(1);
  adamw.epsilon = config.value("eps", 1e-8);
  adamw.weight_decay = config.value("weight_decay", adamw.decoupled_decay ? 0.01 : 0.0);
  adamw.amsgrad = config.value("amsgrad", false);
  return std::make_unique<AdamW>(parameters, adamw);
}

}  // namespace

void run_posterior_loss(const Case& c, Report& report) {
  const at::Tensor parameters = leaf(c.input("parameters"));
  const auto posterior = DiagonalGaussian::from_moments(parameters);
  const auto other = DiagonalGaussian::from_moments(c.input("other"));
  report.expect("mean", posterior.mean);
  report.expect("logvar", posterior.logvar);
  report.expect("std", (0.5 * posterior.logvar).exp());
  report.expect("var", posterior.logvar.exp());
  report.expect("sample", posterior.sample(c.input("noise")));
  report.expect("kl", posterior.kl());
  report.expect("nll", other.nll(c.input("value")));
  posterior.kl()[1].backward();
  report.expect("grad_kl_item1", parameters.grad());
}

void run_contrastive_loss(const Case& c, Report& report) {
  const at::Tensor images = leaf(c.input("image_features"));
  const at::Tensor texts = leaf(c.input("text_features"));
  const at::Tensor scale = leaf(c.input("logit_scale"));
  const at::Tensor loss = contrastive_loss(images, texts, scale);
  loss.backward();
  const at::Tensor logits = clip_logits(images, texts, scale);
  report.expect("loss", loss);
  report.expect("logits_per_image", logits);
  report.expect("logits_per_text", logits.t());
  report.expect("grad_image", images.grad());
  report.expect("grad_text", texts.grad());
  report.expect("grad_logit_scale", scale.grad());
}

void run_ema(const Case& c, Report& report) {
  TensorMap live;
  for (const auto& [name, tensor] : c.weights) live[name] = tensor.clone();
  const bool warm_up = c.config().at("use_num_updates");
  EmaDecay decay{.decay = c.config().at("decay").get<double>()};
  if (!warm_up) decay.min_decay = decay.decay;
  Ema ema(live, decay);
  for (int i = 0; c.has_input("weight_" + std::to_string(i)); ++i) {
    for (auto& [name, tensor] : live) tensor.copy_(c.input(name + "_" + std::to_string(i)));
    ema.update();
    if (warm_up) {
      report.expect_equal("decays", decay.at(ema.updates()),
                          c.config().at("decays").at(static_cast<std::size_t>(i)));
    }
    for (const auto& [name, tensor] : ema.average()) {
      const std::string output = name + "_" + std::to_string(i);
      if (c.outputs.count(output)) report.expect(output, tensor);
    }
  }
  // The original counts only while its decay warms up; otherwise it keeps a -1 there.
  report.expect("num_updates", at::full({}, warm_up ? ema.updates() : -1, at::kLong));
}

void run_optimizer(const Case& c, Report& report) {
  const auto& config = c.config();
  const TensorMap parameters{{"weight", leaf(c.weights.at("weight"))},
                             {"bias", leaf(c.weights.at("bias"))}};
  const auto optimizer = optimizer_of_case(c, parameters);
  const at::Tensor x = c.input("x"), y = c.input("y");
  for (std::int64_t i = 0; i < x.size(0); ++i) {
    const std::string step = std::to_string(i);
    optimizer->zero_grad();
    const at::Tensor out = at::linear(x[i], parameters.at("weight"), parameters.at("bias"));
    const at::Tensor loss = at::mse_loss(out, y[i]);
    loss.backward();
    report.expect("loss_" + step, loss);
    report.expect("grad_norm_" + step, clip_gradients(parameters, config.at("max_grad_norm")));
    optimizer->step(config.at("lr"));
    for (const auto& [name, tensor] : parameters) report.expect(name + "_" + step, tensor);
  }
  for (const auto& [name, tensor] : optimizer->state()) {
    const std::size_t dot = name.find('.');  // "exp_avg.weight" is "state_weight_exp_avg" there
    const std::string output = "state_" + name.substr(dot + 1) + "_" + name.substr(0, dot);
    if (c.outputs.count(output)) report.expect(output, tensor);
  }
}

}  // namespace sfumato::golden
