#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "sfumato/image/codecs.h"
#include "sfumato/tensor/tensor_map.h"

namespace sfumato {

/// An embedding that travels in a picture, as A1111 writes them when it trains one.
struct PictureEmbedding {
  std::string name;   ///< "" when it has none
  TensorMap tensors;  ///< by path: "string_to_param/*"
};

/// Looks for it in the PNG text "sd-ti-embedding" (JSON in base64) and then in the low four bits of
/// the pixels left and right of the picture proper: nibbles of a zlib stream of the same JSON,
/// scrambled with a fixed sequence, between columns whose low bits are all zero. Nothing when the
/// picture carries none; Corrupt when what it carries is damaged. At most 8 MiB of JSON are read.
/// Source: A1111, modules/textual_inversion/image_embedding.py.
std::optional<PictureEmbedding> embedding_in_picture(const Image& image, const ImageText& text,
                                                     const std::string& file);

/// The JSON form: {"name": .., "string_to_param": {"*": {"TORCHTENSOR": [[...], ...]}}}.
PictureEmbedding parse_embedding_json(std::string_view json, const std::string& file);

}  // namespace sfumato
