#include "sfumato/models/token_vectors.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

TEST(TokenVectors, ReplaceTokensAndAreCutAtTheEnd) {
  const at::Tensor embedded = at::zeros({2, 5, 3});
  const std::vector<TokenVectors> words{{0, 1, at::full({2, 3}, 1.0)},
                                        {1, 3, at::full({9, 3}, 2.0)}};
  const at::Tensor result = with_token_vectors(embedded, words);
  const at::Tensor first_column =
      at::tensor(std::vector<float>{0, 1, 1, 0, 0, 0, 0, 0, 2, 2}).reshape({2, 5});
  EXPECT_TRUE(at::equal(result.select(2, 0), first_column));
  EXPECT_EQ(embedded.abs().max().item<float>(), 0.0f);
}

TEST(TokenVectors, RefuseAnotherWidthAndPlacesOutside) {
  const at::Tensor embedded = at::zeros({2, 5, 3});
  for (const TokenVectors& word :
       {TokenVectors{0, 1, at::ones({2, 4})}, TokenVectors{2, 1, at::ones({2, 3})},
        TokenVectors{0, 5, at::ones({2, 3})}, TokenVectors{0, -1, at::ones({2, 3})}}) {
    const std::vector<TokenVectors> words{word};
    EXPECT_THROW(with_token_vectors(embedded, words), Error);
  }
}

}  // namespace
}  // namespace sfumato
