#include "sfumato/ops/group_norm_silu/kernel.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <numeric>
#include <utility>
#include <vector>

// This file is compiled once per instruction set: AVX-512, AVX2 and a portable fallback on x86. The
// sets in between are not worth their compile time.
#define HWY_DISABLED_TARGETS (HWY_SSSE3 | HWY_SSE4)
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "sfumato/ops/group_norm_silu/kernel.cpp"
// clang-format off
#include <hwy/foreach_target.h>  // must be the first
#include <hwy/highway.h>
#include <hwy/contrib/math/math-inl.h>
#include "sfumato/tensor/vectors-inl.h"
// clang-format on

HWY_BEFORE_NAMESPACE();
namespace sfumato::ops::group_norm_kernel::HWY_NAMESPACE {
namespace {

using namespace vectors::HWY_NAMESPACE;  // vectors-inl.h

// Vectors of one line that are summed in float32 before the sum moves on: few enough for L1 and
// for the precision.
constexpr std::int64_t kStepsPerChunk = 256;

// 1 + exp(-z), the denominator of the logistic function; the bound is within hn::Exp's range.
HWY_INLINE V logistic_denominator(V z) {
  const F32 f32;
  return hn::Add(hn::Set(f32, 1.0f), hn::Exp(f32, hn::Min(hn::Neg(z), hn::Set(f32, 80.0f))));
}

HWY_INLINE V silu(V z) { return hn::Div(z, logistic_denominator(z)); }

HWY_INLINE V silu_slope(V z) {
  const V one = hn::Set(F32(), 1.0f);
  const V s = hn::Div(one, logistic_denominator(z));
  return hn::Mul(s, hn::MulAdd(z, hn::Sub(one, s), one));
}

// Mean and squared deviations of a growing set (Chan et al. 1979).
struct Moments {
  double count = 0.0, mean = 0.0, squares = 0.0;

  void add(double n, double n_mean, double n_squares) {
    const double delta = n_mean - mean, total = count + n;
    mean += delta * n / total;
    squares += n_squares + delta * delta * count * n / total;
    count = total;
  }
};

// What one vector at a time runs over. In the order [H, W, C] that is a strip of neighbouring
// channels through all pixels, in the order [C, H, W] the pixels of one channel or one group.
struct Line {
  std::int64_t channel;             // the first one, within the task
  std::int64_t offset;              // from the task's first value
  std::int64_t stride, steps;       // from vector to vector; their number
  std::int64_t count, final_count;  // lanes in use, and those of the last vector

  std::int64_t count_at(std::int64_t step) const { return step + 1 == steps ? final_count : count; }
};

// One task at a time. Per-channel arrays carry everything between the loops over pixels; they are
// padded to whole vectors.
template <class T, bool kSilu>
class Task {
 public:
  explicit Task(const Problem& problem)
      : p_(problem), per_group_(problem.channels_per_group()), moments_(problem.groups_per_task()) {
    const auto width = problem.groups_per_task() * per_group_ + hn::MaxLanes(F32());
    for (auto* values : {&mean_, &scale_, &bias_, &sum_, &products_, &offset_, &slope_}) {
      values->resize(width);
    }
  }

  void forward(std::int64_t task, void* y) {
    select(task);
    find_moments();
    for (std::int64_t g = 0; g < groups_; ++g) {
      const Moments& m = moments_[g];
      p_.mean[group_ + g] = static_cast<float>(m.mean);
      p_.rstd[group_ + g] =
          static_cast<float>(1.0 / std::sqrt(std::max(m.squares, 0.0) / m.count + p_.eps));
    }
    fill_affine();
    // All lines of a chunk before the next one: those side by side share cache lines.
    const std::int64_t steps = line(0, 1).steps;
    for (std::int64_t from = 0; from < steps; from += kStepsPerChunk) {
      const std::int64_t to = std::min(from + kStepsPerChunk, steps);
      for (std::int64_t i = 0; i < lines(1); ++i) {
        activate(line(i, 1), from, to, static_cast<T*>(y) + begin_);
      }
    }
  }

  void backward(std::int64_t task, const Gradients& gradients) {
    select(task);
    fill_affine();
    const T* grad_y = static_cast<const T*>(gradients.y) + begin_;
    std::fill(sum_.begin(), sum_.end(), 0.0f);
    std::fill(products_.begin(), products_.end(), 0.0f);
    grad_z_.resize(lines(1) * line(0, 1).steps * lanes());
    float* grad_z = grad_z_.data();
    for (std::int64_t i = 0; i < lines(1); ++i) {
      const Line at = line(i, 1);
      for (std::int64_t from = 0; from < at.steps; from += kStepsPerChunk) {
        const std::int64_t to = std::min(from + kStepsPerChunk, at.steps);
        sum_gradients(at, from, to, grad_y, grad_z + i * at.steps * lanes());
      }
    }
    finish_sums(gradients);
    for (std::int64_t i = 0; i < lines(1); ++i) {
      const Line at = line(i, 1);
      propagate(at, grad_z + i * at.steps * lanes(), static_cast<T*>(gradients.x) + begin_);
    }
  }

 private:
  void select(std::int64_t task) {
    const std::int64_t step = p_.groups_per_task(), per_sample = (p_.groups + step - 1) / step;
    const std::int64_t sample = task / per_sample, first = task % per_sample * step;
    groups_ = std::min(step, p_.groups - first);
    group_ = sample * p_.groups + first;
    width_ = groups_ * per_group_;
    channel_ = first * per_group_;
    sample_channel_ = sample * p_.channels + channel_;
    begin_ = sample * p_.channels * p_.area + channel_ * (p_.channels_last ? 1 : p_.area);
    x_ = static_cast<const T*>(p_.x) + begin_;
  }

  // Strips in the order [H, W, C], else runs of `channels` channels.
  std::int64_t lines(std::int64_t channels) const {
    return p_.channels_last ? (width_ + lanes() - 1) / lanes() : width_ / channels;
  }

  Line line(std::int64_t i, std::int64_t channels) const {
    if (p_.channels_last) {
      const std::int64_t channel = i * lanes(), count = std::min(lanes(), width_ - channel);
      return {channel, channel, p_.channels, p_.area, count, count};
    }
    const std::int64_t first = i * channels, length = channels * p_.area;
    const std::int64_t steps = (length + lanes() - 1) / lanes();
    return {first, first * p_.area, lanes(), steps, lanes(), length - (steps - 1) * lanes()};
  }

  HWY_INLINE V get(const std::vector<float>& values, const Line& at) const {
    const float* from = values.data() + at.channel;
    return p_.channels_last ? load(from) : hn::Set(F32(), *from);
  }

  HWY_INLINE void add(V sum, const Line& at, std::vector<float>& values) const {
    float* to = values.data() + at.channel;
    if (p_.channels_last) {
      store(hn::Add(load(to), sum), to);
    } else {
      *to += hn::GetLane(hn::SumOfLanes(F32(), sum));
    }
  }

  // Two passes over a chunk that stays in cache: its mean, then the deviations from that. The
  // second sum corrects what rounding left in the first.
  void find_moments() {
    std::fill(moments_.begin(), moments_.end(), Moments());
    const std::int64_t steps = line(0, per_group_).steps;
    for (std::int64_t from = 0; from < steps; from += kStepsPerChunk) {
      const std::int64_t to = std::min(from + kStepsPerChunk, steps);
      const std::int64_t n = p_.channels_last
                                 ? (to - from) * per_group_
                                 : std::min(to * lanes(), per_group_ * p_.area) - from * lanes();
      std::fill(mean_.begin(), mean_.end(), 0.0f);
      sum_deviations(from, to);
      for (std::int64_t g = 0; g < groups_; ++g) {
        const auto mean = static_cast<float>(group_sum(sum_, g) / n);
        std::fill_n(mean_.begin() + g * per_group_, per_group_, mean);
      }
      sum_deviations(from, to);
      for (std::int64_t g = 0; g < groups_; ++g) {
        const double rest = group_sum(sum_, g) / n;
        moments_[g].add(n, mean_[g * per_group_] + rest, group_sum(products_, g) - n * rest * rest);
      }
    }
  }

  double group_sum(const std::vector<float>& values, std::int64_t g) const {
    return std::accumulate(values.begin() + g * per_group_, values.begin() + (g + 1) * per_group_,
                           0.0);
  }

  // sum_ and products_: of x - mean_ and of its square, over the steps [from, to) of every line.
  // Steps take turns with two sums each, so that one addition need not wait for the other.
  void sum_deviations(std::int64_t from, std::int64_t to) {
    std::fill(sum_.begin(), sum_.end(), 0.0f);
    std::fill(products_.begin(), products_.end(), 0.0f);
    for (std::int64_t i = 0; i < lines(per_group_); ++i) {
      const Line at = line(i, per_group_);
      const V mean = get(mean_, at);
      V sum = hn::Zero(F32()), squares = sum, other_sum = sum, other_squares = sum;
      for (std::int64_t step = from; step < to; ++step) {
        const std::int64_t count = at.count_at(step);
        V deviation = hn::Sub(load(x_ + at.offset + step * at.stride, count), mean);
        if (HWY_UNLIKELY(count < lanes())) {
          deviation = hn::IfThenElseZero(hn::FirstN(F32(), count), deviation);
        }
        std::swap(sum, other_sum);
        std::swap(squares, other_squares);
        sum = hn::Add(sum, deviation);
        squares = hn::MulAdd(deviation, deviation, squares);
      }
      add(hn::Add(sum, other_sum), at, sum_);
      add(hn::Add(squares, other_squares), at, products_);
    }
  }

  // mean_, scale_ and bias_: the pre-activation is (x - mean) * scale + bias.
  void fill_affine() {
    for (std::int64_t g = 0; g < groups_; ++g) {
      for (std::int64_t c = g * per_group_; c < (g + 1) * per_group_; ++c) {
        mean_[c] = p_.mean[group_ + g];
        scale_[c] = p_.weight[channel_ + c] * p_.rstd[group_ + g];
        bias_[c] = p_.bias[channel_ + c];
      }
    }
  }

  void activate(const Line& at, std::int64_t from, std::int64_t to, T* y) const {
    const V mean = get(mean_, at), scale = get(scale_, at), bias = get(bias_, at);
    for (std::int64_t step = from; step < to; ++step) {
      const std::int64_t count = at.count_at(step), i = at.offset + step * at.stride;
      const V z = hn::MulAdd(hn::Sub(load(x_ + i, count), mean), scale, bias);
      store(kSilu ? silu(z) : z, y + i, count);
    }
  }

  // grad_z: the gradient of the pre-activation, in whole vectors. Adds it to sum_ and it times
  // x - mean to products_.
  void sum_gradients(const Line& at, std::int64_t from, std::int64_t to, const T* grad_y,
                     float* grad_z) {
    const V mean = get(mean_, at), scale = get(scale_, at), bias = get(bias_, at);
    V sum = hn::Zero(F32()), products = sum;
    for (std::int64_t step = from; step < to; ++step) {
      const std::int64_t count = at.count_at(step), i = at.offset + step * at.stride;
      const V deviation = hn::Sub(load(x_ + i, count), mean);
      V g = load(grad_y + i, count);
      if constexpr (kSilu) g = hn::Mul(g, silu_slope(hn::MulAdd(deviation, scale, bias)));
      store(g, grad_z + step * lanes());
      sum = hn::Add(sum, g);
      products = hn::MulAdd(g, deviation, products);
    }
    add(sum, at, sum_);
    add(products, at, products_);
  }

  // The sample's share of the gradients of weight and bias, and what the group's mean and variance
  // contribute to the gradient of x: offset_ + slope_ * (x - mean).
  void finish_sums(const Gradients& gradients) {
    const double n = static_cast<double>(per_group_ * p_.area);
    for (std::int64_t g = 0; g < groups_; ++g) {
      const float rstd = p_.rstd[group_ + g];
      double of_mean = 0.0, of_variance = 0.0;
      for (std::int64_t c = g * per_group_; c < (g + 1) * per_group_; ++c) {
        gradients.bias[sample_channel_ + c] = sum_[c];
        gradients.weight[sample_channel_ + c] = products_[c] * rstd;
        of_mean += static_cast<double>(scale_[c]) * sum_[c];
        of_variance += static_cast<double>(scale_[c]) * products_[c];
      }
      const auto offset = static_cast<float>(of_mean / n);
      const auto slope = static_cast<float>(of_variance / n * rstd * rstd);
      std::fill_n(offset_.begin() + g * per_group_, per_group_, offset);
      std::fill_n(slope_.begin() + g * per_group_, per_group_, slope);
    }
  }

  void propagate(const Line& at, const float* grad_z, T* grad_x) const {
    const V mean = get(mean_, at), scale = get(scale_, at);
    const V offset = get(offset_, at), slope = get(slope_, at);
    for (std::int64_t step = 0; step < at.steps; ++step) {
      const std::int64_t count = at.count_at(step), i = at.offset + step * at.stride;
      const V deviation = hn::Sub(load(x_ + i, count), mean);
      const V of_statistics = hn::MulAdd(deviation, slope, offset);
      store(hn::MulSub(load(grad_z + step * lanes()), scale, of_statistics), grad_x + i, count);
    }
  }

  const Problem& p_;
  const std::int64_t per_group_;
  std::int64_t groups_ = 0, group_ = 0;          // of the task; its first among [B, groups]
  std::int64_t width_ = 0, channel_ = 0;         // of the task; its first among [C]
  std::int64_t sample_channel_ = 0, begin_ = 0;  // its first among [B, C]; among x
  const T* x_ = nullptr;
  std::vector<Moments> moments_;
  std::vector<float> mean_, scale_, bias_, sum_, products_, offset_, slope_, grad_z_;
};

template <class T, bool kSilu>
void forward_tasks(const Problem& problem, void* y, std::int64_t first, std::int64_t last) {
  Task<T, kSilu> task(problem);
  for (std::int64_t i = first; i < last; ++i) task.forward(i, y);
}

template <class T, bool kSilu>
void backward_tasks(const Problem& problem, const Gradients& gradients, std::int64_t first,
                    std::int64_t last) {
  Task<T, kSilu> task(problem);
  for (std::int64_t i = first; i < last; ++i) task.backward(i, gradients);
}

void forward_here(const Problem& problem, void* y, std::int64_t first, std::int64_t last) {
  const auto run = problem.bfloat16
                       ? (problem.silu ? forward_tasks<std::uint16_t, true>
                                       : forward_tasks<std::uint16_t, false>)
                       : (problem.silu ? forward_tasks<float, true> : forward_tasks<float, false>);
  run(problem, y, first, last);
}

void backward_here(const Problem& problem, const Gradients& gradients, std::int64_t first,
                   std::int64_t last) {
  const auto run =
      problem.bfloat16
          ? (problem.silu ? backward_tasks<std::uint16_t, true>
                          : backward_tasks<std::uint16_t, false>)
          : (problem.silu ? backward_tasks<float, true> : backward_tasks<float, false>);
  run(problem, gradients, first, last);
}

}  // namespace
}  // namespace sfumato::ops::group_norm_kernel::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace sfumato::ops::group_norm_kernel {

HWY_EXPORT(forward_here);
HWY_EXPORT(backward_here);

// As many groups as keep a task in the second-level cache and, where channels are neighbours, fill
// whole cache lines of 32 values in bfloat16.
std::int64_t Problem::groups_per_task() const {
  constexpr std::int64_t kValues = 16384;
  const std::int64_t width = channels_per_group();
  const std::int64_t unit = channels_last ? 32 / std::gcd(width, std::int64_t{32}) : 1;
  return std::min(groups, unit * std::max<std::int64_t>(1, kValues / (area * width * unit)));
}

std::int64_t Problem::tasks() const {
  return batch * ((groups + groups_per_task() - 1) / groups_per_task());
}

void forward(const Problem& problem, void* y, std::int64_t first, std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(forward_here)(problem, y, first, last);
}

void backward(const Problem& problem, const Gradients& gradients, std::int64_t first,
              std::int64_t last) {
  HWY_DYNAMIC_DISPATCH(backward_here)(problem, gradients, first, last);
}

}  // namespace sfumato::ops::group_norm_kernel
#endif
