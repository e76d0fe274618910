#include "picture_text.h"

namespace sfumato::cli {
namespace {

template <class Request>
ImageText text_of(const char* task, const Request& request, std::span<const Field<Request>> table,
                  const ModelIdentity& model, const Infotext& infotext) {
  nlohmann::ordered_json json;
  json["version"] = SFUMATO_VERSION;
  json["task"] = task;
  json["model"] = {{"name", model.name}, {"sha256", model.hash}};
  json["request"] = to_json(request, table);
  // A prompt that is no UTF-8 is kept readable rather than refused.
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  return {{"sfumato", json.dump(-1, ' ', false, replace)},
          {"parameters", write_infotext(infotext)}};
}

template <class Request>
void read(const std::filesystem::path& picture, const ImageText& text, const std::string& task,
          std::span<const Field<Request>> table, Request& request) {
  const auto entry = text.find("sfumato");
  if (entry == text.end()) {
    throw Error(ErrorKind::NotFound, picture.string() + ": this picture carries no request",
                "only pictures written by sfumato do");
  }
  const auto json = nlohmann::json::parse(entry->second, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || !json.contains("request")) {
    throw Error(ErrorKind::Corrupt, picture.string() + ": the request inside is damaged");
  }
  const auto made_by = json.find("task");
  if (made_by != json.end() && made_by->is_string() && *made_by != task) {
    throw Error(ErrorKind::InvalidArgument,
                picture.string() + ": this picture was made by " + made_by->get<std::string>(),
                "try: sfumato " + made_by->get<std::string>() + " --from " + picture.string());
  }
  from_json(json["request"], table, picture.string(), request);
}

}  // namespace

ImageText picture_text(const PaintRequest& request, const ModelIdentity& model) {
  Infotext text = with_settings(infotext_of(request, model), SamplingSettings(request));
  text = with_settings(std::move(text), HiresSettings(request));
  return text_of<PaintRequest>("txt2img", request, kPaintRequestFields, model, text);
}

ImageText picture_text(const ImageToImageRequest& request, const ModelIdentity& model) {
  Infotext text = with_settings(infotext_of(request, model), SamplingSettings(request));
  text = with_settings(std::move(text), InitImage(request));
  return text_of<ImageToImageRequest>("img2img", request, kImageToImageFields, model, text);
}

ImageText picture_text(const InpaintRequest& request, const ModelIdentity& model) {
  Infotext text = with_settings(infotext_of(request, model), SamplingSettings(request));
  text = with_settings(std::move(text), InitImage(request));
  text = with_settings(std::move(text), InpaintSettings(request));
  return text_of<InpaintRequest>("inpaint", request, kInpaintRequestFields, model, text);
}

void read_request(const std::filesystem::path& picture, PaintRequest& request) {
  const ImageText text = read_image_text(picture);
  const auto foreign = text.find("parameters");
  if (!text.contains("sfumato") && foreign != text.end()) {
    request = paint_request(read_infotext(foreign->second));
    return;
  }
  read<PaintRequest>(picture, text, "txt2img", kPaintRequestFields, request);
}

void read_request(const std::filesystem::path& picture, ImageToImageRequest& request) {
  read<ImageToImageRequest>(picture, read_image_text(picture), "img2img", kImageToImageFields,
                            request);
}

void read_request(const std::filesystem::path& picture, InpaintRequest& request) {
  read<InpaintRequest>(picture, read_image_text(picture), "inpaint", kInpaintRequestFields,
                       request);
}

}  // namespace sfumato::cli
