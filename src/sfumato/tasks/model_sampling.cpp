#include "sfumato/tasks/model_sampling.h"

#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"
#include "sfumato/sampling/names.h"

namespace sfumato {

DiffusersConfig model_sampling(const ModelConfig& config) {
  if (config.scheduler.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "--spacing model: this model came without a scheduler_config.json",
                "choose another spacing; see: sfumato samplers");
  }
  try {
    auto json = parse_bounded_json(config.scheduler);
    if (config.schedule.zero_terminal_snr && json.is_object()) {
      json["rescale_betas_zero_snr"] = true;
    }
    DiffusersConfig sampling = read_diffusers_config(json);
    sampling.prediction = config.prediction;
    return sampling;
  } catch (const Error& e) {
    throw Error(e.kind(), e.what(), "choose another way with --sampler");
  }
}

std::string_view model_sampler(const ModelConfig& config) {
  const DiffusersConfig sampling = model_sampling(config);
  const bool stochastic = sampling.algorithm_type == "sde-dpmsolver++";
  if (sampling.class_name == "DPMSolverMultistepScheduler" && stochastic) return "dpmpp_2m_sde";
  return resolve_sampler(sampling.class_name).sampler;
}

std::string describe_model_sampling(const ModelConfig& config) {
  const DiffusersConfig sampling = model_sampling(config);
  std::string text = "sampling as the model's scheduler_config.json says: " + sampling.class_name +
                     ", " + sampling.timestep_spacing + " timesteps";
  if (sampling.steps_offset > 0) text += " + " + std::to_string(sampling.steps_offset);
  for (const auto& [used, levels] :
       {std::pair(sampling.use_karras_sigmas, "karras"),
        std::pair(sampling.use_exponential_sigmas, "exponential"),
        std::pair(sampling.use_beta_sigmas, "beta"), std::pair(sampling.use_lu_lambdas, "lu")}) {
    if (used) text += std::string(", ") + levels + " noise levels";
  }
  return text;
}

}  // namespace sfumato
