#include "../target.h"
#include "sfumato/image/codecs.h"

namespace sfumato::fuzz {
namespace {

void read_picture(std::string_view bytes) { decode_image(bytes, "input"); }

}  // namespace

const Target picture{.name = "picture", .read = read_picture};

}  // namespace sfumato::fuzz
