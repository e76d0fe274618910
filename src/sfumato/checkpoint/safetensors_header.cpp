#include "sfumato/checkpoint/safetensors_header.h"

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/dtypes.h"

namespace sfumato {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxHeader = 100'000'000;
constexpr std::size_t kMaxDimensions = 64;  // what LibTorch's iterators take
constexpr int kMaxDepth = 3;                // file { tensor { shape [ ... ] } }

[[noreturn]] void corrupt_header(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Corrupt, file + ": not a valid safetensors file: " + what);
}

[[noreturn]] void corrupt_header(const std::string& file, const std::string& tensor,
                                 const std::string& what) {
  throw Error(ErrorKind::Corrupt, file + ": tensor '" + tensor + "': " + what);
}

/// JSON that was parsed while refusing deep nesting and names that occur twice, both of which a
/// JSON library accepts.
json parse_json(std::string_view text, const std::string& file) {
  std::vector<std::set<std::string>> names;  // seen so far, per open object or list
  const auto check = [&](int depth, json::parse_event_t event, json& value) {
    switch (event) {
      case json::parse_event_t::object_start:
      case json::parse_event_t::array_start:
        if (depth >= kMaxDepth) corrupt_header(file, "the header is nested too deeply");
        names.emplace_back();
        break;
      case json::parse_event_t::object_end:
      case json::parse_event_t::array_end:
        names.pop_back();
        break;
      case json::parse_event_t::key:
        if (!names.back().insert(value.get<std::string>()).second) {
          corrupt_header(file, "the name '" + value.get<std::string>() + "' occurs twice");
        }
        break;
      case json::parse_event_t::value:
        break;
    }
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), check);
  } catch (const json::exception&) {
    corrupt_header(file, "its header is not valid JSON");
  }
}

std::string_view header_text(std::string_view file, const std::string& name) {
  if (file.starts_with("version https://git-lfs")) {
    throw Error(ErrorKind::Corrupt, name + ": this is a Git LFS pointer, not the file itself",
                "fetch the file with 'git lfs pull'");
  }
  if (file.size() < 8)
    corrupt_header(name, "it has only " + std::to_string(file.size()) + " bytes");
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<std::uint8_t>(file[i]);
  if (length > kMaxHeader) {
    corrupt_header(name, "it declares a header of " + std::to_string(length) + " bytes, at most " +
                             std::to_string(kMaxHeader) + " are allowed");
  }
  if (length > file.size() - 8) {
    corrupt_header(name, "it is cut short: the header needs " + std::to_string(length) +
                             " bytes, the file has " + std::to_string(file.size() - 8) +
                             " after its size");
  }
  const std::string_view text = file.substr(8, length);
  if (!text.starts_with('{')) corrupt_header(name, "its header is not a JSON object");
  // The JSON library takes a zero byte for the end of the text.
  if (text.find('\0') != text.npos) corrupt_header(name, "its header contains a zero byte");
  return text;
}

std::vector<std::int64_t> parse_shape(const json& list, const std::string& file,
                                      const std::string& name) {
  if (!list.is_array()) corrupt_header(file, name, "its shape is not a list");
  if (list.size() > kMaxDimensions) corrupt_header(file, name, "its shape has too many dimensions");
  std::vector<std::int64_t> shape;
  for (const auto& size : list) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > std::uint64_t(INT64_MAX)) {
      corrupt_header(file, name, "its shape has the size " + size.dump().substr(0, 40));
    }
    shape.push_back(size.get<std::int64_t>());
  }
  return shape;
}

/// Bytes of a tensor of this shape. Zero sizes do not excuse the others: their product, which
/// LibTorch needs for the strides, must fit as well.
std::uint64_t byte_count(const TensorInfo& info, std::uint64_t element, const std::string& file,
                         const std::string& name) {
  std::uint64_t count = element;
  bool empty = false;
  for (const auto size : info.shape) {
    if (size == 0) {
      empty = true;
    } else if (__builtin_mul_overflow(count, static_cast<std::uint64_t>(size), &count) ||
               count > std::uint64_t(INT64_MAX)) {
      corrupt_header(file, name, "its shape is too large");
    }
  }
  return empty ? 0 : count;
}

SafetensorsEntry parse_entry(const std::string& file, const std::string& name, const json& entry) {
  if (!entry.is_object()) corrupt_header(file, name, "its entry is not a JSON object");
  for (const char* key : {"dtype", "shape", "data_offsets"}) {
    if (!entry.contains(key)) corrupt_header(file, name, std::string("it has no ") + key);
  }
  if (!entry["dtype"].is_string()) corrupt_header(file, name, "its dtype is not a string");

  SafetensorsEntry result{name, {entry["dtype"], parse_shape(entry["shape"], file, name)}, 0, 0};
  const auto element = safetensors_element_size(result.info.dtype);
  if (!element)
    corrupt_header(file, name, "unknown dtype '" + result.info.dtype.substr(0, 40) + "'");

  const auto& offsets = entry["data_offsets"];
  if (!offsets.is_array() || offsets.size() != 2 || !offsets[0].is_number_unsigned() ||
      !offsets[1].is_number_unsigned()) {
    corrupt_header(file, name, "its data_offsets are not two whole numbers");
  }
  result.begin = offsets[0];
  result.end = offsets[1];
  if (result.begin > result.end) corrupt_header(file, name, "its data end before they begin");

  const auto expected = byte_count(result.info, *element, file, name);
  if (result.end - result.begin != expected) {
    corrupt_header(file, name,
                   "its shape needs " + std::to_string(expected) + " bytes, it has " +
                       std::to_string(result.end - result.begin));
  }
  return result;
}

Metadata parse_metadata(const json& table, const std::string& file) {
  if (!table.is_object()) corrupt_header(file, "__metadata__ is not a JSON object");
  Metadata metadata;
  for (const auto& [key, value] : table.items()) {
    if (!value.is_string()) corrupt_header(file, "__metadata__ '" + key + "' is not a string");
    metadata[key] = value.get<std::string>();
  }
  return metadata;
}

/// The data must be the tensors' and nothing else: no holes, overlaps or trailing bytes.
void expect_dense(const std::vector<SafetensorsEntry>& entries, std::uint64_t available,
                  const std::string& file) {
  std::uint64_t at = 0;
  for (const auto& entry : entries) {
    if (entry.end > available) {
      corrupt_header(file, entry.name,
                     "its data end at byte " + std::to_string(entry.end) + ", the file has " +
                         std::to_string(available) + " (is it cut short?)");
    }
    if (entry.begin != at) {
      corrupt_header(file, entry.name,
                     "its data begin at byte " + std::to_string(entry.begin) +
                         ", the tensor before ends at " + std::to_string(at));
    }
    at = entry.end;
  }
  if (at != available) {
    corrupt_header(file, std::to_string(available - at) + " bytes follow the last tensor");
  }
}

}  // namespace

SafetensorsHeader parse_safetensors_header(std::string_view file, const std::string& name) {
  const std::string_view text = header_text(file, name);
  const json root = parse_json(text, name);

  SafetensorsHeader header{{}, {}, 8 + text.size()};
  for (const auto& [key, value] : root.items()) {
    if (key == "__metadata__") {
      header.metadata = parse_metadata(value, name);
    } else {
      header.entries.push_back(parse_entry(name, key, value));
    }
  }
  std::sort(header.entries.begin(), header.entries.end(), [](const auto& a, const auto& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  });
  expect_dense(header.entries, file.size() - header.data_begin, name);
  return header;
}

}  // namespace sfumato
