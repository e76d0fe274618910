#include "sfumato/request/infotext.h"

#include "../target.h"
#include "sfumato/request/infotext_parameters.h"

namespace sfumato::fuzz {
namespace {

void read_infotext_of_picture(std::string_view bytes) {
  infotext_parameters(bytes).dump();
  const Infotext text = read_infotext(bytes);
  for (const auto& [name, value] : text.values) read_hash_list(value);
  write_infotext(text);
  paint_request(text);
}

}  // namespace

const Target infotext{.name = "infotext", .read = read_infotext_of_picture};

}  // namespace sfumato::fuzz
