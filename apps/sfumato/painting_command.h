#pragma once

#include <functional>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "command.h"
#include "flags.h"
#include "model_options.h"
#include "painting.h"
#include "picture_text.h"
#include "prompt_options.h"
#include "prompts_file.h"
#include "sfumato/base/error.h"

namespace sfumato::cli {

/// A command that paints: its words and what it does besides the others.
template <class Request>
struct PaintingCommand {
  std::string name, summary;
  std::span<const Field<Request>> fields;
  /// Checks the request and reads the pictures it names, before the model is loaded.
  std::function<void(const Request&)> prepare;
  std::function<Request(Request, const ModelConfig&)> with_defaults;
  std::function<Painted(const Model&, const Request&, const Observer&, const PromptSources&)> paint;
  /// The request that repeats one picture of a call.
  std::function<Request(const Request&, const Wildcards&, int index)> repeat =
      request_of_picture<Request>;
  /// The member that the first word without a flag names, before PROMPT; null: there is none.
  std::string Request::*picture = nullptr;
  /// It takes --prompts-file.
  bool many = false;
};

template <class Request, class Output = OutputFlags>
struct PaintingFlags {
  Request request;
  PromptFlags prompt;
  ModelOptions model;
  Output output;
  PromptsFileFlag more;
  /// The request is that of a picture: no settings change it, only flags.
  bool repeats_picture = false;

  bool parse(const PaintingCommand<Request>& command, std::span<const char* const> args,
             std::ostream& out) {
    Flags flags("sfumato " + command.name, command.summary);
    if (command.picture) {
      flags.add_positional("PICTURE", "the same as --image", 1,
                           [&](std::string_view word) { request.*command.picture = word; });
    }
    flags.add_positional("PROMPT", "what to paint, in quotes", 1,
                         [this](std::string_view word) { request.prompt = word; });
    flags.add<Request>(request, command.fields, "picture");
    add_prompt_flags(flags, prompt);
    flags.add<ModelOptions>(model, kModelFields, "model");
    flags.add<Output>(output, output_fields(output), "output");
    if (command.many) flags.add<PromptsFileFlag>(more, kPromptsFileField, "output");
    if (repeats_picture) {
      flags.without_settings("picture");
      flags.without_settings("prompt");
    }
    return flags.parse(args, out);
  }
};

/// What a command was told; nothing when help was asked for and printed.
template <class Output = OutputFlags, class Request>
std::optional<PaintingFlags<Request, Output>> painting_line(const PaintingCommand<Request>& command,
                                                            std::span<const char* const> args,
                                                            Streams io) {
  PaintingFlags<Request, Output> line;
  if (!line.parse(command, args, io.out)) return std::nullopt;
  if (!line.output.from.empty()) {  // the picture's request first, the flags on top of it
    PaintingFlags<Request, Output> based;
    read_request(line.output.from, based.request);
    based.repeats_picture = true;
    based.parse(command, args, io.out);
    line = std::move(based);
  }
  return line;
}

template <class Request>
void print_request(const Request& request, std::span<const Field<Request>> fields,
                   std::ostream& out) {
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  out << to_json(request, fields).dump(2, ' ', false, replace) << "\n";
}

/// The requests of a call: one, or with a file of prompts one for each of its lines, which has what
/// the call says unless the line says otherwise.
template <class Request>
std::vector<Request> requests_of(const PaintingCommand<Request>& command,
                                 const PaintingFlags<Request>& line) {
  const std::string& file = line.more.prompts_file;
  if (file.empty()) return {line.request};
  if (!line.output.film.empty()) {
    throw Error(ErrorKind::InvalidArgument, "--film does not go with --prompts-file",
                "a film shows how one picture came to be");
  }
  if (OutputPath(line.output, 1).names_file()) {
    throw Error(ErrorKind::InvalidArgument,
                "--out " + line.output.out + ": the prompts make several",
                "name a folder; --name says what its files are called");
  }
  std::vector<Request> requests;
  for (const PromptLine& words : read_prompts_file(file)) {
    Request& request = requests.emplace_back(line.request);
    Flags flags("sfumato " + command.name, file + ", line " + std::to_string(words.number));
    flags.add_positional("PROMPT", "what to paint", 1,
                         [&](std::string_view word) { request.prompt = word; });
    flags.add<Request>(request, command.fields, "picture");
    parse_prompt_line(flags, words, file);
  }
  return requests;
}

/// Checks what can be checked without the model and makes the random choices.
template <class Request>
void prepare_request(const PaintingCommand<Request>& command, const PaintingFlags<Request>& line,
                     Request& request) {
  check_names(request);
  command.prepare(request);
  apply_prompt_flags(line.prompt, models_folder(line.model), request);
  choose_seeds(request, request);
}

/// A model at work for one request after another.
template <class Request>
class Painter {
 public:
  Painter(const PaintingCommand<Request>& command, const PaintingFlags<Request>& line, Streams io)
      : command_(command), line_(line), io_(io), model_(open_model(line.model, io.err)) {}

  void paint(const Request& asked) {
    const Request request = command_.with_defaults(asked, model_.config);
    warn_without_effect(request, request, io_.err);
    if (line_.output.print_request) return print_request(request, command_.fields, io_.out);
    load(request);
    PictureWriter writer(io_, line_.output, request.count, [&](int index) {
      const Request own = command_.repeat(request, loaded_->sources().wildcards, index);
      return PictureWriter::Facts{own.prompt, picture_number(own), picture_text(own, *identity_),
                                  name_facts_of(own, request, *identity_, index)};
    });
    io_.cancel.throw_if_cancelled();
    writer.finish(model_, request,
                  command_.paint(model_, request, writer.observer(), loaded_->sources()));
  }

 private:
  void load(const Request& request) {
    if (!loaded_) {
      loaded_.emplace(line_.prompt, models_folder(line_.model), model_);
      identity_ = identify_model(line_.model, model_, io_.err);
    }
    if constexpr (std::is_base_of_v<RefinerSettings, Request>) {
      const auto refiner = request.refiner_enabled() ? request.refiner : std::nullopt;
      if (refiner == refiner_) return;
      identity_->parts.erase("refiner");
      loaded_->add_refiner(std::nullopt);  // before the next one takes memory
      loaded_->add_refiner(open_refiner(request, line_.model, *identity_, io_.err));
      refiner_ = refiner;
    }
  }

  const PaintingCommand<Request>& command_;
  const PaintingFlags<Request>& line_;
  Streams io_;
  Model model_;
  std::optional<LoadedSources> loaded_;
  std::optional<ModelIdentity> identity_;
  std::optional<std::string> refiner_;  // that is loaded
};

template <class Request>
void paint_line(const PaintingCommand<Request>& command, const PaintingFlags<Request>& line,
                Streams io) {
  std::vector<Request> requests = requests_of(command, line);
  if (!line.output.print_request) check_output(line.output);
  for (Request& request : requests) prepare_request(command, line, request);
  Painter<Request> painter(command, line, io);
  for (const Request& request : requests) painter.paint(request);
}

template <class Request>
void run_painting(const PaintingCommand<Request>& command, std::span<const char* const> args,
                  Streams io) {
  if (auto line = painting_line(command, args, io)) paint_line(command, *line, io);
}

}  // namespace sfumato::cli
