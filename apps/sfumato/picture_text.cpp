#include "picture_text.h"

#include "sfumato/base/bounded_json.h"
#include "sfumato/base/files.h"
#include "sfumato/base/sha256.h"
#include "sfumato/request/plot_axis.h"

namespace sfumato::cli {
namespace {

/// By the names of the fields that name a picture.
nlohmann::ordered_json input_hashes(const nlohmann::ordered_json& request) {
  auto hashes = nlohmann::ordered_json::object();
  for (const auto field : kInputFields) {
    const std::string key(field);
    const std::filesystem::path path = request.value(key, "");
    if (std::filesystem::is_regular_file(path)) hashes[key] = sha256_hex(read_file(path));
  }
  return hashes;
}

template <class Request>
ImageText text_of(const char* task, const Request& request, std::span<const Field<Request>> table,
                  const ModelIdentity& model, const Infotext& infotext) {
  nlohmann::ordered_json json;
  json["version"] = SFUMATO_VERSION;
  json["task"] = task;
  json["model"] = {{"name", model.name}, {"sha256", model.hash}};
  for (const auto& [part, file] : model.parts) {
    json["model"]["parts"][part] = {{"name", file.name}, {"sha256", file.hash}};
  }
  if (!model.computed.empty()) json["computed"] = model.computed;
  json["request"] = to_json(request, table);
  const auto inputs = input_hashes(json["request"]);
  if (!inputs.empty()) json["inputs"] = inputs;
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
  const auto json = parse_bounded_json(entry->second);
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

Infotext painted_over_text(const ImageToImageRequest& request, const ModelIdentity& model) {
  Infotext text = with_settings(infotext_of(request, model), SamplingSettings(request));
  return with_settings(std::move(text), InitImage(request));
}

Infotext painted_text(const PaintRequest& request, const ModelIdentity& model) {
  Infotext text = with_settings(infotext_of(request, model), SamplingSettings(request));
  text = with_settings(std::move(text), HiresSettings(request));
  return with_settings(std::move(text), RefinerSettings(request), model);
}

// As the web UI's script tells of an axis: "X Type" and "X Values".
void set_axis_text(Infotext& text, const std::string& side, const std::string& axis) {
  if (axis.empty()) return;
  text.set(side + " Type", std::string(parse_plot_axis(axis).axis->label));
  text.set(side + " Values", axis.substr(axis.find('=') + 1));
}

}  // namespace

std::optional<Infotext> foreign_text(const ImageText& text) {
  const auto foreign = text.find("parameters");
  if (text.contains("sfumato") || foreign == text.end()) return std::nullopt;
  return read_infotext(foreign->second);
}

ImageText picture_text(const PlotRequest& request, const PaintRequest& cell,
                       const ModelIdentity& model) {
  Infotext text = painted_text(cell, model);
  text.set("Script", "X/Y/Z plot");
  set_axis_text(text, "X", request.x);
  set_axis_text(text, "Y", request.y);
  set_axis_text(text, "Z", request.z);
  return text_of<PlotRequest>("grid", request, kPlotRequestFields, model, text);
}

ImageText picture_text(const InterpolateRequest& request, const ModelIdentity& model) {
  const Infotext text = with_settings(infotext_of(request, model), SamplingSettings(request));
  return text_of<InterpolateRequest>("interpolate", request, kInterpolateRequestFields, model,
                                     text);
}

ImageText picture_text(const PaintRequest& request, const ModelIdentity& model) {
  const Infotext text = painted_text(request, model);
  return text_of<PaintRequest>("txt2img", request, kPaintRequestFields, model, text);
}

ImageText picture_text(const ImageToImageRequest& request, const ModelIdentity& model) {
  return text_of<ImageToImageRequest>("img2img", request, kImageToImageFields, model,
                                      painted_over_text(request, model));
}

ImageText picture_text(const InpaintRequest& request, const ModelIdentity& model) {
  return text_of<InpaintRequest>(
      "inpaint", request, kInpaintRequestFields, model,
      with_settings(painted_over_text(request, model), InpaintSettings(request)));
}

ImageText picture_text(const OutpaintRequest& request, const ModelIdentity& model) {
  return text_of<OutpaintRequest>("outpaint", request, kOutpaintRequestFields, model,
                                  painted_over_text(request, model));
}

ImageText picture_text(const EditRequest& request, const ModelIdentity& model) {
  return text_of<EditRequest>(
      "edit", request, kEditRequestFields, model,
      with_settings(painted_over_text(request, model), EditSettings(request)));
}

ImageText picture_text(const DepthRequest& request, const ModelIdentity& model) {
  return text_of<DepthRequest>("depth2img", request, kDepthRequestFields, model,
                               painted_over_text(request, model));
}

ImageText picture_text(const UpscaleRequest& request, const ModelIdentity& model) {
  Infotext text = with_settings(infotext_of(request, model), SamplingSettings(request));
  if (request.method == "tiles") {  // under the names of that script of the web UI
    text = with_settings(std::move(text), InitImage(request));
    text.set("SD upscale overlap", std::to_string(request.tile_overlap.value_or(0)));
    text.set("SD upscale upscaler", "Lanczos");
  }
  return text_of<UpscaleRequest>("upscale", request, kUpscaleRequestFields, model, text);
}

ImageText picture_text(const VariationsRequest& request, const ModelIdentity& model) {
  return text_of<VariationsRequest>(
      "variations", request, kVariationsRequestFields, model,
      with_settings(infotext_of(request, model), SamplingSettings(request)));
}

void read_request(const std::filesystem::path& picture, PaintRequest& request) {
  const ImageText text = read_image_text(picture);
  if (const auto foreign = foreign_text(text)) {
    request = paint_request(*foreign);
    return;
  }
  read<PaintRequest>(picture, text, "txt2img", kPaintRequestFields, request);
}

void read_request(const std::filesystem::path& picture, ImageToImageRequest& request) {
  const ImageText text = read_image_text(picture);
  if (const auto foreign = foreign_text(text)) {
    request = image_to_image_request(*foreign);
    return;
  }
  read<ImageToImageRequest>(picture, text, "img2img", kImageToImageFields, request);
}

void read_request(const std::filesystem::path& picture, InpaintRequest& request) {
  const ImageText text = read_image_text(picture);
  if (const auto foreign = foreign_text(text)) {
    request = inpaint_request(*foreign);
    return;
  }
  read<InpaintRequest>(picture, text, "inpaint", kInpaintRequestFields, request);
}

void read_request(const std::filesystem::path& picture, OutpaintRequest& request) {
  read<OutpaintRequest>(picture, read_image_text(picture), "outpaint", kOutpaintRequestFields,
                        request);
}

void read_request(const std::filesystem::path& picture, EditRequest& request) {
  read<EditRequest>(picture, read_image_text(picture), "edit", kEditRequestFields, request);
}

void read_request(const std::filesystem::path& picture, DepthRequest& request) {
  read<DepthRequest>(picture, read_image_text(picture), "depth2img", kDepthRequestFields, request);
}

void read_request(const std::filesystem::path& picture, UpscaleRequest& request) {
  read<UpscaleRequest>(picture, read_image_text(picture), "upscale", kUpscaleRequestFields,
                       request);
}

void read_request(const std::filesystem::path& picture, VariationsRequest& request) {
  read<VariationsRequest>(picture, read_image_text(picture), "variations", kVariationsRequestFields,
                          request);
}

void read_request(const std::filesystem::path& picture, PlotRequest& request) {
  read<PlotRequest>(picture, read_image_text(picture), "grid", kPlotRequestFields, request);
}

void read_request(const std::filesystem::path& picture, InterpolateRequest& request) {
  read<InterpolateRequest>(picture, read_image_text(picture), "interpolate",
                           kInterpolateRequestFields, request);
}

}  // namespace sfumato::cli
