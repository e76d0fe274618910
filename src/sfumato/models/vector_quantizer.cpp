#include "sfumato/models/vector_quantizer.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

// argmin_k |z - e_k|^2 = argmin_k |e_k|^2 - 2 z.e_k; |z|^2 is the same for all entries. Rows are
// taken in slices so that the distances to a large codebook do not need gigabytes.
at::Tensor nearest_entries(const at::Tensor& rows, const at::Tensor& codebook) {
  const at::Tensor squares = codebook.square().sum(1);
  const int64_t slice = std::max<int64_t>(1, (int64_t(1) << 24) / codebook.size(0));
  std::vector<at::Tensor> nearest;
  for (int64_t begin = 0; begin < rows.size(0); begin += slice) {
    const at::Tensor part = rows.slice(0, begin, std::min(begin + slice, rows.size(0)));
    nearest.push_back(at::argmin(at::addmm(squares, part, codebook.t(), 1.0, -2.0), 1));
  }
  return at::cat(nearest);
}

}  // namespace

VectorQuantizerImpl::VectorQuantizerImpl(int64_t entries, int64_t width) {
  if (entries <= 0 || width <= 0) {
    throw Error(ErrorKind::InvalidArgument, "vector quantizer: needs at least one entry");
  }
  embedding_ = register_module("embedding", nn::Embedding(entries, width));
  nn::refill_uniform(embedding_->weight, 1.0 / double(entries));
}

VectorQuantizerImpl::Quantized VectorQuantizerImpl::forward(const at::Tensor& z) {
  expect_shape(z, {-1, embedding_->weight.size(1), -1, -1}, "latent to quantize");
  const at::Tensor rows = z.detach().to(at::kFloat).permute({0, 2, 3, 1}).flatten(0, 2);
  const at::Tensor indices = nearest_entries(rows, embedding_->weight.detach().to(at::kFloat))
                                 .view({z.size(0), z.size(2), z.size(3)});
  const at::Tensor entries = lookup(indices);
  return {.z_q = z + (entries - z).detach(), .entries = entries, .indices = indices};
}

at::Tensor VectorQuantizerImpl::lookup(const at::Tensor& indices) {
  expect_shape(indices, {-1, -1, -1}, "codebook indices");
  return embedding_(indices).permute({0, 3, 1, 2}).contiguous();
}

at::Tensor CodebookSubset::compact(const at::Tensor& indices) const {
  const at::Tensor match = indices.unsqueeze(-1).eq(used);
  return match.to(at::kLong).argmax(-1).masked_fill(match.any(-1).logical_not(), unknown);
}

at::Tensor CodebookSubset::expand(const at::Tensor& numbers) const {
  return used.index({numbers.masked_fill(numbers.ge(used.size(0)), 0)});
}

}  // namespace sfumato
