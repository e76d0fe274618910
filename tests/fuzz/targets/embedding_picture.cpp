#include "sfumato/adapters/embedding_picture.h"

#include <algorithm>

#include "../target.h"
#include "../touch.h"

namespace sfumato::fuzz {
namespace {

/// Pixels already decoded, for no fuzzer finds its way through a compressed picture: the first
/// byte is their width. Zero: the rest is the text beside the picture.
void read_embedding_picture(std::string_view bytes) {
  if (bytes.empty()) return;
  const int width = static_cast<unsigned char>(bytes[0]);
  bytes.remove_prefix(1);
  if (width == 0) {
    embedding_in_picture(Image(1, 1), {{"sd-ti-embedding", std::string(bytes)}}, "input");
    return;
  }
  const int height = static_cast<int>(bytes.size() / (3 * static_cast<std::size_t>(width)));
  Image image(width, height);
  std::copy_n(bytes.begin(), image.rgb.size(), image.rgb.begin());
  if (const auto found = embedding_in_picture(image, {}, "input")) touch(found->tensors);
}

}  // namespace

const Target embedding_picture{.name = "embedding_picture", .read = read_embedding_picture};

}  // namespace sfumato::fuzz
