#include "picture_text.h"

#include "sfumato/base/error.h"

namespace sfumato::cli {

ImageText picture_text(TextToImageRequest request, std::uint64_t seed, const ModelIdentity& model) {
  request.seed = seed;
  request.count = 1;
  request.batch = std::nullopt;
  nlohmann::ordered_json json;
  json["version"] = SFUMATO_VERSION;
  json["task"] = "txt2img";
  json["model"] = {{"name", model.name}, {"sha256", model.hash}};
  json["request"] =
      to_json(request, std::span<const Field<TextToImageRequest>>(kTextToImageFields));
  // A prompt that is no UTF-8 is kept readable rather than refused.
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  return {{"sfumato", json.dump(-1, ' ', false, replace)},
          {"parameters", infotext(request, model)}};
}

TextToImageRequest request_in(const std::filesystem::path& picture) {
  const ImageText text = read_image_text(picture);
  const auto entry = text.find("sfumato");
  if (entry == text.end()) {
    throw Error(ErrorKind::NotFound, picture.string() + ": this picture carries no request",
                "only PNG files written by sfumato do");
  }
  const auto json = nlohmann::json::parse(entry->second, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("request")) {
    throw Error(ErrorKind::Corrupt, picture.string() + ": the request inside is damaged");
  }
  TextToImageRequest request;
  from_json(json["request"], std::span<const Field<TextToImageRequest>>(kTextToImageFields),
            picture.string(), request);
  return request;
}

}  // namespace sfumato::cli
