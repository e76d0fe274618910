#include <iomanip>
#include <ostream>
#include <random>

#include "../command.h"
#include "../flags.h"
#include "../model_options.h"
#include "../output_path.h"
#include "../picture_text.h"
#include "../progress.h"
#include "sfumato/image/codecs.h"
#include "sfumato/image/draw.h"
#include "sfumato/request/text_to_image.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

using Request = TextToImageRequest;
constexpr std::span<const Field<Request>> kRequestTable = kTextToImageFields;

struct Options {
  std::string out, from;
  bool print_request = false;
};

constexpr std::array kOptionFields{
    Field<Options>{"out", &Options::out, "folder, or FILE.png [out/, with a new name]"},
    Field<Options>{"from", &Options::from, "a picture whose request to start from"},
    Field<Options>{"print-request", &Options::print_request,
                   "print the complete request as JSON and paint nothing"},
};

struct CommandLine {
  Request request;
  ModelOptions model;
  Options options;

  bool parse(std::span<const char* const> args, std::ostream& out) {
    Flags flags("sfumato txt2img", "paints a prompt");
    flags.add_positional("PROMPT", "what to paint, in quotes", 1,
                         [this](std::string_view word) { request.prompt = word; });
    flags.add<Request>(request, kRequestTable, "picture");
    flags.add<ModelOptions>(model, kModelFields, "model");
    flags.add<Options>(options, kOptionFields, "output");
    return flags.parse(args, out);
  }
};

// Names are checked before the model is loaded, which may take long.
void check_names(const Request& request) {
  if (request.sampler) find_sampler(*request.sampler);
  if (request.spacing) find_spacing(*request.spacing);
}

void warn_without_effect(const Request& request, std::ostream& err) {
  if (request.eta && !uses_eta(*request.sampler)) {
    err << "note: --eta has no effect with the sampler " << *request.sampler << "\n";
  }
  if (!request.negative_prompt.empty() && request.guidance == 1.0) {
    err << "note: --negative-prompt has no effect with --guidance 1\n";
  }
}

void warn_too_long(const Request& request, const Model& model, std::ostream& err) {
  for (const auto& encoder : model.text_encoders) {
    if (!encoder.tokenizer) continue;
    const auto most = encoder.config.positions - 2;  // between the start and the end token
    const auto tokens = static_cast<std::int64_t>(encoder.tokenizer->encode(request.prompt).size());
    if (tokens <= most) continue;
    err << "note: the prompt has " << tokens << " tokens, the model reads the first " << most
        << "\n";
    return;
  }
}

std::uint64_t random_seed() {
  std::random_device device;
  return device();
}

void run(std::span<const char* const> args, Streams io) {
  CommandLine line;
  if (!line.parse(args, io.out)) return;
  if (!line.options.from.empty()) {  // the picture's request first, the flags on top of it
    CommandLine based;
    based.request = request_in(line.options.from);
    based.parse(args, io.out);
    line = based;
  }
  if (line.request.prompt.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no prompt given",
                "try: sfumato txt2img \"a large red circle on a beige background\"");
  }
  check_names(line.request);
  if (!line.request.seed) line.request.seed = random_seed();

  const Model model = open_model(line.model);
  const Request request = with_defaults(line.request, model.config);
  warn_without_effect(request, io.err);
  warn_too_long(request, model, io.err);
  if (line.options.print_request) {
    const auto replace = nlohmann::ordered_json::error_handler_t::replace;
    io.out << to_json(request, kRequestTable).dump(2, ' ', false, replace) << "\n";
    return;
  }
  const OutputPath output(line.options.out, request.count);
  const ModelIdentity identity = identify_model(line.model, model);

  ProgressLine progress(io);
  Observer observer;
  observer.cancel = io.cancel;
  observer.on_step = [&](const Progress& step) {
    const std::int64_t steps = std::int64_t{step.steps} * step.count;
    const std::int64_t done =
        std::int64_t{step.first_image} * step.steps + std::int64_t{step.step + 1} * step.images;
    progress.show("painting", done / step.count, steps / step.count);
  };
  observer.on_image = [&](const Image& image, std::uint64_t seed, int) {
    progress.clear();
    const auto path = output.next(request.prompt, seed);
    write_png(path, image, picture_text(request, seed, identity));
    if (io.out_is_terminal) print_to_terminal(image, io.out, 64);
    io.out << path.string() << std::endl;
  };
  io.cancel.throw_if_cancelled();
  const auto result = text_to_image(model, request, observer);
  progress.clear();

  const auto& seconds = result.seconds;
  io.err << "seed " << *request.seed << ", " << *request.width << "x" << *request.height << ", "
         << *request.steps << " steps of " << *request.sampler << " (" << *request.spacing << "), "
         << std::fixed << std::setprecision(1) << seconds.prompt + seconds.denoise + seconds.decode
         << " s\n";
}

}  // namespace

const Command txt2img{.name = "txt2img", .summary = "paint a prompt", .run = run};

}  // namespace sfumato::cli
