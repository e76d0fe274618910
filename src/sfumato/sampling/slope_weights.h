#pragma once

#include <span>
#include <vector>

namespace sfumato {

/// How a linear multistep method steps from sigmas[step] to sigmas[step + 1]: the weights of the
/// slopes dx/dσ at sigmas[step], sigmas[step - 1], ...; at most `order` of them, order <= step + 1
/// and <= 4. The weights sum to the length of the step (apart from rounding and quadrature).
using SlopeWeights = std::vector<double> (*)(std::span<const double> sigmas, int step, int order);

/// The interpolating polynomial in σ, integrated (k-diffusion's LMS).
std::vector<double> lms_weights(std::span<const double> sigmas, int step, int order);
/// Adams-Bashforth as if all steps were equal (PNDM, Liu et al. 2022, arXiv:2202.09778, eq. 12).
std::vector<double> ipndm_weights(std::span<const double> sigmas, int step, int order);
/// As ipndm, with order 1 on a step to σ = 0.
std::vector<double> plms_weights(std::span<const double> sigmas, int step, int order);
/// Adams-Bashforth with the lengths of the steps, as the samplers named ipndm_v compute it.
std::vector<double> ipndm_v_weights(std::span<const double> sigmas, int step, int order);
/// The interpolating polynomial in the time of the variance-preserving process between σ = 0.002
/// and 80, summed over 10000 points (DEIS "tAB", Zhang & Chen 2022, arXiv:2204.13902, as the web
/// interface computes it); order 1 on a step to 0.
std::vector<double> deis_weights(std::span<const double> sigmas, int step, int order);
/// The interpolating polynomial in log σ, integrated (DEIS as diffusers computes it); order 1 on a
/// step to 0.
std::vector<double> deis_log_weights(std::span<const double> sigmas, int step, int order);
/// Twice the newest slope minus the one before (gradient estimation with γ = 2, Permenter & Yuan
/// 2023, arXiv:2306.04848); order 1 on a step to 0.
std::vector<double> gradient_estimation_weights(std::span<const double> sigmas, int step,
                                                int order);

}  // namespace sfumato
