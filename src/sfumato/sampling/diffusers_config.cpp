#include "sfumato/sampling/diffusers_config.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>
#include <string_view>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato {
namespace {

using nlohmann::json;

// What the classes do where their configs say nothing.
struct ClassDefaults {
  std::string_view name, spacing;
  bool clips = false, ends_at_zero = true;
};
constexpr std::array kClasses{
    ClassDefaults{"DDIMScheduler", "leading", true},
    ClassDefaults{"DDPMScheduler", "leading", true},
    ClassDefaults{"DEISMultistepScheduler", "linspace", false, false},
    ClassDefaults{"DPMSolverMultistepScheduler", "linspace"},
    ClassDefaults{"DPMSolverSinglestepScheduler", "linspace"},
    ClassDefaults{"EulerAncestralDiscreteScheduler", "linspace"},
    ClassDefaults{"EulerDiscreteScheduler", "linspace"},
    ClassDefaults{"HeunDiscreteScheduler", "linspace"},
    ClassDefaults{"KDPM2AncestralDiscreteScheduler", "linspace"},
    ClassDefaults{"KDPM2DiscreteScheduler", "linspace"},
    ClassDefaults{"LCMScheduler", "leading"},
    ClassDefaults{"LMSDiscreteScheduler", "linspace"},
    ClassDefaults{"PNDMScheduler", "leading", false, false},
    ClassDefaults{"SASolverScheduler", "linspace", false, false},
    ClassDefaults{"TCDScheduler", "leading"},
    ClassDefaults{"UniPCMultistepScheduler", "linspace"},
};

[[noreturn]] void refuse(const std::string& name, const std::string& value,
                         const std::string& hint = "") {
  throw Error(ErrorKind::Unsupported,
              "scheduler_config.json: " + name + " '" + value +
                  "' is not one that Stable Diffusion is sampled with",
              hint);
}

const ClassDefaults& defaults_of(const std::string& name) {
  std::vector<std::string> known;
  for (const auto& c : kClasses) {
    if (c.name == name) return c;
    known.emplace_back(c.name);
  }
  refuse("class", name, suggestion(name, known));
}

// A field, its default where it is absent or null; type errors name it.
template <class T>
void read(const json& config, const char* name, T& value) {
  const auto found = config.find(name);
  if (found == config.end() || found->is_null()) return;
  try {
    value = found->get<T>();
  } catch (const json::exception&) {
    throw Error(ErrorKind::Corrupt,
                std::string("scheduler_config.json: '") + name + "' has a value of the wrong type");
  }
}

void read_whole(const json& config, const char* name, int& value, int low, int high) {
  double number = value;
  read(config, name, number);
  if (number >= low && number <= high && number == std::floor(number)) {
    value = static_cast<int>(number);
    return;
  }
  throw Error(ErrorKind::Corrupt, std::string("scheduler_config.json: '") + name + "' must be " +
                                      std::to_string(low) + ".." + std::to_string(high) + ", got " +
                                      std::to_string(number));
}

NoiseSchedule read_schedule(const json& config) {
  std::vector<double> betas;
  read(config, "trained_betas", betas);
  NoiseSchedule schedule{NoiseScheduleConfig{}};
  if (!betas.empty()) {
    schedule = NoiseSchedule(betas);
  } else {
    NoiseScheduleConfig c;
    c.start = 0.0001;
    c.end = 0.02;
    int steps = 1000;
    std::string kind = "linear";
    read(config, "beta_start", c.start);
    read(config, "beta_end", c.end);
    read_whole(config, "num_train_timesteps", steps, 1, 1'000'000);
    read(config, "beta_schedule", kind);
    c.steps = steps;
    if (kind == "linear") {
      c.betas = "linear";
    } else if (kind == "scaled_linear") {
      c.betas = "linear_in_sqrt";
    } else if (kind == "squaredcos_cap_v2") {
      c.betas = "cosine";
    } else {
      refuse("beta_schedule", kind, "one of: linear, scaled_linear, squaredcos_cap_v2");
    }
    schedule = NoiseSchedule(c);
  }
  bool zero_snr = false;
  read(config, "rescale_betas_zero_snr", zero_snr);
  if (!zero_snr) return schedule;
  return NoiseSchedule::from_alphas_cumprod(zero_terminal_snr(schedule.alphas_cumprod()));
}

Prediction read_prediction(const json& config) {
  std::string name = "epsilon";
  read(config, "prediction_type", name);
  if (name == "epsilon") return Prediction::Epsilon;
  if (name == "v_prediction") return Prediction::V;
  if (name == "sample") return Prediction::Sample;
  refuse("prediction_type", name, "one of: epsilon, v_prediction, sample");
}

// Each class looks at one field only, if at any.
void read_end(const json& config, DiffusersConfig& c) {
  const std::string& name = c.class_name;
  if (name == "DDIMScheduler" || name == "PNDMScheduler") {
    read(config, "set_alpha_to_one", c.ends_at_zero);
  } else if (name == "EulerDiscreteScheduler" || name == "DPMSolverMultistepScheduler" ||
             name == "DPMSolverSinglestepScheduler" || name == "UniPCMultistepScheduler") {
    std::string last = c.ends_at_zero ? "zero" : "sigma_min";
    read(config, "final_sigmas_type", last);
    c.ends_at_zero = last == "zero";
  }
}

void read_spacing(const json& config, DiffusersConfig& c) {
  if (c.class_name != "DPMSolverSinglestepScheduler") {
    read(config, "timestep_spacing", c.timestep_spacing);
  }
  if (c.timestep_spacing != "linspace" && c.timestep_spacing != "leading" &&
      c.timestep_spacing != "trailing") {
    refuse("timestep_spacing", c.timestep_spacing, "one of: linspace, leading, trailing");
  }
  const int table = static_cast<int>(c.schedule.steps());
  read_whole(config, "steps_offset", c.steps_offset, 0, table - 1);
  read(config, "use_karras_sigmas", c.use_karras_sigmas);
  read(config, "use_exponential_sigmas", c.use_exponential_sigmas);
  read(config, "use_beta_sigmas", c.use_beta_sigmas);
  read(config, "use_lu_lambdas", c.use_lu_lambdas);
  c.original_inference_steps = std::min(c.original_inference_steps, table);
  read_whole(config, "original_inference_steps", c.original_inference_steps, 1, table);
  bool flow = false;
  read(config, "use_flow_sigmas", flow);
  if (flow) refuse("use_flow_sigmas", "true");

  std::string interpolation = "linear", time = "discrete";
  read(config, "interpolation_type", interpolation);
  read(config, "timestep_type", time);
  const bool euler = c.class_name == "EulerDiscreteScheduler";
  c.log_linear = euler && interpolation == "log_linear";
  c.continuous_time = euler && time == "continuous" && c.prediction == Prediction::V;
  read_end(config, c);
}

void read_solver(const json& config, DiffusersConfig& c) {
  read(config, "algorithm_type", c.algorithm_type);
  read(config, "solver_type", c.solver_type);
  read_whole(config, "solver_order", c.solver_order, 1, 3);
  read_whole(config, "predictor_order", c.predictor_order, 1, 4);
  read_whole(config, "corrector_order", c.corrector_order, 1, 4);
  read(config, "lower_order_final", c.lower_order_final);
  read(config, "euler_at_final", c.euler_at_final);
  read(config, "predict_x0", c.predict_x0);
  read(config, "skip_prk_steps", c.skip_prk_steps);
  if (c.algorithm_type == "sde-dpmsolver" || c.algorithm_type == "noise_prediction") {
    refuse("algorithm_type", c.algorithm_type);
  }
  std::vector<double> uncorrected;
  read(config, "disable_corrector", uncorrected);
  for (const double step : uncorrected) {
    if (step >= 0.0 && step < 1e6) c.disable_corrector.push_back(static_cast<int>(step));
  }
  std::string variance = "fixed_small";
  read(config, "variance_type", variance);
  c.fixed_large = variance.rfind("fixed_large", 0) == 0;
  if (variance.rfind("learned", 0) == 0) refuse("variance_type", variance);
}

}  // namespace

DiffusersConfig read_diffusers_config(const json& config) {
  if (!config.is_object()) {
    throw Error(ErrorKind::Corrupt, "scheduler_config.json: expected an object");
  }
  DiffusersConfig c;
  read(config, "_class_name", c.class_name);
  const ClassDefaults& defaults = defaults_of(c.class_name);
  c.timestep_spacing = defaults.spacing;
  c.clip_sample = defaults.clips;
  c.ends_at_zero = defaults.ends_at_zero;
  c.schedule = read_schedule(config);
  c.prediction = read_prediction(config);
  read(config, "clip_sample", c.clip_sample);
  read(config, "clip_sample_range", c.clip_sample_range);
  read(config, "thresholding", c.thresholding);
  read(config, "dynamic_thresholding_ratio", c.dynamic_thresholding_ratio);
  read(config, "sample_max_value", c.sample_max_value);
  if (!(c.dynamic_thresholding_ratio >= 0.0 && c.dynamic_thresholding_ratio <= 1.0)) {
    throw Error(ErrorKind::Corrupt,
                "scheduler_config.json: 'dynamic_thresholding_ratio' must lie between 0 and 1");
  }
  read_spacing(config, c);
  read_solver(config, c);
  return c;
}

}  // namespace sfumato
