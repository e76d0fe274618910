#include "sfumato/tensor/hollow.h"

#include <ATen/ATen.h>
#include <sys/mman.h>

#include <cstdint>
#include <limits>
#include <new>

namespace sfumato {

at::Tensor hollow(at::IntArrayRef sizes, const at::TensorOptions& options) {
  const bool floating = c10::isFloatingType(options.dtype().toScalarType());
  const double value = floating ? std::numeric_limits<double>::quiet_NaN() : 0.0;
  return at::full({}, value, options).expand(sizes);
}

at::Tensor paged_bytes(std::size_t count) {
  constexpr std::size_t kHugePage = std::size_t{1} << 21;
  const std::size_t reserved = count + kHugePage;  // some of it, never touched, aligns the rest
  void* pages =
      ::mmap(nullptr, reserved, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (pages == MAP_FAILED) throw std::bad_alloc();
  const auto begin = reinterpret_cast<std::uintptr_t>(pages);
  void* data = reinterpret_cast<void*>((begin + kHugePage - 1) / kHugePage * kHugePage);
  ::madvise(data, count, MADV_HUGEPAGE);  // if the system knows how
  return at::from_blob(
      data, {static_cast<std::int64_t>(count)},
      [pages, reserved](void*) { ::munmap(pages, reserved); }, at::kByte);
}

}  // namespace sfumato
