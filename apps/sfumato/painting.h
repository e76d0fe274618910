#pragma once

#include <array>
#include <cstdint>
#include <ctime>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "command.h"
#include "output_path.h"
#include "progress.h"
#include "sfumato/base/fields.h"
#include "sfumato/family/model.h"
#include "sfumato/image/codecs.h"
#include "sfumato/request/infotext.h"
#include "sfumato/request/output_name.h"
#include "sfumato/tasks/picture_batches.h"

namespace sfumato::cli {

// What all commands that paint have in common.

/// Where the request comes from, and whether it is only looked at.
struct RequestFlags {
  std::string from;
  bool print_request = false;
};

inline constexpr std::array kRequestFlagFields{
    Field<RequestFlags>{"from", &RequestFlags::from, "a picture whose request to start from"},
    Field<RequestFlags>{"print-request", &RequestFlags::print_request,
                        "print the complete request as JSON and paint nothing"},
};

/// What is written besides the pictures.
struct FilmFlags {
  std::string film;
  bool film_decode = false, grid = false;
};

inline constexpr std::array kFilmFlagFields{
    Field<FilmFlags>{"grid", &FilmFlags::grid, "with several pictures: all of them in one too"},
    Field<FilmFlags>{"film", &FilmFlags::film,
                     "FILE.webp or .gif: how the first picture came to be"},
    Field<FilmFlags>{"film-decode", &FilmFlags::film_decode,
                     "decode every frame of the film in full, which takes longer"},
};

/// Of commands that make pictures one after another, and of those that make one file of many.
struct OutputFlags : OutputPlace, RequestFlags, FilmFlags {};
struct OneFileFlags : OutputPlace, RequestFlags {};

inline constexpr auto kOutputFields =
    fields::joined<OutputFlags>(kOutputPlaceFields, kFilmFlagFields, kRequestFlagFields);
inline constexpr auto kOneFileFields =
    fields::joined<OneFileFlags>(kOutputPlaceFields, kRequestFlagFields);

inline std::span<const Field<OutputFlags>> output_fields(const OutputFlags&) {
  return kOutputFields;
}
inline std::span<const Field<OneFileFlags>> output_fields(const OneFileFlags&) {
  return kOneFileFields;
}

std::uint64_t random_seed();
std::tm local_time();

/// Throws for an output that cannot be written or named so: before the model is loaded, which may
/// take long.
void check_output(const OutputFlags& flags);

/// Random seeds where none were given.
void choose_seeds(TextToImageRequest& request, SamplingSettings& settings);

/// Names are checked before the model is loaded, which may take long.
void check_names(const TextToImageRequest& request);

/// Notes on stderr about flags that change nothing. The request has its defaults filled in.
void warn_without_effect(const TextToImageRequest& request, const SamplingSettings& settings,
                         std::ostream& err);

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
  if constexpr (requires { request.hires_prompt; }) {  // its random choices as those of the first
    const PromptPair second{request.hires_prompt.value_or(""),
                            request.hires_negative_prompt.value_or("")};
    auto [hires_prompt, hires_negative] = picture_prompts(second, wildcards, seeds.seed);
    if (request.hires_prompt) request.hires_prompt = std::move(hires_prompt);
    if (request.hires_negative_prompt) request.hires_negative_prompt = std::move(hires_negative);
  }
  request.count = 1;
  request.batch = std::nullopt;
  return request;
}

/// What --name can tell of the index-th picture of a call, which `own` repeats. Its size and what
/// depends on its pixels or the clock are left open.
NameFacts name_facts(const TextToImageRequest& own, const SamplingSettings& settings,
                     const TextToImageRequest& call, const ModelIdentity& model, int index);

/// The same for every kind of request.
template <class Request>
NameFacts name_facts_of(const Request& own, const Request& call, const ModelIdentity& model,
                        int index) {
  NameFacts facts = name_facts(own, own, call, model, index);
  if constexpr (requires { own.strength; }) facts.strength = own.strength;
  return facts;
}

/// The tensor [1, C, h, w] in FILE.latent.safetensors, which is kept where a picture cannot be
/// decoded.
inline constexpr const char* kLatentName = "latent";

/// Shows progress, writes each picture as it is finished, and the film at the end.
class PictureWriter {
 public:
  /// What a picture is to be known by: its name's words and seed, and the texts inside.
  struct Facts {
    std::string prompt;
    std::uint64_t number;
    ImageText text;
    std::optional<NameFacts> for_pattern = {};  ///< for --name; prompt and number if there is none
    std::string suffix = {};                    ///< of the name
  };

  /// Checks the output folder and the film's name, before any work is done.
  PictureWriter(Streams io, const OutputFlags& flags, int count,
                std::function<Facts(int index)> facts);

  Observer observer();
  /// After painting: writes the sheet and the film, if they were asked for, and says what was done.
  void finish(const Model& model, const TextToImageRequest& request, const Painted& painted);

 private:
  OutputFacts output_facts(const Facts& facts, const Image& image, const std::string& suffix) const;
  void write(const Image& image, int index);
  void write_sheet(const std::vector<Image>& images);
  void keep_latents(const at::Tensor& latents);

  Streams io_;
  const OutputFlags& flags_;
  std::tm time_;
  OutputPath output_;
  std::function<Facts(int)> facts_;
  ProgressLine progress_;
  std::vector<at::Tensor> estimates_;  // of the first picture, for the film
  int written_ = 0;                    // pictures
};

/// The name of a picture counts what differs between the pictures of a call.
template <class Request>
std::uint64_t picture_number(const Request& request) {
  return request.variation_strength > 0.0 ? *request.variation_seed : *request.seed;
}

}  // namespace sfumato::cli
