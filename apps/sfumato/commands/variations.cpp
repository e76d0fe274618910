#include "sfumato/tasks/variations.h"

#include <vector>

#include "../painting_command.h"

namespace sfumato::cli {
namespace {

std::vector<WeightedPicture> pictures_to_vary(const VariationsRequest& request) {
  std::vector<WeightedPicture> pictures{{.picture = read_image(request.image)}};
  for (const auto& [file, weight] : mixed_pictures(request.mix)) {
    pictures.push_back({.picture = read_image(file), .weight = weight});
  }
  return pictures;
}

void run_variations(std::span<const char* const> args, Streams io) {
  std::vector<WeightedPicture> pictures;
  const PaintingCommand<VariationsRequest> command{
      .name = "variations",
      .summary = "paints pictures like a picture, with a Stable unCLIP model",
      .fields = kVariationsRequestFields,
      .prepare =
          [&](const VariationsRequest& request) {
            check(request);
            pictures = pictures_to_vary(request);
          },
      .with_defaults =
          [](VariationsRequest request, const ModelConfig& config) {
            return with_defaults(std::move(request), config);
          },
      .paint = [&](const Model& model, const VariationsRequest& request, const Observer& observer,
                   const PromptSources& sources) -> Painted {
        return sfumato::variations(model, pictures, request, observer, sources);
      },
      .picture = &VariationsRequest::image};
  run_painting(command, args, io);
}

}  // namespace

const Command variations{
    .name = "variations", .summary = "paint pictures like a picture", .run = run_variations};

}  // namespace sfumato::cli
