#include "sfumato/models/token_vectors.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {

at::Tensor with_token_vectors(const at::Tensor& embedded, std::span<const TokenVectors> words) {
  expect_shape(embedded, {-1, -1, -1}, "embedded tokens");
  if (words.empty()) return embedded;
  const at::Tensor result = embedded.clone();
  const std::int64_t tokens = embedded.size(1);
  for (const auto& word : words) {
    expect_shape(word.vectors, {-1, embedded.size(2)}, "vectors of a learned word");
    if (word.row < 0 || word.row >= embedded.size(0) || word.position < 0 ||
        word.position >= tokens) {
      throw Error(ErrorKind::InvalidArgument, "a learned word stands at token " +
                                                  std::to_string(word.position) + " of prompt " +
                                                  std::to_string(word.row) + ", there are " +
                                                  shape_string(embedded.sizes()));
    }
    const std::int64_t count = std::min(word.vectors.size(0), tokens - word.position);
    result.select(0, word.row)
        .narrow(0, word.position, count)
        .copy_(word.vectors.narrow(0, 0, count));
  }
  return result;
}

}  // namespace sfumato
