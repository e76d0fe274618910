#include <ATen/ATen.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "sfumato/adapters/embedding_picture.h"
#include "sfumato/base/error.h"

namespace sfumato {
namespace {

using nlohmann::json;

constexpr std::size_t kMostEmbeddingJson = 8u << 20;
constexpr int kMaxDepth = 5;  // file { group { name { TORCHTENSOR [ [ ... ] ] } } }
constexpr const char* kTensor = "TORCHTENSOR";

[[noreturn]] void corrupt_json(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Corrupt, file + ": the embedding in this picture is damaged: " + what);
}

json parse_json(std::string_view text, const std::string& file) {
  if (text.size() > kMostEmbeddingJson) corrupt_json(file, "it is larger than 8 MiB");
  const auto check = [&](int depth, json::parse_event_t event, json&) {
    const bool opens =
        event == json::parse_event_t::object_start || event == json::parse_event_t::array_start;
    if (opens && depth >= kMaxDepth) corrupt_json(file, "it is nested too deeply");
    return true;
  };
  try {
    return json::parse(text.begin(), text.end(), check);
  } catch (const json::exception&) {
    corrupt_json(file, "it is not valid JSON");
  }
}

bool is_tensor(const json& value) { return value.is_object() && value.contains(kTensor); }

std::vector<float> numbers_in(const json& list, const std::string& file) {
  std::vector<float> numbers;
  for (const auto& number : list) {
    if (!number.is_number()) corrupt_json(file, "a vector holds something other than numbers");
    numbers.push_back(number.get<float>());
  }
  return numbers;
}

/// A list of numbers, or of lists of numbers of one length.
at::Tensor tensor_from(const json& value, const std::string& file) {
  const json& rows = value.at(kTensor);
  if (!rows.is_array() || rows.empty()) corrupt_json(file, "a tensor is not a list");
  if (!rows[0].is_array()) return at::tensor(numbers_in(rows, file));
  std::vector<float> all;
  for (const auto& row : rows) {
    if (!row.is_array() || row.size() != rows[0].size()) {
      corrupt_json(file, "its vectors differ in length");
    }
    const auto numbers = numbers_in(row, file);
    all.insert(all.end(), numbers.begin(), numbers.end());
  }
  if (all.empty()) corrupt_json(file, "its vectors are empty");
  return at::tensor(all).reshape({static_cast<std::int64_t>(rows.size()), -1});
}

}  // namespace

PictureEmbedding parse_embedding_json(std::string_view text, const std::string& file) {
  const json root = parse_json(text, file);
  if (!root.is_object()) corrupt_json(file, "it is not a JSON object");
  PictureEmbedding embedding;
  if (root.contains("name") && root.at("name").is_string()) {
    embedding.name = root.at("name").get<std::string>();
  }
  for (const auto& [key, value] : root.items()) {
    if (is_tensor(value)) {
      embedding.tensors[key] = tensor_from(value, file);
    } else if (value.is_object()) {
      for (const auto& [name, inner] : value.items()) {
        if (is_tensor(inner)) embedding.tensors[key + "/" + name] = tensor_from(inner, file);
      }
    }
  }
  if (embedding.tensors.empty()) corrupt_json(file, "it holds no vectors");
  return embedding;
}

}  // namespace sfumato
