#include "sfumato/training/batch.h"

#include <ATen/ATen.h>

#include <numeric>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/base/random.h"

namespace sfumato {

EpochOrder::EpochOrder(std::int64_t count, std::uint64_t seed) : count_(count), seed_(seed) {
  if (count < 1) throw Error(ErrorKind::InvalidArgument, "the data set is empty");
  order_.resize(static_cast<std::size_t>(count));
}

std::int64_t EpochOrder::at(std::int64_t position) {
  if (position / count_ != epoch_) {
    epoch_ = position / count_;
    std::iota(order_.begin(), order_.end(), 0);
    Random random(seed_ ^ (static_cast<std::uint64_t>(epoch_ + 1) * 0xD1B54A32D192ED03ull));
    for (std::size_t i = order_.size() - 1; i > 0; --i) {
      std::swap(order_[i], order_[random.below(i + 1)]);  // Fisher-Yates
    }
  }
  return order_[static_cast<std::size_t>(position % count_)];
}

at::Tensor EpochOrder::batch(std::int64_t step, std::int64_t size) {
  at::Tensor indices = at::empty({size}, at::kLong);
  auto* out = indices.data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < size; ++i) out[i] = at(step * size + i);
  return indices;
}

}  // namespace sfumato
