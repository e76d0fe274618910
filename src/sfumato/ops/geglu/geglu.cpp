#include "sfumato/ops/geglu/geglu.h"

#include <ATen/ATen.h>

#include "sfumato/base/error.h"

namespace sfumato::ops {

at::Tensor geglu(const at::Tensor& in) {
  if (in.size(-1) % 2 != 0) {
    throw Error(ErrorKind::InvalidArgument,
                "geglu: the last dimension must be even, got " + std::to_string(in.size(-1)));
  }
  const auto halves = in.chunk(2, -1);
  return (halves[0].to(at::kFloat) * at::gelu(halves[1].to(at::kFloat))).to(in.scalar_type());
}

}  // namespace sfumato::ops
