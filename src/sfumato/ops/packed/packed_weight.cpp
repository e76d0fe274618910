#include "sfumato/ops/packed/packed_weight.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <mutex>
#include <oneapi/dnnl/dnnl.hpp>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "sfumato/tensor/autocast.h"
#include "sfumato/tensor/hollow.h"
#include "sfumato/tensor/parallel.h"

namespace sfumato::ops {
namespace {

using dnnl::memory;
using Dims = memory::dims;
using Arguments = std::unordered_map<int, memory>;

// Shapes whose primitives a layer remembers.
constexpr std::size_t kRemembered = 4;
// What a weight is packed for before it has met an input; the layout seldom depends on it.
constexpr std::int64_t kLikelyRows = 2048, kLikelySide = 32;

const dnnl::engine& cpu() {
  static const dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& stream() {
  thread_local dnnl::stream own(cpu());
  return own;
}

memory::data_type type_of(at::ScalarType dtype) {
  return dtype == at::kFloat ? memory::data_type::f32 : memory::data_type::bf16;
}

bool is_known(at::ScalarType dtype) { return dtype == at::kFloat || dtype == at::kBFloat16; }

memory view(const memory::desc& desc, const at::Tensor& x) { return {desc, cpu(), x.data_ptr()}; }

at::Tensor room_for(const memory::desc& desc) {
  return at::empty({static_cast<std::int64_t>(desc.get_size())}, at::kByte);
}

void reorder(const memory& from, const memory& to) {
  dnnl::reorder(from, to).execute(stream(), {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
}

/// Of a weight [out, in, ...] as it lies, or [in, out] as matrix products want it.
memory::desc plain_desc(const at::Tensor& weight, bool as_matrix) {
  const auto type = type_of(weight.scalar_type());
  if (!as_matrix) return {weight.sizes().vec(), type, weight.strides().vec()};
  return {{weight.size(1), weight.size(0)}, type, {weight.stride(1), weight.stride(0)}};
}

/// What a primitive was made for.
struct Shape {
  Dims x;
  Stride stride = {};
  at::ScalarType dtype;
  std::optional<at::ScalarType> bias = {};
  bool residual = false;
  int threads = 1;

  bool operator==(const Shape& other) const {
    return x == other.x && stride.step == other.stride.step &&
           stride.padding == other.stride.padding && dtype == other.dtype && bias == other.bias &&
           residual == other.residual && threads == other.threads;
  }
};

struct Planned {
  Shape shape;
  dnnl::primitive primitive;
  memory::desc x, weight, bias, y, scratch;
  /// Whether it rounds each sample alike whatever is beside it. Of oneDNN's matrix products only
  /// those in blocks ("brgemm", for AVX-512) do; the others choose their order by the row count.
  bool alike = true;
};

template <class Primitive>
Planned planned(const Shape& shape, const typename Primitive::primitive_desc& desc) {
  return {.shape = shape,
          .primitive = Primitive(desc),
          .x = desc.src_desc(),
          .weight = desc.weights_desc(),
          .bias = desc.bias_desc(),
          .y = desc.dst_desc(),
          .scratch = desc.scratchpad_desc()};
}

dnnl::primitive_attr attributes(const Shape& shape, const memory::desc& y) {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  if (shape.residual) {
    dnnl::post_ops after;
    after.append_binary(dnnl::algorithm::binary_add, y);
    attributes.set_post_ops(after);
  }
  return attributes;
}

Planned plan_matrix_product(const Shape& shape, const at::Tensor& weight) {
  using Product = dnnl::matmul;
  const auto type = type_of(shape.dtype);
  const Dims product{shape.x[0], weight.size(0)};
  const memory::desc x(shape.x, type, memory::format_tag::ab),
      w({weight.size(1), weight.size(0)}, type, memory::format_tag::any),
      y(product, type, memory::format_tag::ab);
  auto desc = Product::desc(x, w, y);
  if (shape.bias) {
    const memory::desc bias({1, product[1]}, type_of(*shape.bias), memory::format_tag::ab);
    desc = Product::desc(x, w, bias, y);
  }
  const Product::primitive_desc made(desc, attributes(shape, y), cpu());
  Planned result = planned<Product>(shape, made);
  result.alike = std::string_view(made.impl_info_str()).substr(0, 3) == "brg";
  return result;
}

Planned plan_convolution(const Shape& shape, const at::Tensor& weight) {
  using Convolution = dnnl::convolution_forward;
  const auto type = type_of(shape.dtype);
  const auto last = memory::format_tag::nhwc;
  const auto result = [&](std::int64_t size, std::int64_t kernel) {
    return (size + 2 * shape.stride.padding - kernel) / shape.stride.step + 1;
  };
  const memory::desc x(shape.x, type, last), w(weight.sizes().vec(), type, memory::format_tag::any),
      y({shape.x[0], weight.size(0), result(shape.x[2], weight.size(2)),
         result(shape.x[3], weight.size(3))},
        type, last);
  const Dims step{shape.stride.step, shape.stride.step},
      padding{shape.stride.padding, shape.stride.padding};
  const auto kind = dnnl::prop_kind::forward_inference;
  const auto direct = dnnl::algorithm::convolution_direct;
  auto desc = Convolution::desc(kind, direct, x, w, y, step, padding, padding);
  if (shape.bias) {
    const memory::desc bias({weight.size(0)}, type_of(*shape.bias), memory::format_tag::a);
    desc = Convolution::desc(kind, direct, x, w, bias, y, step, padding, padding);
  }
  const Convolution::primitive_desc made(desc, attributes(shape, y), cpu());
  // oneDNN 2.6's other convolutions (sse41, gemm) add a residual to the wrong places.
  if (shape.residual && std::string_view(made.impl_info_str()).find("avx") == std::string::npos) {
    throw dnnl::error(dnnl_unimplemented, "residual");
  }
  return planned<Convolution>(shape, made);
}

using Plan = Planned (*)(const Shape&, const at::Tensor& weight);

// The type to compute in: what Autocast says, or else the weight's.
std::optional<at::ScalarType> wanted_dtype(const at::Tensor& x, const at::Tensor& weight) {
  if (at::GradMode::is_enabled() || !x.is_cpu() || !weight.is_cpu() || x.numel() == 0) return {};
  const auto dtype = autocast_dtype(at::kCPU).value_or(weight.scalar_type());
  const bool known = is_known(dtype) && is_known(weight.scalar_type());
  return known ? std::optional(dtype) : std::nullopt;
}

}  // namespace

bool has_fast_bfloat16() {
#if defined(__x86_64__)
  return __builtin_cpu_supports("avx512bf16") != 0;
#else
  return false;
#endif
}

struct PackedWeight::State {
  bool kept = false;
  std::vector<Planned> plans;  // the last used one first
  at::Tensor packed;           // bytes; undefined while the weight is plain
  memory::desc layout;         // of packed
  bool as_matrix = false;
  std::mutex mutex;  // of all of it: replicas of a network may share a layer

  /// Nothing where oneDNN has no such primitive, as for bfloat16 on processors without AVX-512.
  const Planned* find(const Shape& shape, const at::Tensor& weight, Plan plan) {
    const auto known = std::find_if(plans.begin(), plans.end(),
                                    [&](const Planned& p) { return p.shape == shape; });
    if (known != plans.end()) {
      std::rotate(plans.begin(), known, known + 1);
      return &plans.front();
    }
    try {
      plans.insert(plans.begin(), plan(shape, weight));
    } catch (const dnnl::error&) {
      return nullptr;
    }
    if (plans.size() > kRemembered) plans.pop_back();
    return &plans.front();
  }

  /// The weight as `desc` wants it, in memory that lives as long as `holder`. One that is kept
  /// takes the layout that was wanted last; one whose memory is somebody else's too is never kept.
  memory weight_for(const memory::desc& desc, const at::Tensor& weight, at::Tensor& holder) {
    if (packed.defined() && layout == desc) {
      holder = packed;
      return view(desc, packed);
    }
    const bool from_packed = packed.defined();
    const memory from =
        from_packed ? view(layout, packed) : view(plain_desc(weight, as_matrix), weight);
    const bool lossless = desc.data_type() == type_of(weight.scalar_type());
    const bool alone = from_packed || weight.storage().use_count() == 1;
    const bool stays = kept && lossless && alone;
    holder = stays ? paged_bytes(desc.get_size()) : room_for(desc);
    const memory to = view(desc, holder);
    reorder(from, to);
    if (stays) {
      packed = holder;
      layout = desc;
      weight.set_data(hollow(weight.sizes(), weight.options()));
    }
    return to;
  }

  at::Tensor plain(const at::Tensor& weight) const {
    if (!packed.defined()) return weight.detach().clone();
    const at::Tensor values = at::empty(weight.sizes(), weight.options());
    reorder(view(layout, packed), view(plain_desc(values, as_matrix), values));
    stream().wait();
    return values;
  }

  /// Writes the result into y, whose first axis holds so many samples. False where it has no
  /// primitive.
  bool run(const Operands& o, Shape shape, std::int64_t samples, const at::Tensor& y, Plan plan) {
    if (o.bias.defined()) shape.bias = o.bias.scalar_type();
    shape.residual = o.residual.defined();
    shape.threads = threads_here();
    std::unique_lock lock(mutex);
    as_matrix = plan == &plan_matrix_product;
    const Planned* found = find(shape, o.weight, plan);
    if (!found) return false;
    const Planned ready = *found;
    if (!ready.alike && samples > 1) {
      lock.unlock();
      return run_each(o, shape, samples, y, plan);
    }
    at::Tensor weight_holder;
    const memory weight = weight_for(ready.weight, o.weight, weight_holder);
    stream().wait();
    lock.unlock();
    const at::Tensor scratch = room_for(ready.scratch);
    Arguments arguments{{DNNL_ARG_SRC, view(ready.x, o.x)},
                        {DNNL_ARG_WEIGHTS, weight},
                        {DNNL_ARG_DST, view(ready.y, y)},
                        {DNNL_ARG_SCRATCHPAD, view(ready.scratch, scratch)}};
    if (shape.bias) arguments.insert({DNNL_ARG_BIAS, view(ready.bias, o.bias)});
    if (shape.residual) {
      arguments.insert(
          {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, view(ready.y, o.residual)});
    }
    ready.primitive.execute(stream(), arguments);
    stream().wait();
    return true;
  }

  bool run_each(const Operands& o, Shape shape, std::int64_t samples, const at::Tensor& y,
                Plan plan) {
    shape.x[0] /= samples;
    const auto part = [&](const at::Tensor& whole, std::int64_t i) {
      return whole.defined() ? whole.narrow(0, i * shape.x[0], shape.x[0]) : whole;
    };
    for (std::int64_t i = 0; i < samples; ++i) {
      if (!run({part(o.x, i), o.weight, o.bias, part(o.residual, i)}, shape, 1, part(y, i), plan)) {
        return false;
      }
    }
    return true;
  }
};

PackedWeight::PackedWeight() : state_(std::make_unique<State>()) {}
PackedWeight::~PackedWeight() = default;
PackedWeight::PackedWeight(PackedWeight&&) noexcept = default;
PackedWeight& PackedWeight::operator=(PackedWeight&&) noexcept = default;

std::optional<at::Tensor> PackedWeight::linear(const Operands& o) {
  const auto dtype = wanted_dtype(o.x, o.weight);
  if (!dtype) return std::nullopt;
  const std::int64_t in = o.weight.size(1), out = o.weight.size(0);
  const at::Tensor rows = o.x.to(*dtype).reshape({-1, in}).contiguous();
  std::vector<std::int64_t> sizes = o.x.sizes().vec();
  sizes.back() = out;
  const at::Tensor y = at::empty({rows.size(0), out}, rows.options());
  RECORD_FUNCTION("sfumato::linear", std::vector<c10::IValue>({rows, o.weight, y, o.residual}));
  const bool together = o.residual.defined() && o.residual.scalar_type() == *dtype;
  const at::Tensor residual =
      together ? o.residual.expand(sizes).reshape({-1, out}).contiguous() : at::Tensor();
  const std::int64_t samples = o.x.dim() > 1 ? o.x.size(0) : 1;
  const bool done =
      state_->run({rows, o.weight, o.bias, residual}, {.x = rows.sizes().vec(), .dtype = *dtype},
                  samples, y, &plan_matrix_product);
  if (!done) return std::nullopt;
  return o.residual.defined() && !together ? y.view(sizes) + o.residual : y.view(sizes);
}

std::optional<at::Tensor> PackedWeight::convolution(const Operands& o, const Stride& stride) {
  const auto dtype = wanted_dtype(o.x, o.weight);
  if (!dtype || o.x.dim() != 4) return std::nullopt;
  const auto last = at::MemoryFormat::ChannelsLast;
  const at::Tensor x = o.x.to(*dtype).contiguous(last);
  const auto size = [&](int axis) {
    return (x.size(axis) + 2 * stride.padding - o.weight.size(axis)) / stride.step + 1;
  };
  const at::Tensor y =
      at::empty({x.size(0), o.weight.size(0), size(2), size(3)}, x.options(), last);
  RECORD_FUNCTION("sfumato::convolution", std::vector<c10::IValue>({y, o.weight, x, o.residual}));
  const bool together = o.residual.defined() && o.residual.scalar_type() == *dtype;
  const at::Tensor residual = together ? o.residual.contiguous(last) : at::Tensor();
  const bool done = state_->run({x, o.weight, o.bias, residual},
                                {.x = x.sizes().vec(), .stride = stride, .dtype = *dtype},
                                x.size(0), y, &plan_convolution);
  if (!done) return std::nullopt;
  return o.residual.defined() && !together ? y + o.residual : y;
}

void PackedWeight::keep() {
  const std::lock_guard lock(state_->mutex);
  state_->kept = true;
}

void PackedWeight::pack(const at::Tensor& weight, const std::optional<Stride>& convolution) {
  keep();
  if (!weight.is_cpu() || !is_known(weight.scalar_type())) return;
  const std::lock_guard lock(state_->mutex);
  state_->as_matrix = !convolution;
  Shape likely{.x = {kLikelyRows, weight.size(1)}, .dtype = weight.scalar_type()};
  if (convolution) {
    likely.x = {2, weight.size(1), kLikelySide, kLikelySide};
    likely.stride = *convolution;
  }
  likely.threads = threads_here();
  const Planned* planned =
      state_->find(likely, weight, convolution ? &plan_convolution : &plan_matrix_product);
  at::Tensor holder;
  if (planned) state_->weight_for(planned->weight, weight, holder);
  stream().wait();
}

bool PackedWeight::pack_for(const at::Tensor& x, const at::Tensor& weight,
                            const Stride& convolution) {
  {
    const std::lock_guard lock(state_->mutex);
    if (state_->packed.defined()) return true;
    const bool stays = state_->kept && weight.storage().use_count() == 1;
    if (!stays || wanted_dtype(x, weight) != weight.scalar_type()) return false;
  }
  pack(weight, convolution);
  const std::lock_guard lock(state_->mutex);
  return state_->packed.defined();
}

at::Tensor PackedWeight::plain(const at::Tensor& weight) const {
  const std::lock_guard lock(state_->mutex);
  return state_->plain(weight);
}

void PackedWeight::unpack(const at::Tensor& weight) {
  const std::lock_guard lock(state_->mutex);
  state_->kept = false;
  if (!state_->packed.defined()) return;
  weight.set_data(state_->plain(weight));
  state_->packed = at::Tensor();
}

}  // namespace sfumato::ops
