#include "sfumato/diffusion/noise_schedule.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"

namespace sfumato {
namespace {

constexpr std::int64_t kMostSteps = 1'000'000;
/// What the web UI leaves of the signal at the end: modules/sd_models.py,
/// rescale_zero_terminal_snr_abar.
constexpr double kLastTrace = 4.8973451890853435e-08;

std::vector<double> linspace(double from, double to, std::int64_t count) {
  std::vector<double> values(count);
  for (std::int64_t i = 0; i < count; ++i) {
    values[i] = count == 1 ? from : from + (to - from) * static_cast<double>(i) / (count - 1);
  }
  return values;
}

// Nichol & Dhariwal 2021 (arXiv:2102.09672), eq. 17; betas are clipped below 1 so that the last
// step keeps a trace of signal.
std::vector<double> cosine_betas(std::int64_t count, double s) {
  const auto alpha_bar = [=](std::int64_t t) {
    const double angle = (static_cast<double>(t) / count + s) / (1.0 + s) * M_PI / 2.0;
    return std::cos(angle) * std::cos(angle);
  };
  std::vector<double> betas(count);
  for (std::int64_t t = 0; t < count; ++t) {
    betas[t] = std::clamp(1.0 - alpha_bar(t + 1) / alpha_bar(t), 0.0, 0.999);
  }
  return betas;
}

std::vector<double> make_betas(const NoiseScheduleConfig& c) {
  if (c.steps < 1 || c.steps > kMostSteps) {
    throw Error(ErrorKind::InvalidArgument, "noise schedule: steps must be 1.." +
                                                std::to_string(kMostSteps) + ", got " +
                                                std::to_string(c.steps));
  }
  if (c.betas == "cosine") return cosine_betas(c.steps, c.cosine_s);
  if (c.betas == "linear") return linspace(c.start, c.end, c.steps);
  if (c.betas == "linear_in_sqrt") {
    auto betas = linspace(std::sqrt(c.start), std::sqrt(c.end), c.steps);
    for (double& b : betas) b *= b;
    return betas;
  }
  if (c.betas == "sqrt") {
    auto betas = linspace(c.start, c.end, c.steps);
    for (double& b : betas) b = std::sqrt(b);
    return betas;
  }
  const std::vector<std::string> known{"linear_in_sqrt", "linear", "sqrt", "cosine"};
  throw Error(ErrorKind::InvalidArgument, "unknown noise schedule '" + c.betas + "'",
              suggestion(c.betas, known));
}

}  // namespace

NoiseSchedule::NoiseSchedule(const NoiseScheduleConfig& config)
    : NoiseSchedule(make_betas(config)) {
  if (!config.zero_terminal_snr) return;
  *this = from_alphas_cumprod(zero_terminal_snr(alphas_cumprod_, kLastTrace));
}

NoiseSchedule::NoiseSchedule(std::vector<double> betas) : betas_(std::move(betas)) {
  if (betas_.empty()) {
    throw Error(ErrorKind::InvalidArgument, "noise schedule: the table of betas is empty");
  }
  double alpha_bar = 1.0;
  for (std::size_t t = 0; t < betas_.size(); ++t) {
    if (!(betas_[t] > 0.0 && betas_[t] < 1.0)) {
      throw Error(ErrorKind::InvalidArgument, "noise schedule: beta " + std::to_string(t) +
                                                  " must lie between 0 and 1, got " +
                                                  std::to_string(betas_[t]));
    }
    alpha_bar *= 1.0 - betas_[t];
    alphas_cumprod_.push_back(alpha_bar);
    sigmas_.push_back(std::sqrt((1.0 - alpha_bar) / alpha_bar));
    levels_.push_back(level(sigmas_.back()));
  }
}

NoiseSchedule NoiseSchedule::from_alphas_cumprod(const std::vector<double>& alphas_cumprod) {
  std::vector<double> betas;
  double previous = 1.0;
  for (const double alpha_bar : alphas_cumprod) {
    betas.push_back(1.0 - alpha_bar / previous);
    previous = alpha_bar;
  }
  return NoiseSchedule(std::move(betas));
}

NoiseSchedule NoiseSchedule::interpolated(Interpolation interpolation) const {
  NoiseSchedule other = *this;
  other.interpolation_ = interpolation;
  for (std::size_t t = 0; t < sigmas_.size(); ++t) other.levels_[t] = other.level(sigmas_[t]);
  return other;
}

double NoiseSchedule::level(double sigma) const {
  // -log ᾱ = log(1 + σ²)
  return interpolation_ == Interpolation::LogSigma ? std::log(sigma) : std::log1p(sigma * sigma);
}

double NoiseSchedule::sigma_of(double level) const {
  return interpolation_ == Interpolation::LogSigma ? std::exp(level) : std::sqrt(std::expm1(level));
}

double NoiseSchedule::sigma(double t) const {
  const double last = static_cast<double>(steps() - 1);
  const double clamped = std::clamp(t, 0.0, last);
  const auto low = static_cast<std::size_t>(clamped);
  if (static_cast<double>(low) == clamped) return sigmas_[low];
  const double w = clamped - static_cast<double>(low);
  return sigma_of((1.0 - w) * levels_[low] + w * levels_[low + 1]);
}

double NoiseSchedule::t(double sigma) const {
  if (sigma <= sigmas_.front()) return 0.0;
  if (sigma >= sigmas_.back()) return static_cast<double>(steps() - 1);
  const auto above = std::upper_bound(sigmas_.begin(), sigmas_.end(), sigma);
  const auto low = static_cast<std::size_t>(above - sigmas_.begin()) - 1;
  const double w = (level(sigma) - levels_[low]) / (levels_[low + 1] - levels_[low]);
  return static_cast<double>(low) + w;
}

std::int64_t NoiseSchedule::nearest_t(double sigma) const {
  return static_cast<std::int64_t>(std::nearbyint(t(sigma)));
}

std::int64_t NoiseSchedule::closest_entry(double sigma) const {
  const auto above = std::lower_bound(sigmas_.begin(), sigmas_.end(), sigma);
  if (above == sigmas_.begin()) return 0;
  const std::int64_t high = above - sigmas_.begin();
  if (above == sigmas_.end()) return high - 1;
  return *above - sigma < sigma - *(above - 1) ? high : high - 1;
}

double NoiseSchedule::sigma_at_progress(double share) const {
  if (share <= 0.0) return std::numeric_limits<double>::infinity();
  if (share >= 1.0) return 0.0;
  return sigma((1.0 - share) * static_cast<double>(steps() - 1));
}

double v_diffusion_t(double sigma) { return std::atan(sigma) * 2.0 / M_PI; }

double v_diffusion_sigma(double t) { return std::tan(t * M_PI / 2.0); }

std::vector<double> zero_terminal_snr(const std::vector<double>& alphas_cumprod, double last) {
  if (alphas_cumprod.size() < 2) return alphas_cumprod;
  const double top = std::sqrt(alphas_cumprod.front()), bottom = std::sqrt(alphas_cumprod.back());
  std::vector<double> rescaled;
  for (const double alpha_bar : alphas_cumprod) {
    const double root = (std::sqrt(alpha_bar) - bottom) * top / (top - bottom);
    rescaled.push_back(root * root);
  }
  // Steeper schedules come closer to zero before their end than the trace that is to be left.
  rescaled.back() = std::min(last, 0.5 * rescaled[rescaled.size() - 2]);
  return rescaled;
}

}  // namespace sfumato
