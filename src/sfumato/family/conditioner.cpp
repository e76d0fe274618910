#include "sfumato/family/conditioner.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "sfumato/base/error.h"
#include "sfumato/family/family.h"
#include "sfumato/family/noise_augment.h"
#include "sfumato/family/validate.h"
#include "sfumato/nn/timestep_embedding.h"
#include "sfumato/tensor/autocast.h"

namespace sfumato {
namespace {

/// [B, 256 * count]: each number embedded like a timestep, side by side.
at::Tensor embed_numbers(std::initializer_list<double> numbers, std::int64_t batch,
                         at::Device device) {
  const at::Tensor values = at::tensor(std::vector<double>(numbers), at::kFloat).to(device);
  return nn::timestep_embedding(values, kNumberWidth).reshape({1, -1}).expand({batch, -1});
}

at::Tensor vector_part(const Model& model, VectorPart part, const std::optional<at::Tensor>& pooled,
                       std::int64_t batch, const SizeConditioning& size) {
  const auto numbers = [&](std::initializer_list<double> values) {
    return embed_numbers(values, batch, model.device);
  };
  switch (part) {
    case VectorPart::Pooled:
      return pooled.value();
    case VectorPart::OriginalSize:
      return numbers({double(size.original_height), double(size.original_width)});
    case VectorPart::CropTopLeft:
      return numbers({double(size.crop_top), double(size.crop_left)});
    case VectorPart::TargetSize:
      return numbers({double(size.target_height), double(size.target_width)});
    case VectorPart::AestheticScore:
      return numbers({size.aesthetic_score});
    case VectorPart::ImageEmbedding:
    case VectorPart::NoiseLevel:
      break;
  }
  throw Error(ErrorKind::Unsupported, "models of the family " + model.config.family +
                                          " are conditioned on a picture as well as on sizes");
}

/// Zeroes the rows of empty prompts.
at::Tensor without_empty(const at::Tensor& features, std::span<const std::string> prompts) {
  at::Tensor kept = features.clone();
  for (std::size_t i = 0; i < prompts.size(); ++i) {
    if (prompts[i].empty()) kept.select(0, std::int64_t(i)).zero_();
  }
  return kept;
}

}  // namespace

const ClipTokenizer& tokenizer_of(const Model& model, const TextEncoder& encoder) {
  if (!encoder.tokenizer) {
    throw Error(ErrorKind::Unsupported,
                "the family " + model.config.family + " has no tokenizer for its " +
                    std::string(encoder_kind_name(encoder.config.kind)) + " encoder here",
                "give the model's folder, which holds " + encoder.config.tokenizer_file);
  }
  return *encoder.tokenizer;
}

at::Tensor tokenize(const Model& model, const TextEncoder& encoder,
                    std::span<const std::string> prompts) {
  const ClipTokenizer& tokenizer = tokenizer_of(model, encoder);
  const auto length = encoder.config.positions;
  const int pad = encoder.config.pad_with_eos ? tokenizer.eos() : 0;
  const at::Tensor ids = at::empty({std::int64_t(prompts.size()), length}, at::kLong);
  auto* row = ids.data_ptr<std::int64_t>();
  for (const auto& prompt : prompts) {
    const auto padded = tokenizer.encode_padded(prompt, int(length), pad);
    row = std::copy(padded.begin(), padded.end(), row);
  }
  return ids.to(model.device);
}

void expect_prompts(const Model& model) {
  if (model.text_encoders.empty() || model.text_encoders[0].config.kind == EncoderKind::Class) {
    throw Error(ErrorKind::Unsupported,
                "models of the family " + model.config.family + " take no prompts");
  }
}

std::optional<at::Tensor> conditioning_vector(const Model& model,
                                              const std::optional<at::Tensor>& pooled,
                                              std::int64_t batch, const SizeConditioning& size) {
  if (reads_pictures(model.config)) return std::nullopt;
  std::vector<at::Tensor> parts;
  for (const auto part : model.config.vector) {
    parts.push_back(vector_part(model, part, pooled, batch, size));
  }
  if (parts.empty()) return std::nullopt;
  return at::cat(parts, 1);
}

Conditioning condition(const Model& model, std::span<const std::string> prompts,
                       const SizeConditioning& size) {
  expect_prompts(model);
  const Autocast autocast(model.device, model.dtype);
  std::vector<at::Tensor> contexts;
  std::optional<at::Tensor> pooled;
  for (const auto& encoder : model.text_encoders) {
    EncodedText encoded = encoder.encode(tokenize(model, encoder, prompts));
    if (encoder.config.zero_when_empty) {
      encoded.context = without_empty(encoded.context, prompts);
      if (encoded.pooled) encoded.pooled = without_empty(*encoded.pooled, prompts);
    }
    contexts.push_back(encoded.context.to(at::kFloat));
    if (encoded.pooled) pooled = encoded.pooled->to(at::kFloat);
  }

  Conditioning result;
  result.context = contexts.size() == 1 ? contexts[0] : at::cat(contexts, -1);
  result.vector = conditioning_vector(model, pooled, std::int64_t(prompts.size()), size);
  return result;
}

Conditioning condition_on_classes(const Model& model, std::span<const std::int64_t> classes) {
  if (model.text_encoders.empty() || model.text_encoders[0].config.kind != EncoderKind::Class) {
    throw Error(ErrorKind::Unsupported,
                "models of the family " + model.config.family + " take no classes");
  }
  const TextEncoder& encoder = model.text_encoders[0];
  for (const auto c : classes) {
    if (c < 0 || c >= encoder.config.vocabulary) {
      throw Error(ErrorKind::InvalidArgument, "class " + std::to_string(c) +
                                                  " is not between 0 and " +
                                                  std::to_string(encoder.config.vocabulary - 1));
    }
  }
  const std::vector<std::int64_t> values(classes.begin(), classes.end());
  Conditioning result;
  result.context = encoder.encode(at::tensor(values, at::kLong).to(model.device)).context;
  return result;
}

}  // namespace sfumato
