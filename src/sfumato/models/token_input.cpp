#include "sfumato/models/token_input.h"

#include <ATen/ATen.h>

#include <string>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {

void expect_token_ids(const at::Tensor& ids, int64_t positions, int64_t vocabulary,
                      const char* model) {
  const std::string name = std::string(model) + " token ids";
  expect_shape(ids, {-1, -1}, name.c_str());
  if (!at::isIntegralType(ids.scalar_type(), /*includeBool=*/false)) {
    throw Error(ErrorKind::InvalidArgument, name + ": expected integers");
  }
  if (ids.numel() == 0 || ids.size(1) > positions) {
    throw Error(ErrorKind::InvalidArgument, name + ": expected 1 to " + std::to_string(positions) +
                                                " tokens, found " + shape_string(ids.sizes()));
  }
  if (!ids.is_cpu()) return;
  const int64_t lowest = ids.min().item<int64_t>(), highest = ids.max().item<int64_t>();
  if (lowest < 0 || highest >= vocabulary) {
    throw Error(ErrorKind::InvalidArgument,
                name + ": id " + std::to_string(lowest < 0 ? lowest : highest) +
                    " is outside the vocabulary of " + std::to_string(vocabulary),
                "the tokenizer does not belong to this model");
  }
}

at::Tensor at_highest_id(const at::Tensor& hidden, const at::Tensor& ids) {
  const at::Tensor rows = at::arange(hidden.size(0), ids.options().dtype(at::kLong));
  return hidden.index({rows, ids.argmax(-1)});
}

}  // namespace sfumato
