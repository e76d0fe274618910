#pragma once

#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"

namespace sfumato {

/// A scheduler_config.json of diffusers: the settings that change what is sampled, under the names
/// they have there. Absent ones keep the default of their class.
struct DiffusersConfig {
  std::string class_name;
  NoiseSchedule schedule{NoiseScheduleConfig{}};  ///< with rescale_betas_zero_snr applied
  Prediction prediction = Prediction::Epsilon;

  std::string timestep_spacing;  ///< "linspace", "leading" or "trailing"
  int steps_offset = 0;
  bool use_karras_sigmas = false, use_exponential_sigmas = false, use_beta_sigmas = false;
  bool use_lu_lambdas = false, log_linear = false, continuous_time = false;
  bool ends_at_zero = true;  ///< final_sigmas_type, set_alpha_to_one
  int original_inference_steps = 50;

  bool clip_sample = false;
  double clip_sample_range = 1.0;
  bool thresholding = false;
  double dynamic_thresholding_ratio = 0.995, sample_max_value = 1.0;

  std::string algorithm_type, solver_type;
  int solver_order = 2, predictor_order = 2, corrector_order = 2;
  bool lower_order_final = true, euler_at_final = false, predict_x0 = true;
  bool skip_prk_steps = false, fixed_large = false;
  std::vector<int> disable_corrector;
};

/// Throws Corrupt when a field has the wrong type or an impossible value, and Unsupported for
/// classes and settings that Stable Diffusion does not use.
DiffusersConfig read_diffusers_config(const nlohmann::json& json);

}  // namespace sfumato
