#include "../target.h"
#include "sfumato/image/codecs.h"
#include "sfumato/request/infotext_format.h"

namespace sfumato::fuzz {
namespace {

void read_picture_text(std::string_view bytes) {
  for (const auto& [key, value] : decode_image_text(bytes, "input")) read_infotext(value);
}

}  // namespace

const Target picture_text{.name = "picture_text", .read = read_picture_text};

}  // namespace sfumato::fuzz
