#pragma once

#include <cmath>
#include <string_view>

namespace sfumato {

/// What the network's output means (CompVis `parameterization`, diffusers `prediction_type`).
enum class Prediction { Epsilon, V, Sample };

/// "eps", "v" or "x0" as family files spell it; throws InvalidArgument naming the three.
Prediction parse_prediction(std::string_view name);
std::string_view prediction_name(Prediction prediction);

/// D(x; σ) = skip·x + out·F(in·x): how a raw network F becomes a denoiser, σ_data = 1.
struct Scalings {
  double skip, out, in;
};

/// Source: Karras et al. 2022, table 1 (column "VP"/"iDDPM"); v: Salimans & Ho 2022, app. D.
inline Scalings scalings(Prediction prediction, double sigma) {
  const double variance = sigma * sigma + 1.0;
  const double in = 1.0 / std::sqrt(variance);
  switch (prediction) {
    case Prediction::Epsilon:
      return {.skip = 1.0, .out = -sigma, .in = in};
    case Prediction::V:
      return {.skip = 1.0 / variance, .out = -sigma * in, .in = in};
    case Prediction::Sample:
      return {.skip = 0.0, .out = 1.0, .in = in};
  }
  return {};  // unreachable: -Wswitch keeps the list complete
}

/// The preconditioning of Karras et al. 2022, table 1 (column "Ours"), for data of deviation
/// `data`.
inline Scalings edm_scalings(double sigma, double data) {
  const double variance = sigma * sigma + data * data, root = std::sqrt(variance);
  return {.skip = data * data / variance, .out = sigma * data / root, .in = 1.0 / root};
}
/// What that network is told about the noise level.
inline double edm_time(double sigma) { return 0.25 * std::log(sigma); }
/// The weight of its squared error in the loss; with data == 1 also that of v-prediction.
inline double edm_loss_weight(double sigma, double data) {
  return (sigma * sigma + data * data) / (sigma * sigma * data * data);
}

/// Flow matching (Lipman et al. 2023, arXiv:2210.02747): x = (1 - σ) x0 + σ n, the network gives
/// n - x0 and sees x as it is.
inline Scalings flow_scalings(double sigma) { return {.skip = 1.0, .out = -sigma, .in = 1.0}; }

}  // namespace sfumato
