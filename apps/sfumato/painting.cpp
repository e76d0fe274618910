#include "painting.h"

#include <ATen/ATen.h>

#include <iomanip>
#include <ostream>
#include <random>

#include "sfumato/base/error.h"
#include "sfumato/image/draw.h"
#include "sfumato/image/film.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/film.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

std::uint64_t random_seed() {
  std::random_device device;
  return device();
}

}  // namespace

void choose_seeds(TextToImageRequest& request, SamplingSettings& settings) {
  if (!request.seed) request.seed = random_seed();
  if (settings.variation_strength > 0.0 && !settings.variation_seed) {
    settings.variation_seed = random_seed();
  }
}

void check_names(const TextToImageRequest& request) {
  if (request.sampler) find_sampler(*request.sampler);
  if (request.spacing) find_spacing(*request.spacing);
}

void warn_without_effect(const TextToImageRequest& request, std::ostream& err) {
  if (request.eta && !uses_eta(*request.sampler)) {
    err << "note: --eta has no effect with the sampler " << *request.sampler << "\n";
  }
  if (!request.negative_prompt.empty() && request.guidance == 1.0) {
    err << "note: --negative-prompt has no effect with --guidance 1\n";
  }
}

PictureWriter::PictureWriter(Streams io, const OutputFlags& flags, int count,
                             std::function<Facts(int index)> facts)
    : io_(io), flags_(flags), output_(flags.out, count), facts_(std::move(facts)), progress_(io) {
  const std::filesystem::path film = flags.film;
  if (film.empty() || film.extension() == ".webp" || film.extension() == ".gif") return;
  throw Error(ErrorKind::InvalidArgument, "--film " + flags.film + ": films are WebP or GIF",
              "name it " + film.stem().string() + ".webp");
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
  observer.on_image = [this](const Image& image, std::uint64_t, int index) {
    progress_.clear();
    const Facts facts = facts_(index);
    const auto path = output_.next(facts.prompt, facts.number);
    write_png(path, image, facts.text);
    if (io_.out_is_terminal) print_to_terminal(image, io_.out, 64);
    io_.out << path.string() << std::endl;
  };
  return observer;
}

void PictureWriter::finish(const Model& model, const TextToImageRequest& request,
                           const Painted& painted) {
  progress_.clear();
  if (!flags_.film.empty()) {
    const auto frames = film_frames(model, estimates_, flags_.film_decode);
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
