#include "sfumato/tasks/upscale.h"

#include "../painting_command.h"

namespace sfumato::cli {
namespace {

// Without a model nothing is painted: the picture keeps the text it came with, beside what was done
// to it.
void resample_picture(const PaintingFlags<UpscaleRequest>& line, Streams io) {
  const UpscaleRequest& request = line.request;
  if (!line.output.film.empty()) {
    throw Error(ErrorKind::InvalidArgument,
                "--film shows painting, and --method " + request.method + " only resamples",
                "choose --method x4 or tiles");
  }
  if (line.output.print_request) {
    return print_request<UpscaleRequest>(request, kUpscaleRequestFields, io.out);
  }
  const Image picture = resampled(read_image(request.image), request);
  PictureWriter writer(io, line.output, 1, [&](int) {
    ImageText text = picture_text(request, ModelIdentity{});
    text.erase("parameters");
    ImageText before = read_image_text(request.image);
    if (const auto known = before.find("parameters"); known != before.end()) text.insert(*known);
    const std::string stem = std::filesystem::path(request.image).stem().string();
    return PictureWriter::Facts{stem, static_cast<std::uint64_t>(picture.width), std::move(text)};
  });
  writer.observer().on_image(picture, 0, 0);
}

void run_upscale(std::span<const char* const> args, Streams io) {
  Image picture;
  const PaintingCommand<UpscaleRequest> command{
      .name = "upscale",
      .summary = "enlarges a picture",
      .fields = kUpscaleRequestFields,
      .prepare = [&](const UpscaleRequest& request) { picture = read_image(request.image); },
      .with_defaults =
          [&](UpscaleRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config, picture);
          },
      .paint = [&](const Model& model, const UpscaleRequest& request, const Observer& observer,
                   const PromptSources& sources) -> Painted {
        return sfumato::upscale(model, picture, request, observer, sources);
      },
      .picture = &UpscaleRequest::image};
  auto line = painting_line(command, args, io);
  if (!line) return;
  check(line->request);
  if (!line->request.needs_model()) return resample_picture(*line, io);
  paint_line(command, *line, io);
}

}  // namespace

const Command upscale{.name = "upscale", .summary = "enlarge a picture", .run = run_upscale};

}  // namespace sfumato::cli
