#include "painting.h"

#include <ATen/ATen.h>

#include <cmath>
#include <iomanip>
#include <ostream>
#include <random>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/sha256.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/image/draw.h"
#include "sfumato/image/film.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/film.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

// Rounds such that a sheet is about as many pictures high as wide, as the web UI does.
int sheet_columns(std::size_t pictures) {
  const auto rows = static_cast<std::size_t>(std::lround(std::sqrt(double(pictures))));
  return static_cast<int>((pictures + rows - 1) / rows);
}

bool is_film_name(const std::filesystem::path& path) {
  return path.extension() == ".webp" || path.extension() == ".gif";
}

}  // namespace

std::uint64_t random_seed() {
  std::random_device device;
  return device();
}

std::tm local_time() {
  const std::time_t now = std::time(nullptr);
  std::tm time{};
  localtime_r(&now, &time);
  return time;
}

void choose_seeds(TextToImageRequest& request, SamplingSettings& settings) {
  if (!request.seed) request.seed = random_seed();
  if (settings.variation_strength > 0.0 && !settings.variation_seed) {
    settings.variation_seed = random_seed();
  }
}

void check_names(const TextToImageRequest& request) {
  if (request.sampler) find_sampler(*request.sampler);
  if (request.spacing && request.spacing != kModelSpacing) find_spacing(*request.spacing);
}

void warn_without_effect(const TextToImageRequest& request, const SamplingSettings& settings,
                         std::ostream& err) {
  if (request.eta && !uses_eta(*request.sampler)) {
    err << "note: --eta has no effect with the sampler " << *request.sampler << "\n";
  }
  if (!request.negative_prompt.empty() && request.guidance == 1.0) {
    err << "note: --negative-prompt has no effect with --guidance 1\n";
  }
  if (settings.mimic_scale && request.guidance == 1.0) {
    err << "note: --mimic-scale has no effect with --guidance 1\n";
  }
  if (!settings.mimic_scale && settings.mimic_percentile != SamplingSettings{}.mimic_percentile) {
    err << "note: --mimic-percentile has no effect without --mimic-scale\n";
  }
}

void check_output(const OutputFlags& flags) {
  OutputPath(flags, 1);
  const std::filesystem::path film = flags.film;
  if (film.empty()) return;
  if (!is_film_name(film)) {
    throw Error(ErrorKind::InvalidArgument, "--film " + flags.film + ": films are WebP or GIF",
                "name it " + film.stem().string() + ".webp");
  }
  OutputPath({.out = flags.film}, 1, OutputKind::Film);
}

NameFacts name_facts(const TextToImageRequest& own, const SamplingSettings& settings,
                     const TextToImageRequest& call, const ModelIdentity& model, int index) {
  NameFacts facts;
  facts.prompt = own.prompt;
  facts.negative_prompt = own.negative_prompt;
  if (own.sampler) facts.sampler = find_sampler(*own.sampler).label;
  facts.spacing = own.spacing.value_or("");
  facts.model_name = model.name;
  facts.model_hash = model.hash;
  facts.seed = own.seed.value_or(0);
  facts.first_seed = call.seed.value_or(0);
  facts.last_seed = picture_seeds(call, settings, call.count - 1).seed;
  facts.steps = own.steps.value_or(0);
  facts.guidance = own.guidance.value_or(0.0);
  facts.clip_skip = settings.clip_skip.value_or(1);
  facts.batch_size = call.batch.value_or(1);
  facts.batch_number = index % facts.batch_size + 1;
  facts.generation_count = call.count;
  facts.generation_number = index + 1;
  return facts;
}

PictureWriter::PictureWriter(Streams io, const OutputFlags& flags, int count,
                             std::function<Facts(int index)> facts)
    : io_(io),
      flags_(flags),
      time_(local_time()),
      output_(flags, count),
      facts_(std::move(facts)),
      progress_(io) {
  check_output(flags);
}

Observer PictureWriter::observer() {
  Observer observer;
  observer.cancel = io_.cancel;
  observer.on_step = [this](const Progress& step) {
    const std::int64_t steps = std::int64_t{step.steps} * step.count;
    const std::int64_t done =
        std::int64_t{step.first_image} * step.steps + std::int64_t{step.step + 1} * step.images;
    progress_.show("painting", done / step.count, steps / step.count);
  };
  observer.on_estimate = [this](const at::Tensor& estimate, int first_image) {
    if (flags_.film.empty() || first_image != 0) return;
    estimates_.push_back(estimate.narrow(0, 0, 1).to(at::kCPU, at::kFloat).clone());
  };
  observer.on_note = [this](const std::string& line) {
    progress_.clear();
    io_.err << line << "\n";
  };
  observer.on_undecoded = [this](const at::Tensor& latents) { keep_latents(latents); };
  observer.on_image = [this](const Image& image, std::uint64_t, int index) {
    progress_.clear();
    write(image, index);
  };
  return observer;
}

OutputFacts PictureWriter::output_facts(const Facts& facts, const Image& image,
                                        const std::string& suffix) const {
  OutputFacts known{.prompt = facts.prompt, .number = facts.number, .suffix = suffix};
  NameFacts& names = known.for_pattern;
  names = facts.for_pattern.value_or(NameFacts{});
  if (!facts.for_pattern) {
    names.prompt = facts.prompt;
    names.seed = names.first_seed = names.last_seed = facts.number;
  }
  names.width = image.width;
  names.height = image.height;
  names.time = time_;
  if (!flags_.name.empty()) {
    names.image_hash =
        sha256_hex({reinterpret_cast<const char*>(image.rgb.data()), image.rgb.size()});
  }
  return known;
}

void PictureWriter::write(const Image& image, int index) {
  const Facts facts = facts_(index);
  const std::string path =
      output_.write(image, facts.text, output_facts(facts, image, facts.suffix), io_.err).string();
  if (io_.out_is_terminal) print_to_terminal(image, io_.out, 64);
  io_.out << path << std::endl;
  progress_.picture_done(path, index);
  written_ = index + 1;
}

// Pictures come in order: these are the next ones.
void PictureWriter::keep_latents(const at::Tensor& latents) {
  progress_.clear();
  for (std::int64_t i = 0; i < latents.size(0); ++i) {
    const Facts facts = facts_(written_ + static_cast<int>(i));
    const auto path =
        output_.beside(output_facts(facts, Image(), facts.suffix), ".latent.safetensors");
    save_safetensors(path, {{kLatentName, latents.narrow(0, i, 1)}}, facts.text);
    io_.err << "note: the latent is kept: sfumato decode " << path.string() << "\n";
  }
}

// The sheet is no picture of one request: it has the words of the first, as in the web UI.
void PictureWriter::write_sheet(const std::vector<Image>& images) {
  const Facts facts = facts_(0);
  ImageText text = facts.text;
  text.erase("sfumato");
  const Image sheet = grid(images, sheet_columns(images.size()), /*gap=*/0);
  const OutputFacts known = output_facts(facts, sheet, "-grid");
  io_.out << output_.write(sheet, text, known, io_.err).string() << std::endl;
}

void PictureWriter::finish(const Model& model, const TextToImageRequest& request,
                           const Painted& painted) {
  progress_.clear();
  if (flags_.grid && painted.images.size() > 1) write_sheet(painted.images);
  if (!flags_.film.empty()) {
    const auto frames = film_frames(model, estimates_, flags_.film_decode);
    make_folder(std::filesystem::absolute(flags_.film).parent_path());
    write_film(flags_.film, frames, {}, facts_(0).text);
    io_.out << flags_.film << std::endl;
  }
  const auto& seconds = painted.seconds;
  io_.err << "seed " << *request.seed << ", " << *request.width << "x" << *request.height << ", "
          << *request.steps << " steps of " << *request.sampler << " (" << *request.spacing << "), "
          << std::fixed << std::setprecision(1) << seconds.prompt + seconds.denoise + seconds.decode
          << " s\n";
}

}  // namespace sfumato::cli
