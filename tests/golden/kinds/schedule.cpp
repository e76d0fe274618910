#include <ATen/ATen.h>

#include <sstream>

#include "golden/kinds/schedule_support.h"

namespace sfumato::golden {

at::Tensor floats(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).to(at::kFloat);
}

at::Tensor integers(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).to(at::kLong);
}

std::vector<double> doubles(const at::Tensor& values) {
  const auto flat = values.to(at::kDouble).contiguous();
  const double* data = flat.data_ptr<double>();
  return {data, data + flat.numel()};
}

std::string shortest(double value) {
  std::ostringstream text;
  text << value;
  return text.str();
}

bool made_by(const Case& c, const std::string& text) {
  return c.meta.at("source").get<std::string>().find(text) != std::string::npos;
}

NoiseSchedule schedule_of(const nlohmann::json& config) {
  NoiseScheduleConfig out;
  out.start = config.value("linear_start", config.value("beta_start", out.start));
  out.end = config.value("linear_end", config.value("beta_end", out.end));
  const int steps = config.value("timesteps", config.value("num_train_timesteps", 1000));
  out.steps = config.value("num_timesteps", steps);
  out.cosine_s = config.value("cosine_s", out.cosine_s);
  const std::string name = config.value("beta_schedule", "scaled_linear");
  const bool diffusers = config.contains("num_train_timesteps");
  if (name == "scaled_linear" || (name == "linear" && !diffusers)) {
    out.betas = "linear_in_sqrt";
  } else if (name == "sqrt_linear" || name == "linear") {
    out.betas = "linear";
  } else if (name == "sqrt" || name == "cosine") {
    out.betas = name;
  } else {
    throw Skip("beta schedule " + name);
  }
  return NoiseSchedule(out);
}

void run_schedule(const Case& c, Report& report) {
  if (made_by(c, "k-diffusion@")) return run_kdiffusion_schedule(c, report);
  if (made_by(c, "webui")) return run_webui_schedule(c, report);
  if (made_by(c, "diffusers@")) return run_diffusers_schedule(c, report);
  if (made_by(c, "generative-models@")) return run_sgm_schedule(c, report);
  run_compvis_schedule(c, report);
}

}  // namespace sfumato::golden
