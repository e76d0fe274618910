#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/family/model_config.h"

namespace sfumato {

// The enumerations of model_config.h as family files spell them.

template <class Enum, std::size_t N>
using NameTable = std::array<std::pair<std::string_view, Enum>, N>;

inline constexpr NameTable<EncoderKind, 4> kEncoderKinds{{{"clip", EncoderKind::Clip},
                                                          {"open_clip", EncoderKind::OpenClip},
                                                          {"bert", EncoderKind::Bert},
                                                          {"class", EncoderKind::Class}}};
inline constexpr NameTable<Take, 3> kTakes{{{"last", Take::Last},
                                            {"penultimate", Take::Penultimate},
                                            {"penultimate_norm", Take::PenultimateNorm}}};
inline constexpr NameTable<TokenizerKind, 4> kTokenizerKinds{{{"none", TokenizerKind::None},
                                                              {"clip", TokenizerKind::Clip},
                                                              {"file", TokenizerKind::File},
                                                              {"bert", TokenizerKind::Bert}}};
inline constexpr NameTable<AutoencoderKind, 2> kAutoencoderKinds{
    {{"kl", AutoencoderKind::KL}, {"vq", AutoencoderKind::VQ}}};
inline constexpr NameTable<ConcatKind, 7> kConcatKinds{
    {{"none", ConcatKind::None},
     {"low_res_image", ConcatKind::LowResImage},
     {"masked_latent", ConcatKind::MaskedLatent},
     {"masked_latent_first", ConcatKind::MaskedLatentFirst},
     {"depth", ConcatKind::Depth},
     {"edited_image", ConcatKind::EditedImage},
     {"label_map", ConcatKind::LabelMap}}};
inline constexpr NameTable<VectorPart, 7> kVectorParts{
    {{"pooled", VectorPart::Pooled},
     {"original_size", VectorPart::OriginalSize},
     {"crop_top_left", VectorPart::CropTopLeft},
     {"target_size", VectorPart::TargetSize},
     {"aesthetic_score", VectorPart::AestheticScore},
     {"image_embedding", VectorPart::ImageEmbedding},
     {"noise_level", VectorPart::NoiseLevel}}};

/// Throws InvalidArgument "WHERE: unknown value 'x'" with the nearest known name.
template <class Enum, std::size_t N>
Enum named(const NameTable<Enum, N>& table, std::string_view name, const std::string& where) {
  std::vector<std::string> known;
  for (const auto& [text, value] : table) {
    if (text == name) return value;
    known.emplace_back(text);
  }
  throw Error(ErrorKind::InvalidArgument, where + ": unknown value '" + std::string(name) + "'",
              suggestion(name, known));
}

template <class Enum, std::size_t N>
std::string_view name_of(const NameTable<Enum, N>& table, Enum value) {
  const auto row = std::find_if(table.begin(), table.end(),
                                [&](const auto& entry) { return entry.second == value; });
  return row == table.end() ? std::string_view() : row->first;
}

}  // namespace sfumato
