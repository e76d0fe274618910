#pragma once

#include <vector>

#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/diffusion/prediction.h"

namespace sfumato {

/// Weights of the loss by timestep, out of its SNR = ᾱ / (1 - ᾱ), by nature the weight of the
/// squared error of x0. They multiply. All but the limits are those of kohya's sd-scripts, bear its
/// names and take an SNR above 1000 as 1000.
struct SnrWeighting {
  /// {floor, ceiling} of the weight of the error of x0; or none. A ceiling of 5 is min-SNR-gamma
  /// (Hang et al. 2023, eq. 5): less of what is nearly clean. A floor of 1 is the truncated SNR
  /// (Salimans & Ho 2022, sec. 4): more of what is nearly noise, where a picture's layout is
  /// decided.
  std::vector<double> limits = {};
  /// v only: SNR / (SNR + 1), which makes the loss of v one of eps.
  bool scale_v_pred_loss_like_noise_pred = false;
  /// eps only: adds so much of what would be the loss of v, 1 + this · (SNR + 1) / SNR.
  double v_pred_like_loss = 0.0;
  /// 1 / sqrt(SNR) for eps (Yu et al. 2023, "debiased estimation"), 1 / (SNR + 1) for v.
  bool debiased_estimation_loss = false;

  bool any() const;
};

/// ᾱ / (1 - ᾱ) at each timestep, [T].
std::vector<double> signal_to_noise(const NoiseSchedule& schedule);

/// Weight of the loss at each timestep, [T]. The limited SNR is divided by SNR (eps), by SNR + 1
/// (v) or by 1 (x0). Throws InvalidArgument for a weight that the prediction does not have.
std::vector<double> snr_weights(Prediction prediction, const NoiseSchedule& schedule,
                                const SnrWeighting& weighting);

}  // namespace sfumato
