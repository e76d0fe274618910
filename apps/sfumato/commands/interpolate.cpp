#include "sfumato/tasks/interpolate.h"

#include <ostream>
#include <string>
#include <vector>

#include "../painting_command.h"
#include "sfumato/base/error.h"
#include "sfumato/image/film.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

// The styles and LoRAs of the flags belong to both prompts.
void apply_flags_to_both(const PromptFlags& flags, const std::filesystem::path& models,
                         InterpolateRequest& request) {
  if (!request.to_prompt.empty()) {
    TextToImageRequest last = request;
    last.prompt = request.to_prompt;
    apply_prompt_flags(flags, models, last);
    request.to_prompt = last.prompt;
  }
  apply_prompt_flags(flags, models, request);
}

/// Collects the frames and writes them as a film.
class FilmWriter {
 public:
  FilmWriter(Streams io, const OutputPlace& place)
      : io_(io),
        output_(place, 1, OutputKind::Film),
        quality_(place.quality_or_usual()),
        progress_(io) {}

  Observer observer() {
    Observer observer;
    observer.cancel = io_.cancel;
    observer.on_step = [this](const Progress& step) {
      progress_.show("painting", std::int64_t{step.first_image} * step.steps + step.step + 1,
                     std::int64_t{step.count} * step.steps);
    };
    observer.on_note = [this](const std::string& line) {
      progress_.clear();
      io_.err << line << "\n";
    };
    observer.on_image = [this](const Image& image, std::uint64_t, int) {
      frames_.push_back(image);
    };
    return observer;
  }

  bool is_empty() const { return frames_.empty(); }

  void write(const InterpolateRequest& request, const ModelIdentity& model) {
    progress_.clear();
    const FilmTiming timing{.frame = request.frame_time, .last_frame = request.frame_time};
    const ImageText text = picture_text(request, model);
    const std::string film = output_.ending() == ".gif"
                                 ? encode_gif_film(frames_, timing, text)
                                 : encode_webp_film(frames_, timing, text, quality_);
    OutputFacts facts{.prompt = request.prompt, .number = *request.seed};
    facts.for_pattern = name_facts_of(request, request, model, 0);
    facts.for_pattern.width = *request.width;
    facts.for_pattern.height = *request.height;
    facts.for_pattern.time = local_time();
    const std::string path = output_.write(film, facts).string();
    io_.out << path << std::endl;
    io_.err << "seed " << *request.seed << ", " << frames_.size() << " frames\n";
  }

 private:
  Streams io_;
  OutputPath output_;
  int quality_;
  ProgressLine progress_;
  std::vector<Image> frames_;
};

void paint_film(PaintingFlags<InterpolateRequest, OneFileFlags> line,
                std::span<const Field<InterpolateRequest>> fields, Streams io) {
  const auto folder = models_folder(line.model);
  check_names(line.request);
  check(line.request);
  apply_flags_to_both(line.prompt, folder, line.request);
  choose_seeds(line.request, line.request);
  if (!line.output.print_request) OutputPath(line.output, 1, OutputKind::Film);

  const Model model = open_model(line.model, io.err);
  const InterpolateRequest request = with_defaults(line.request, model.config);
  warn_without_effect(request, request, io.err);
  if (line.output.print_request) return print_request(request, fields, io.out);
  const LoadedSources loaded(line.prompt, folder, model);
  const ModelIdentity identity = identify_model(line.model, model, io.err);
  FilmWriter writer(io, line.output);
  io.cancel.throw_if_cancelled();
  try {
    sfumato::interpolate(model, request, writer.observer(), loaded.sources());
  } catch (...) {
    if (!writer.is_empty()) writer.write(request, identity);  // what is finished is kept
    throw;
  }
  writer.write(request, identity);
}

void run_interpolate(std::span<const char* const> args, Streams io) {
  PaintingCommand<InterpolateRequest> command;
  command.name = "interpolate";
  command.summary = "paints a film from one prompt or seed to another";
  command.fields = kInterpolateRequestFields;
  auto line = painting_line<OneFileFlags>(command, args, io);
  if (!line) return;
  if (line->request.prompt.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no prompt given",
                "try: sfumato interpolate \"a red circle\" --to-prompt \"a blue star\"");
  }
  paint_film(std::move(*line), command.fields, io);
}

}  // namespace

const Command interpolate{.name = "interpolate",
                          .summary = "paint a film from one prompt or seed to another",
                          .run = run_interpolate};

}  // namespace sfumato::cli
