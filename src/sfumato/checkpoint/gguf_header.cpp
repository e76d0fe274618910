#include "sfumato/checkpoint/gguf_header.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <set>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/byte_reader.h"
#include "sfumato/checkpoint/utf8.h"

namespace sfumato {
namespace {

constexpr std::uint64_t kDefaultAlignment = 32;
constexpr std::uint32_t kMaxGgufDimensions = 4;
constexpr int kMaxNesting = 8;
constexpr std::uint64_t kMinEntry = 13, kMinTensor = 24;  // bytes in the header
constexpr std::string_view kOriginalShape = "comfy.gguf.orig_shape.";

// Types of metadata values.
enum Type : std::uint32_t { U8, I8, U16, I16, U32, I32, F32, Bool, Text, List, U64, I64, F64 };
constexpr std::array<std::uint64_t, 13> kMinSizes{1, 1, 2, 2, 4, 4, 4, 1, 8, 12, 8, 8, 8};

[[noreturn]] void corrupt_gguf(const std::string& name, const std::string& what) {
  throw Error(ErrorKind::Corrupt, name + ": not a valid GGUF file: " + what,
              "the file is damaged or cut short; fetch it again");
}

class HeaderReader {
 public:
  HeaderReader(std::string_view file, const std::string& name)
      : file_(file), name_(name), in_(file, name) {}

  GgufHeader run() {
    expect_version();
    const auto tensors = in_.number<std::uint64_t>();
    const auto entries = in_.number<std::uint64_t>();
    if (entries > in_.remaining() / kMinEntry || tensors > in_.remaining() / kMinTensor) {
      corrupt_gguf(name_, "it states more entries than it has room for");
    }
    for (std::uint64_t i = 0; i < entries; ++i) read_entry();
    for (std::uint64_t i = 0; i < tensors; ++i) read_tensor();
    place_tensors();
    return std::move(header_);
  }

 private:
  void expect_version() {
    if (in_.take(4) != "GGUF") corrupt_gguf(name_, "it does not begin with GGUF");
    const auto version = in_.number<std::uint32_t>();
    if (version == 2 || version == 3) return;
    const bool swapped = (version & 0xFFFF) == 0;
    throw Error(ErrorKind::Unsupported,
                name_ + (swapped ? ": it is a big-endian GGUF file"
                                 : ": version " + std::to_string(version) +
                                       " of GGUF is unknown, 2 and 3 can be read"));
  }

  std::string text() {
    const std::string_view bytes = in_.take(in_.number<std::uint64_t>());
    if (!is_utf8(bytes)) corrupt_gguf(name_, "one of its texts is not UTF-8");
    return std::string(bytes);
  }

  template <class Number>
  std::string shortest() {
    const auto value = in_.number<Number>();
    char digits[32];
    const auto end = std::to_chars(digits, digits + sizeof digits, value);
    return std::string(digits, end.ptr);
  }

  std::string truth() {
    const auto value = in_.number<std::uint8_t>();
    if (value > 1) corrupt_gguf(name_, "it has a truth value of " + std::to_string(value));
    return value ? "true" : "false";
  }

  std::uint32_t value_type() {
    const auto type = in_.number<std::uint32_t>();
    if (type >= kMinSizes.size()) {
      corrupt_gguf(name_, "its metadata have the unknown type " + std::to_string(type));
    }
    return type;
  }

  /// `shape` receives the numbers of a list of integers.
  std::string value(std::uint32_t type, int nesting, std::vector<std::int64_t>* shape) {
    switch (type) {
      case U8:
        return std::to_string(in_.number<std::uint8_t>());
      case I8:
        return std::to_string(in_.number<std::int8_t>());
      case U16:
        return std::to_string(in_.number<std::uint16_t>());
      case I16:
        return std::to_string(in_.number<std::int16_t>());
      case U32:
        return std::to_string(in_.number<std::uint32_t>());
      case I32:
        return std::to_string(in_.number<std::int32_t>());
      case F32:
        return shortest<float>();
      case Bool:
        return truth();
      case Text:
        return text();
      case U64:
        return std::to_string(in_.number<std::uint64_t>());
      case I64:
        return std::to_string(in_.number<std::int64_t>());
      case F64:
        return shortest<double>();
      default:
        return list(nesting, shape);
    }
  }

  std::string list(int nesting, std::vector<std::int64_t>* shape) {
    if (nesting > kMaxNesting) corrupt_gguf(name_, "its metadata are nested too deeply");
    const std::uint32_t type = value_type();
    const auto length = in_.number<std::uint64_t>();
    if (length > in_.remaining() / kMinSizes[type]) {
      corrupt_gguf(name_, "it has a list of " + std::to_string(length) + " values, more than fit");
    }
    const bool whole = type == I32 || type == I64 || type == U32;
    for (std::uint64_t i = 0; i < length; ++i) {
      const std::string item = value(type, nesting + 1, nullptr);
      if (shape && whole && shape->size() <= kMaxGgufDimensions) shape->push_back(std::stoll(item));
    }
    return "list of " + std::to_string(length);
  }

  void read_entry() {
    const std::string key = text();
    const std::uint32_t type = value_type();
    std::vector<std::int64_t> shape;
    const std::string read = value(type, 0, &shape);
    if (!header_.metadata.emplace(key, read).second) {
      corrupt_gguf(name_, "the key '" + printable(key) + "' occurs twice");
    }
    if (key.starts_with(kOriginalShape)) {
      header_.original_shapes[key.substr(kOriginalShape.size())] = shape;
    }
    if (key == "general.alignment") {
      alignment_ = type == U32 ? std::stoull(read) : 0;
      if (!std::has_single_bit(alignment_)) corrupt_gguf(name_, "its alignment is no power of two");
    }
  }

  void read_tensor() {
    GgufTensor tensor{text(), nullptr, {}, 0, 0};
    const auto fail = [&](const std::string& what) {
      corrupt_gguf(name_, "tensor '" + printable(tensor.name) + "' " + what);
    };
    if (!names_.insert(tensor.name).second) fail("occurs twice");
    const auto dimensions = in_.number<std::uint32_t>();
    if (dimensions > kMaxGgufDimensions) fail("has " + std::to_string(dimensions) + " dimensions");
    std::int64_t count = 1;
    for (std::uint32_t i = 0; i < dimensions; ++i) {
      const auto size = in_.number<std::int64_t>();
      if (size < 0) fail("has a negative size");
      if (size > 0 && __builtin_mul_overflow(count, size, &count)) fail("is too large");
      tensor.shape.push_back(size);
    }
    const auto type = in_.number<std::uint32_t>();
    tensor.begin = in_.number<std::uint64_t>();
    tensor.type = find_gguf_type(type);
    if (!tensor.type) {
      throw Error(ErrorKind::Unsupported, name_ + ": tensor '" + printable(tensor.name) +
                                              "' has the unknown type " + std::to_string(type));
    }
    const std::int64_t row = tensor.shape.empty() ? 1 : tensor.shape.front();
    if (row % tensor.type->elements != 0) {
      fail("has rows of " + std::to_string(row) + " values in blocks of " +
           std::to_string(tensor.type->elements));
    }
    const bool empty = std::count(tensor.shape.begin(), tensor.shape.end(), 0) > 0;
    const auto blocks = static_cast<std::uint64_t>(count / tensor.type->elements);
    if (!empty && __builtin_mul_overflow(blocks, tensor.type->bytes, &tensor.bytes)) {
      fail("is too large");
    }
    std::reverse(tensor.shape.begin(), tensor.shape.end());
    header_.tensors.push_back(std::move(tensor));
  }

  /// Offsets count from the first aligned byte behind the header. Tensors may not share bytes.
  void place_tensors() {
    const std::uint64_t used = in_.position();
    const std::uint64_t data = used + (alignment_ - used % alignment_) % alignment_;
    std::vector<const GgufTensor*> order;
    for (auto& tensor : header_.tensors) {
      const bool fits = data <= file_.size() && tensor.begin % alignment_ == 0 &&
                        tensor.begin <= file_.size() - data &&
                        tensor.bytes <= file_.size() - data - tensor.begin;
      if (!fits) {
        corrupt_gguf(name_, "tensor '" + printable(tensor.name) + "' with " +
                                std::to_string(tensor.bytes) + " bytes at " +
                                std::to_string(tensor.begin) + " does not lie in it");
      }
      tensor.begin += data;
      order.push_back(&tensor);
    }
    std::sort(order.begin(), order.end(), [](const GgufTensor* a, const GgufTensor* b) {
      return std::pair(a->begin, a->bytes) < std::pair(b->begin, b->bytes);
    });
    for (std::size_t i = 1; i < order.size(); ++i) {
      if (order[i]->begin - order[i - 1]->begin < order[i - 1]->bytes) {
        corrupt_gguf(name_, "the tensors '" + printable(order[i - 1]->name) + "' and '" +
                                printable(order[i]->name) + "' overlap");
      }
    }
  }

  std::string_view file_;
  const std::string& name_;
  ByteReader in_;
  std::uint64_t alignment_ = kDefaultAlignment;
  std::set<std::string> names_;
  GgufHeader header_;
};

}  // namespace

GgufHeader parse_gguf_header(std::string_view file, const std::string& name) {
  return HeaderReader(file, name).run();
}

}  // namespace sfumato
