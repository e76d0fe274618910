#include "sfumato/training/snr_weights.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

// The natural weight of the error of x0 in the loss of each prediction.
double weight_of_x0(Prediction prediction, double snr) {
  switch (prediction) {
    case Prediction::Epsilon:
      return snr;
    case Prediction::V:
      return snr + 1.0;
    case Prediction::Sample:
      return 1.0;
  }
  return 1.0;  // unreachable: -Wswitch keeps the list complete
}

void check_weighting(Prediction prediction, const SnrWeighting& w) {
  const auto refuse_unless = [](bool possible, const char* key, const char* needed) {
    if (possible) return;
    throw Error(ErrorKind::InvalidArgument,
                std::string("recipe: denoiser.") + key + " needs a family that predicts " + needed,
                "leave it out");
  };
  const bool eps = prediction == Prediction::Epsilon, v = prediction == Prediction::V;
  refuse_unless(v || !w.scale_v_pred_loss_like_noise_pred, "scale_v_pred_loss_like_noise_pred",
                "v");
  refuse_unless(eps || w.v_pred_like_loss == 0.0, "v_pred_like_loss", "eps");
  refuse_unless(eps || v || !w.debiased_estimation_loss, "debiased_estimation_loss", "eps or v");
}

}  // namespace

bool SnrWeighting::any() const {
  return !limits.empty() || scale_v_pred_loss_like_noise_pred || v_pred_like_loss != 0.0 ||
         debiased_estimation_loss;
}

std::vector<double> signal_to_noise(const NoiseSchedule& schedule) {
  std::vector<double> ratios;
  for (const double alpha_bar : schedule.alphas_cumprod()) {
    ratios.push_back(alpha_bar / (1.0 - alpha_bar));
  }
  return ratios;
}

std::vector<double> snr_weights(Prediction prediction, const NoiseSchedule& schedule,
                                const SnrWeighting& weighting) {
  check_weighting(prediction, weighting);
  std::vector<double> weights;
  for (const double snr : signal_to_noise(schedule)) {
    double weight = 1.0;
    if (!weighting.limits.empty()) {
      weight = std::clamp(snr, weighting.limits.front(), weighting.limits.back()) /
               weight_of_x0(prediction, snr);
    }
    const double kept = std::min(snr, 1000.0);
    if (weighting.scale_v_pred_loss_like_noise_pred) weight *= kept / (kept + 1.0);
    if (weighting.v_pred_like_loss != 0.0) {
      weight *= 1.0 + weighting.v_pred_like_loss * (kept + 1.0) / kept;
    }
    if (weighting.debiased_estimation_loss) {
      weight /= prediction == Prediction::V ? kept + 1.0 : std::sqrt(kept);
    }
    weights.push_back(weight);
  }
  return weights;
}

}  // namespace sfumato
