#include "sfumato/tensor/shape.h"

#include "sfumato/base/error.h"

namespace sfumato {

std::string shape_string(at::IntArrayRef shape) {
  std::string text = "[";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i ? ", " : "") + (shape[i] < 0 ? std::string("*") : std::to_string(shape[i]));
  }
  return text + "]";
}

void expect_shape(const at::Tensor& tensor, std::initializer_list<int64_t> shape,
                  const char* name) {
  bool fits = tensor.dim() == static_cast<int64_t>(shape.size());
  int64_t dim = 0;
  for (const int64_t size : shape) {
    fits = fits && (size < 0 || tensor.size(dim) == size);
    ++dim;
  }
  if (fits) return;
  throw Error(ErrorKind::InvalidArgument,
              std::string(name) + ": expected " +
                  shape_string(at::IntArrayRef(shape.begin(), shape.end())) + ", found " +
                  shape_string(tensor.sizes()));
}

}  // namespace sfumato
