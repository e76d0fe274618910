#include "sfumato/checkpoint/gguf.h"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/dtypes.h"
#include "sfumato/checkpoint/gguf_blocks.h"
#include "sfumato/checkpoint/gguf_header.h"
#include "sfumato/checkpoint/mapped_file.h"
#include "sfumato/tensor/memory.h"

namespace sfumato {
namespace {

constexpr std::uint32_t kVersion = 3;
constexpr std::uint32_t kTextValue = 8;
constexpr std::uint64_t kAlignment = 32;
constexpr std::int64_t kBlocksAtOnce = 1024;

void expect_room_for_decoded(const GgufHeader& header, at::ScalarType dtype,
                             const std::string& name) {
  std::uint64_t bytes = 0;
  for (const auto& tensor : header.tensors) {
    if (!tensor.type->decode) continue;
    const std::uint64_t values = tensor.bytes / tensor.type->bytes * tensor.type->elements;
    bytes += values * c10::elementSize(dtype);
  }
  const auto free = free_memory(at::kCPU);
  if (!free || bytes <= *free) return;
  throw Error(ErrorKind::OutOfMemory,
              name + ": its weights take " + in_gib(bytes) + " when they are decoded to " +
                  c10::toString(dtype) + ", " + in_gib(*free) + " are free",
              "end other programs");
}

at::Tensor decoded(const GgufTensor& tensor, const char* data) {
  const at::Tensor result = at::empty(tensor.shape, at::kFloat);
  const GgufType& type = *tensor.type;
  float* values = result.data_ptr<float>();
  const auto* blocks = reinterpret_cast<const std::uint8_t*>(data);
  const std::int64_t count = result.numel() / type.elements;
  at::parallel_for(0, count, kBlocksAtOnce, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      type.decode(blocks + i * static_cast<std::int64_t>(type.bytes), values + i * type.elements);
    }
  });
  return result;
}

/// Undoes a converter's change of shape, where the numbers of elements agree.
at::Tensor in_original_shape(const at::Tensor& tensor, const GgufHeader& header,
                             const std::string& name) {
  const auto found = header.original_shapes.find(name);
  if (found == header.original_shapes.end() || found->second.size() > 4) return tensor;
  std::int64_t count = 1;
  for (const auto size : found->second) {
    if (size <= 0 || __builtin_mul_overflow(count, size, &count)) return tensor;
  }
  return count == tensor.numel() ? tensor.reshape(found->second) : tensor;
}

std::string bytes_of(const at::Tensor& tensor, const GgufType& type) {
  if (!type.encode) {
    at::Tensor plain = tensor;
    for (const auto target : {at::kFloat, at::kHalf, at::kBFloat16}) {
      if (safetensors_dtype(target) == type.dtype) plain = tensor.to(target);
    }
    plain = plain.contiguous();
    return std::string(static_cast<const char*>(plain.data_ptr()), plain.nbytes());
  }
  const at::Tensor values = tensor.to(at::kFloat).contiguous();
  const float* from = values.data_ptr<float>();
  const std::int64_t count = values.numel() / type.elements;
  std::string bytes(static_cast<std::size_t>(count) * type.bytes, '\0');
  auto* to = reinterpret_cast<std::uint8_t*>(bytes.data());
  at::parallel_for(0, count, kBlocksAtOnce, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      type.encode(from + i * type.elements, to + i * static_cast<std::int64_t>(type.bytes));
    }
  });
  return bytes;
}

// --- writing ---

std::uint64_t aligned(std::uint64_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

template <class Number>
void put(std::string& out, Number number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

void put_text(std::string& out, std::string_view text) {
  put(out, static_cast<std::uint64_t>(text.size()));
  out.append(text);
}

Metadata writable(Metadata metadata) {
  metadata.erase("general.alignment");  // of the file that was read, and no text
  metadata.emplace("general.architecture", "sd");
  return metadata;
}

/// The type of a tensor that stays as it is.
const GgufType& own_type(const at::Tensor& tensor) {
  const bool truth = tensor.scalar_type() == at::kBool || tensor.scalar_type() == at::kByte;
  const auto* type = truth ? nullptr : find_gguf_type(safetensors_dtype(tensor.scalar_type()));
  if (type) return *type;
  throw Error(ErrorKind::Unsupported, std::string("a GGUF file cannot hold tensors of type ") +
                                          at::toString(tensor.scalar_type()));
}

/// `wanted` is null when every tensor stays as it is.
const GgufType& written_type(const at::Tensor& tensor, const GgufType* wanted) {
  const bool as_wanted = wanted && tensor.is_floating_point() && tensor.dim() >= 2 &&
                         tensor.size(-1) % wanted->elements == 0;
  return as_wanted ? *wanted : own_type(tensor);
}

const GgufType* wanted_type(std::string_view name) {
  if (name.empty()) return nullptr;
  const auto* type = find_gguf_type(name);
  const bool plain = name == "F32" || name == "F16" || name == "BF16";
  if (type && (plain || type->encode)) return type;
  throw Error(ErrorKind::InvalidArgument,
              "cannot write GGUF tensors of type '" + std::string(name) + "'",
              "choose one of: F32, F16, BF16, Q8_0, Q4_0, Q5_1");
}

std::uint64_t byte_count(const at::Tensor& tensor, const GgufType& type) {
  return static_cast<std::uint64_t>(tensor.numel() / type.elements) * type.bytes;
}

std::string header_bytes(const TensorMap& tensors, const GgufType* wanted,
                         const Metadata& metadata) {
  std::string out = "GGUF";
  put(out, kVersion);
  put(out, static_cast<std::uint64_t>(tensors.size()));
  put(out, static_cast<std::uint64_t>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    put_text(out, key);
    put(out, kTextValue);
    put_text(out, value);
  }
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : tensors) {
    if (tensor.dim() > 4) {
      throw Error(ErrorKind::Unsupported, "tensor '" + name + "' has " +
                                              std::to_string(tensor.dim()) +
                                              " dimensions, GGUF has at most 4");
    }
    const GgufType& type = written_type(tensor, wanted);
    put_text(out, name);
    put(out, static_cast<std::uint32_t>(tensor.dim()));
    for (std::int64_t i = tensor.dim(); i-- > 0;) put(out, tensor.size(i));
    put(out, type.id);
    put(out, offset);
    offset += aligned(byte_count(tensor, type));
  }
  out.resize(aligned(out.size()), '\0');
  return out;
}

}  // namespace

bool is_gguf(std::string_view bytes) { return bytes.starts_with("GGUF"); }

TensorMap load_gguf(const std::filesystem::path& path, Metadata* metadata,
                    at::ScalarType quantised) {
  const auto mapped = MappedFile::open(path);
  GgufHeader header = parse_gguf_header(mapped->bytes(), path.string());
  expect_room_for_decoded(header, quantised, path.string());
  TensorMap tensors;
  for (const auto& entry : header.tensors) {
    const auto own = mapped->bytes().substr(entry.begin, entry.bytes);
    const auto held = mapped->hold(own);
    const at::Tensor tensor =
        entry.type->decode ? decoded(entry, own.data()).to(quantised)
                           : tensor_from_bytes(entry.type->dtype, entry.shape, own.data(), held);
    tensors[entry.name] = in_original_shape(tensor, header, entry.name);
  }
  if (metadata) *metadata = std::move(header.metadata);
  return tensors;
}

std::string_view gguf_type_of(const at::Tensor& tensor, std::string_view type) {
  return written_type(tensor, wanted_type(type)).name;
}

void save_gguf(const std::filesystem::path& path, const TensorMap& tensors, std::string_view type,
               const Metadata& metadata) {
  const GgufType* wanted = wanted_type(type);
  AtomicFile file(path);
  file.stream() << header_bytes(tensors, wanted, writable(metadata));
  for (const auto& [name, tensor] : tensors) {
    const at::Tensor here = tensor.detach().to(at::kCPU);
    std::string bytes = bytes_of(here, written_type(here, wanted));
    bytes.resize(aligned(bytes.size()), '\0');
    file.stream() << bytes;
  }
  file.commit();
}

}  // namespace sfumato
