#pragma once

#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "output_path.h"
#include "progress.h"
#include "sfumato/base/fields.h"
#include "sfumato/family/model.h"
#include "sfumato/image/codecs.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato::cli {

// What all commands that paint have in common.

struct OutputFlags {
  std::string out, from, film;
  bool film_decode = false, print_request = false;
};

inline constexpr std::array kOutputFields{
    Field<OutputFlags>{"out", &OutputFlags::out, "folder, or FILE.png [out/, with a new name]"},
    Field<OutputFlags>{"from", &OutputFlags::from, "a picture whose request to start from"},
    Field<OutputFlags>{"film", &OutputFlags::film,
                       "FILE.webp or .gif: how the first picture came to be"},
    Field<OutputFlags>{"film-decode", &OutputFlags::film_decode,
                       "decode every frame of the film in full, which takes longer"},
    Field<OutputFlags>{"print-request", &OutputFlags::print_request,
                       "print the complete request as JSON and paint nothing"},
};

/// Random seeds where none were given.
void choose_seeds(TextToImageRequest& request, SamplingSettings& settings);

/// Names are checked before the model is loaded, which may take long.
void check_names(const TextToImageRequest& request);

/// Notes on stderr about flags that change nothing. The request has its defaults filled in.
void warn_without_effect(const TextToImageRequest& request, std::ostream& err);

/// The request that repeats the i-th picture of a call.
template <class Request>
Request request_of_picture(Request request, const Wildcards& wildcards, int index) {
  const PictureSeeds seeds = picture_seeds(request, request, index);
  auto [prompt, negative] =
      picture_prompts({request.prompt, request.negative_prompt}, wildcards, seeds.seed);
  request.prompt = std::move(prompt);
  request.negative_prompt = std::move(negative);
  request.seed = seeds.seed;
  if (request.variation_seed) request.variation_seed = seeds.variation_seed;
  request.count = 1;
  request.batch = std::nullopt;
  return request;
}

/// Shows progress, writes each picture as it is finished, and the film at the end.
class PictureWriter {
 public:
  /// What a picture is to be known by: its name's words and seed, and the texts inside.
  struct Facts {
    std::string prompt;
    std::uint64_t number;
    ImageText text;
  };

  /// Makes the output folder and checks the film's name, before any work is done.
  PictureWriter(Streams io, const OutputFlags& flags, int count,
                std::function<Facts(int index)> facts);

  Observer observer();
  /// After painting: writes the film, if one was asked for, and says what was done.
  void finish(const Model& model, const TextToImageRequest& request, const Painted& painted);

 private:
  Streams io_;
  const OutputFlags& flags_;
  OutputPath output_;
  std::function<Facts(int)> facts_;
  ProgressLine progress_;
  std::vector<at::Tensor> estimates_;  // of the first picture, for the film
};

/// The name of a picture counts what differs between the pictures of a call.
template <class Request>
std::uint64_t picture_number(const Request& request) {
  return request.variation_strength > 0.0 ? *request.variation_seed : *request.seed;
}

}  // namespace sfumato::cli
