#include "../target.h"
#include "sfumato/base/bounded_json.h"
#include "sfumato/request/image_to_image.h"

namespace sfumato::fuzz {
namespace {

/// The request that a picture of ours carries.
void read_request(std::string_view bytes) {
  const auto json = parse_bounded_json(bytes);
  if (json.is_discarded()) return;
  InpaintRequest request;
  from_json<InpaintRequest>(json, kInpaintRequestFields, "input", request);
  to_json<InpaintRequest>(request, kInpaintRequestFields);
  check(request);
}

}  // namespace

const Target request_json{.name = "request_json", .read = read_request};

}  // namespace sfumato::fuzz
