#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <ostream>
#include <set>
#include <string_view>
#include <utility>

#include "../bench_report.h"
#include "../command.h"
#include "../flags.h"
#include "../model_options.h"
#include "../progress.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/nearest.h"
#include "sfumato/profile/measures.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

struct BenchOptions {
  int width = 0, height = 0, runs = 5, steps = 2;
  bool json = false, shapes = false;
};

constexpr std::array kBenchFields{
    Field<BenchOptions>{"width", &BenchOptions::width, "of the picture; 0: the model's own", 0,
                        8192},
    Field<BenchOptions>{"height", &BenchOptions::height, "of the picture; 0: the model's own", 0,
                        8192},
    Field<BenchOptions>{"runs", &BenchOptions::runs, "how often each is measured", 1, 1000},
    Field<BenchOptions>{"steps", &BenchOptions::steps, "of the whole picture", 1, 1000},
    Field<BenchOptions>{"shapes", &BenchOptions::shapes,
                        "one line per shape in the table of operations"},
    Field<BenchOptions>{"json", &BenchOptions::json, "print JSON"},
};

constexpr std::array<std::string_view, 8> kBenchParts{"step", "vae",    "text",       "ops",
                                                      "load", "memory", "end-to-end", "accuracy"};

// What there is to measure when nothing in particular is asked for. Not the accuracy, which takes
// the memory of a second model.
std::set<std::string> parts_of(const Model& model) {
  std::set<std::string> parts{"load", "vae", "ops"};
  const ConcatKind stacked = model.config.concat.kind;
  const bool paints_from_text = stacked == ConcatKind::None || stacked == ConcatKind::MaskedLatent;
  if (model.unet) parts.insert("step");
  if (!model.text_encoders.empty()) parts.insert("text");
  if (model.unet && !model.text_encoders.empty() && paints_from_text) {
    parts.insert({"end-to-end", "memory"});
  }
  return parts;
}

class Bench {
 public:
  Bench(BenchOptions options, const ModelOptions& model_options, Streams io)
      : options_(options), model_options_(model_options), io_(io), line_(io) {}

  /// In the order in which a picture is painted: what takes memory for good comes late.
  void run(std::set<std::string> parts) {
    load();
    if (parts.empty()) parts = parts_of(*model_);
    const auto wanted = [&](const char* part) { return parts.contains(part); };
    if (!wanted("load")) result_.measures.clear();
    if (wanted("end-to-end") || wanted("memory")) end_to_end(parts);
    line_.show("peak", 0, 1);
    result_.peak = measured_peak(*model_);
    if (wanted("text")) add(measure_text(*model_, repeats("text")), false);
    if (wanted("step") || (wanted("ops") && model_->unet)) {
      add(measure_step(*model_, options_.width, options_.height, repeats("step")), wanted("ops"));
    }
    if (wanted("vae")) {
      add(measure_decode(*model_, options_.width, options_.height, repeats("vae")), wanted("ops"));
    }
    if (wanted("accuracy")) accuracy();
    line_.clear();
    if (options_.json) {
      io_.out << to_json(result_).dump(2) << "\n";
    } else {
      print_report(io_.out, result_, options_.shapes);
    }
  }

 private:
  Repeats repeats(const std::string& name) {
    return {.count = options_.runs, .on_run = [this, name](int done) {
              io_.cancel.throw_if_cancelled();
              line_.show(name, done, options_.runs);
            }};
  }

  void add(const Measure& measure, bool with_operations) {
    result_.measures.push_back({measure.name, measure.seconds, flop(measure.operations)});
    if (with_operations) result_.operations[measure.name] = measure.operations;
  }

  void load() {
    const auto begin = std::chrono::steady_clock::now();
    model_ = open_model(model_options_, io_.err);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    result_.measures.push_back({"load", {seconds.count()}, 0.0});
    const ModelConfig& config = model_->config;
    if (options_.width == 0) options_.width = config.defaults.width;
    if (options_.height == 0) options_.height = config.defaults.height;
    result_.machine = this_machine(*model_);
    result_.model = {{"name", model_options_.model},
                     {"family", config.family},
                     {"width", options_.width},
                     {"height", options_.height}};
  }

  void end_to_end(const std::set<std::string>& parts) {
    PaintRequest request;
    request.prompt = "a red circle";
    request.seed = 1;
    request.steps = options_.steps;
    request.width = options_.width;
    request.height = options_.height;
    line_.show("end-to-end", 0, 1);
    const auto begin = std::chrono::steady_clock::now();
    text_to_image(*model_, with_defaults(request, model_->config), {.cancel = io_.cancel});
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - begin;
    if (parts.contains("end-to-end")) {
      result_.measures.push_back(
          {"end-to-end, " + std::to_string(options_.steps) + " steps", {seconds.count()}, 0.0});
    }
    if (parts.contains("memory")) result_.peak_memory = peak_memory();
  }

  void accuracy() {
    if (!model_->unet) {
      throw Error(ErrorKind::Unsupported,
                  "bench accuracy: the family " + model_->config.family + " has no U-Net");
    }
    line_.show("accuracy", 0, 2);
    const at::Tensor found = step_result(*model_, options_.width, options_.height);
    io_.cancel.throw_if_cancelled();
    line_.show("accuracy", 1, 2);
    model_.reset();  // there may be no room for both
    ModelOptions exact = model_options_;
    exact.precision = "float32";
    const at::Tensor wanted =
        plain_step_result(open_model(exact, io_.err), options_.width, options_.height);
    result_.relative_error = ((found - wanted).norm() / wanted.norm()).item<double>();
    if (std::isfinite(*result_.relative_error)) return;
    throw Error(ErrorKind::Unsupported, "bench accuracy: the step gave NaN or infinite values");
  }

  BenchOptions options_;
  const ModelOptions& model_options_;
  Streams io_;
  ProgressLine line_;
  std::optional<Model> model_;
  BenchResult result_;
};

BenchResult read_result(const std::string& path) {
  try {
    return bench_result(nlohmann::json::parse(read_file(path, 1 << 26)));
  } catch (const nlohmann::json::exception&) {
    throw Error(ErrorKind::Corrupt, path + ": not a result of sfumato bench --json");
  }
}

void compare(std::span<const char* const> args, Streams io) {
  std::vector<std::string> files;
  Flags flags("sfumato bench compare", "sets two results of sfumato bench --json side by side");
  flags.add_positional("FILE", "the result before, and the one after", 2,
                       [&](std::string_view file) { files.emplace_back(file); });
  if (!flags.parse(args, io.out)) return;
  if (files.size() != 2) {
    throw Error(ErrorKind::InvalidArgument, "bench compare: two files are needed");
  }
  print_comparison(io.out, read_result(files[0]), read_result(files[1]));
}

std::string known_part(std::string_view part) {
  const std::vector<std::string> known(kBenchParts.begin(), kBenchParts.end());
  if (std::find(known.begin(), known.end(), part) != known.end()) return std::string(part);
  throw Error(ErrorKind::InvalidArgument, "bench: unknown part '" + std::string(part) + "'",
              suggestion(part, known));
}

void run_bench(std::span<const char* const> args, Streams io) {
  if (!args.empty() && std::string_view(args.front()) == "compare") {
    return compare(args.subspan(1), io);
  }
  BenchOptions options;
  ModelOptions model_options;
  std::set<std::string> parts;
  Flags flags("sfumato bench",
              "measures how fast a model runs here, as shares of what this machine can do; see "
              "also: sfumato bench compare BEFORE.json AFTER.json");
  flags.add<BenchOptions>(options, kBenchFields);
  flags.add<ModelOptions>(model_options, kModelFields, "model");
  flags.add_positional(
      "PART",
      "step, vae, text, ops, load, memory, end-to-end or accuracy; by default all but the last",
      kBenchParts.size(), [&](std::string_view part) { parts.emplace(known_part(part)); });
  if (!flags.parse(args, io.out)) return;
  Bench(options, model_options, io).run(std::move(parts));
}

}  // namespace

const Command bench{.name = "bench", .summary = "measure how fast a model runs", .run = run_bench};

}  // namespace sfumato::cli
