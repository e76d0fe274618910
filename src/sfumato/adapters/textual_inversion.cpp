#include "sfumato/adapters/textual_inversion.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "sfumato/adapters/embedding_picture.h"
#include "sfumato/base/error.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/image/codecs.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

constexpr std::string_view kWebuiGroup = "string_to_param";
constexpr std::size_t kMostEncoders = 2, kLongestName = 200;
constexpr std::array<std::string_view, 2> kPictures{".png", ".webp"};

[[noreturn]] void corrupt_embedding(const std::string& file, const std::string& what) {
  throw Error(ErrorKind::Corrupt, file + ": not an embedding: " + what);
}

/// Those below `string_to_param` where there are any.
TensorMap candidates(const TensorMap& tensors) {
  TensorMap inside;
  for (const auto& [path, tensor] : tensors) {
    if (path.starts_with(kWebuiGroup)) inside[path] = tensor;
  }
  return inside.empty() ? tensors : inside;
}

at::Tensor as_vectors(const at::Tensor& tensor, const std::string& path, const std::string& file) {
  const at::Tensor vectors = tensor.dim() == 1 ? tensor.unsqueeze(0) : tensor;
  if (!vectors.is_floating_point() || vectors.dim() != 2 || vectors.numel() == 0) {
    corrupt_embedding(file, "tensor '" + path + "' is " + shape_string(tensor.sizes()) +
                                ", expected vectors [count, width] of floating-point numbers");
  }
  if (!at::isfinite(vectors).all().item<bool>()) {
    corrupt_embedding(file, "tensor '" + path + "' has NaN or infinite values");
  }
  return vectors.to(at::kFloat);
}

std::string widths_of(const TextualInversion& inversion) {
  std::string text;
  for (const auto& vectors : inversion.vectors) {
    text += (text.empty() ? "" : " and ") + std::to_string(vectors.size(1));
  }
  return text;
}

TextualInversion from_picture(const std::filesystem::path& path) {
  const auto found = embedding_in_picture(read_image(path), read_image_text(path), path.string());
  if (!found) throw Error(ErrorKind::NotFound, path.string() + ": no embedding is in this picture");
  const bool named = !found->name.empty() && found->name.size() <= kLongestName;
  const std::string name = named ? found->name : path.stem().string();
  return textual_inversion(found->tensors, name, path.string());
}

}  // namespace

TextualInversion textual_inversion(const TensorMap& tensors, const std::string& name,
                                   const std::string& file) {
  const TensorMap found = candidates(tensors);
  if (found.empty() || found.size() > kMostEncoders) {
    corrupt_embedding(file,
                      "it holds " + std::to_string(found.size()) + " tensors, expected one or two");
  }
  TextualInversion word{name, file, {}, {}};
  for (const auto& [path, tensor] : found) {
    word.vectors.push_back(as_vectors(tensor, path, file));
    const at::Tensor& first = word.vectors.front();
    const at::Tensor& last = word.vectors.back();
    if (last.size(0) != first.size(0))
      corrupt_embedding(file, "its tensors differ in the number of vectors");
    if (word.vectors.size() > 1 && last.size(1) == first.size(1)) {
      corrupt_embedding(file,
                        "it holds two embeddings of the width " + std::to_string(last.size(1)));
    }
  }
  return word;
}

TextualInversion read_textual_inversion(const std::filesystem::path& path) {
  const std::string extension = path.extension().string();
  if (std::find(kPictures.begin(), kPictures.end(), extension) != kPictures.end()) {
    return from_picture(path);
  }
  Checkpoint content = open_checkpoint(path);
  auto inversion = textual_inversion(content.tensors, path.stem().string(), path.string());
  inversion.facts = std::move(content.metadata);
  return inversion;
}

LearnedWord learned_word(const TextualInversion& inversion, const ModelConfig& config) {
  LearnedWord word{inversion.name, {}};
  for (const auto& encoder : config.text_encoders) {
    const auto fits = [&](const at::Tensor& vectors) { return vectors.size(1) == encoder.width; };
    const auto& all = inversion.vectors;
    const auto found = std::find_if(all.begin(), all.end(), fits);
    if (found == all.end()) {
      throw Error(ErrorKind::Corrupt,
                  inversion.file + ": the embedding '" + inversion.name +
                      "' has vectors of the width " + widths_of(inversion) +
                      ", this model's text encoder needs " + std::to_string(encoder.width),
                  "use an embedding that was made for this model's family");
    }
    word.vectors.push_back(*found);
  }
  return word;
}

}  // namespace sfumato
