#include "sfumato/diffusion/guidance.h"

#include <ATen/ATen.h>

#include <memory>
#include <string>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

std::optional<at::Tensor> stack(const std::optional<at::Tensor>& a,
                                const std::optional<at::Tensor>& b, const char* what) {
  if (!a && !b) return std::nullopt;
  if (!a || !b) {
    throw Error(ErrorKind::InvalidArgument,
                std::string("guidance: only one of the two conditionings has a ") + what);
  }
  if (a->sizes() != b->sizes()) {
    throw Error(ErrorKind::InvalidArgument,
                std::string("guidance: ") + what + " of the unconditional half is " +
                    shape_string(a->sizes()) + ", of the other " + shape_string(b->sizes()));
  }
  return at::cat({*a, *b}, 0);
}

Conditioning stack(const Conditioning& a, const Conditioning& b) {
  return {.context = stack(a.context, b.context, "context"),
          .vector = stack(a.vector, b.vector, "vector"),
          .concat = stack(a.concat, b.concat, "concat")};
}

}  // namespace

Denoiser classifier_free(ConditionalDenoiser denoise, Conditioning cond, Conditioning uncond,
                         double scale) {
  if (scale == 1.0) {
    return [denoise = std::move(denoise), cond = std::move(cond)](
               const at::Tensor& x, double sigma) { return denoise(x, sigma, cond); };
  }
  return [denoise = std::move(denoise), both = stack(uncond, cond), scale](const at::Tensor& x,
                                                                           double sigma) {
    const auto halves = denoise(at::cat({x, x}, 0), sigma, both).chunk(2, 0);
    return guide(halves[1], halves[0], scale);
  };
}

SplitGuidance classifier_free_split(ConditionalDenoiser denoise, Conditioning cond,
                                    Conditioning uncond, double scale) {
  const auto last = std::make_shared<at::Tensor>();
  Denoiser guided = [denoise = std::move(denoise), both = stack(uncond, cond), scale, last](
                        const at::Tensor& x, double sigma) {
    const auto halves = denoise(at::cat({x, x}, 0), sigma, both).chunk(2, 0);
    *last = halves[0];
    return guide(halves[1], halves[0], scale);
  };
  return {std::move(guided), [last] { return *last; }};
}

at::Tensor guide(const at::Tensor& cond, const at::Tensor& uncond, double scale) {
  return uncond + scale * (cond - uncond);
}

namespace {

std::vector<std::int64_t> all_but_batch(const at::Tensor& x) {
  std::vector<std::int64_t> dims;
  for (std::int64_t d = 1; d < x.dim(); ++d) dims.push_back(d);
  return dims;
}

}  // namespace

at::Tensor rescale_guidance(const at::Tensor& guided, const at::Tensor& cond, double phi) {
  const auto dims = all_but_batch(cond);
  const auto spread = [&](const at::Tensor& x) { return x.std(dims, /*unbiased=*/true, true); };
  return phi * (guided * (spread(cond) / spread(guided))) + (1.0 - phi) * guided;
}

at::Tensor rescale_estimate(const at::Tensor& guided, const at::Tensor& cond, const at::Tensor& x,
                            double sigma, Prediction prediction, double phi) {
  const auto [skip, out, in] = scalings(prediction, sigma);
  const at::Tensor known = skip * x;
  const at::Tensor predicted = rescale_guidance((guided - known) / out, (cond - known) / out, phi);
  return known + out * predicted;
}

at::Tensor guide_by_text_and_image(const at::Tensor& text_and_image, const at::Tensor& image,
                                   const at::Tensor& none, double text_scale, double image_scale) {
  return none + text_scale * (text_and_image - image) + image_scale * (image - none);
}

at::Tensor guide_by_all(const std::vector<at::Tensor>& conds, const std::vector<double>& weights,
                        const at::Tensor& uncond, double scale) {
  if (conds.size() != weights.size()) {
    throw Error(ErrorKind::InvalidArgument, "guidance: " + std::to_string(conds.size()) +
                                                " prompts have " + std::to_string(weights.size()) +
                                                " weights");
  }
  at::Tensor guided = uncond;
  for (std::size_t k = 0; k < conds.size(); ++k) {
    guided = guided + scale * weights[k] * (conds[k] - uncond);
  }
  return guided;
}

at::Tensor ProjectedGuidance::operator()(const at::Tensor& cond, const at::Tensor& uncond) {
  const auto dims = all_but_batch(cond);
  at::Tensor difference = cond - uncond;
  if (options_.momentum != 0.0) {
    if (running_.defined()) difference = difference + options_.momentum * running_;
    running_ = difference;
  }
  if (options_.norm_threshold > 0.0) {
    const at::Tensor norm = difference.norm(2, dims, true);
    difference = difference * (options_.norm_threshold / norm).clamp_max(1.0);
  }
  const at::Tensor direction = cond.to(at::kDouble) / cond.to(at::kDouble).norm(2, dims, true);
  const at::Tensor along = (difference.to(at::kDouble) * direction).sum(dims, true) * direction;
  const at::Tensor parallel = along.to(cond.scalar_type());
  const at::Tensor update = difference - parallel + options_.eta * parallel;
  return (options_.from_cond ? cond : uncond) + options_.scale * update;
}

at::Tensor match_length(const at::Tensor& tokens, std::int64_t length) {
  expect_shape(tokens, {-1, -1, -1}, "tokens");
  const std::int64_t have = tokens.size(1);
  if (have < 1 || length < 1) {
    throw Error(ErrorKind::InvalidArgument, "tokens: cannot bring " + std::to_string(have) +
                                                " tokens to " + std::to_string(length));
  }
  if (have >= length) return tokens.narrow(1, 0, length);
  const at::Tensor last = tokens.narrow(1, have - 1, 1);
  return at::cat({tokens, last.expand({-1, length - have, -1})}, 1);
}

}  // namespace sfumato
