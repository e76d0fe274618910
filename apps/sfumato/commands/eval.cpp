#include <algorithm>
#include <array>
#include <filesystem>
#include <iomanip>
#include <optional>
#include <ostream>
#include <sstream>

#include "../command.h"
#include "../flags.h"
#include "../model_options.h"
#include "../progress.h"
#include "../scene_evaluation.h"
#include "../table.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/image/codecs.h"
#include "sfumato/image/draw.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

struct EvalOptions {
  int count = 1000, size = 64;
  std::uint64_t seed = 0;
  std::string clip, report;
  bool json = false;
};

constexpr std::array kEvalFields{
    Field<EvalOptions>{"count", &EvalOptions::count, "scenes per line of the table", 1, 1000000},
    Field<EvalOptions>{"size", &EvalOptions::size, "side of the drawn pictures in pixels", 32,
                       1024},
    Field<EvalOptions>{"seed", &EvalOptions::seed,
                       "which scenes, and the noise they are painted from"},
    Field<EvalOptions>{"clip", &EvalOptions::clip,
                       "recipe of a finished clip run, to measure it too"},
    Field<EvalOptions>{"report", &EvalOptions::report,
                       "folder for pictures of samples and failures"},
    Field<EvalOptions>{"json", &EvalOptions::json, "print JSON"},
};

/// One line of the result.
struct Measured {
  std::string name;
  double value;
  std::string unit;
  int count;
  std::optional<double> at_least;  ///< what the shipped model must reach
};

struct PictureSet {
  const char *name, *file;
  scenes::SceneOptions options;
  double at_least;
};

constexpr std::array kPictureSets{
    PictureSet{"one object", "one", {1, scenes::Split::Test}, 97},
    PictureSet{"two objects", "two", {2, scenes::Split::Test}, 88},
    PictureSet{"two objects, pairs never trained on", "heldout", {2, scenes::Split::HeldOut}, 72},
};

class SceneEvaluation {
 public:
  SceneEvaluation(const EvalOptions& options, Streams io) : options_(options), io_(io), line_(io) {}

  void reader() {
    const double share =
        reader_accuracy(options_.count, options_.size, options_.seed, done("reading"));
    add({"scene reader, drawn scenes", 100 * share, "%", options_.count, 99});
  }

  void clip() {
    const int groups = std::max(1, options_.count / 100);
    const auto scores = clip_scores(options_.clip, groups, options_.seed, done("comparing"));
    add({"CLIP, right one of 100", 100 * scores.retrieved, "%", groups * 100, 90});
    add({"CLIP, caption or its relation inverted",
         100 * scores.relations_right,
         "%",
         scores.relations,
         {}});
  }

  void autoencoder(const Model& model) {
    const int count = std::min(options_.count, 500);
    const double db = autoencoder_psnr(model, count, options_.seed, done("reconstructing"));
    const char* name = model.autoencoder.tiny ? "tiny decoder PSNR" : "autoencoder PSNR";
    add({name, db, "dB", count, 32});
  }

  void pictures(const Model& model, const TextToImageRequest& request) {
    for (const PictureSet& set : kPictureSets) {
      const auto painted = paint_scenes(model, request, set.options, options_.count, options_.seed,
                                        done(std::string("painting ") + set.file));
      add({set.name, 100 * accuracy(painted), "%", options_.count, set.at_least});
      if (set.options.objects > 1) {
        const std::string objects_alone = std::string(set.name) + ", relation aside";
        add({objects_alone, 100 * object_accuracy(painted), "%", options_.count, {}});
      }
      if (!options_.report.empty()) write_report(set.file, painted);
    }
  }

  void print() {
    line_.clear();
    if (options_.json) return print_json();
    std::vector<std::vector<std::string>> rows{{"MEASURED", "VALUE", "WANTED", "OF"}};
    for (const Measured& m : measured_) {
      const std::string wanted = m.at_least ? number(*m.at_least) + " " + m.unit : "-";
      rows.push_back({m.name, number(m.value) + " " + m.unit, wanted, std::to_string(m.count)});
    }
    print_table(io_.out, rows);
  }

 private:
  static std::string number(double value) {
    std::ostringstream text;
    text << std::fixed << std::setprecision(1) << value;
    return text.str();
  }

  OnDone done(const std::string& what) {
    line_.clear();
    return [this, what](std::int64_t done, std::int64_t total) {
      io_.cancel.throw_if_cancelled();
      if (done % 8 == 0 || done == total) line_.show(what, done, total);
    };
  }

  // Told at once: painting a thousand pictures takes long.
  void add(Measured measured) {
    line_.clear();
    io_.err << measured.name << ": " << number(measured.value) << " " << measured.unit << "\n";
    measured_.push_back(std::move(measured));
  }

  void print_json() const {
    nlohmann::ordered_json json{{"size", options_.size}, {"seed", options_.seed}};
    for (const Measured& m : measured_) {
      json["measured"].push_back(
          {{"name", m.name}, {"value", m.value}, {"unit", m.unit}, {"count", m.count}});
      if (m.at_least) json["measured"].back()["at_least"] = *m.at_least;
    }
    io_.out << json.dump(2) << "\n";
  }

  void write_report(const std::string& name, const std::vector<PaintedScene>& painted) const {
    const auto write = [&](const std::string& kind, bool failures_only, std::size_t most) {
      std::vector<Image> images;
      std::vector<std::string> captions;
      for (const PaintedScene& p : painted) {
        if (images.size() == most || (failures_only && p.check.right())) continue;
        images.push_back(resize(p.image, 2 * p.image.width, 2 * p.image.height));
        captions.push_back(failures_only ? verdict(p) : p.caption);
      }
      if (images.empty()) return;
      const auto path = std::filesystem::path(options_.report) / (name + "-" + kind + ".png");
      write_png(path, grid(images, 8, 6, captions));
      io_.err << "wrote " << path.string() << "\n";
    };
    write("samples", false, 32);
    write("failures", true, 64);
  }

  const EvalOptions& options_;
  Streams io_;
  ProgressLine line_;
  std::vector<Measured> measured_;
};

// What the pictures are painted with; everything else is the model's default.
constexpr std::array<std::string_view, 6> kPaintingFlags{"steps",   "guidance", "sampler",
                                                         "spacing", "batch",    "eta"};

std::vector<Field<TextToImageRequest>> painting_fields() {
  std::vector<Field<TextToImageRequest>> fields;
  for (const auto& field : kTextToImageFields) {
    if (std::find(kPaintingFlags.begin(), kPaintingFlags.end(), field.name) !=
        kPaintingFlags.end()) {
      fields.push_back(field);
    }
  }
  return fields;
}

void expect_not_given(const Flags& flags, const std::string& name) {
  if (!flags.given(name)) return;
  throw Error(ErrorKind::InvalidArgument, "--" + name + " without --model: nothing is painted",
              "say which model is to be measured with --model");
}

void eval_scenes(std::span<const char* const> args, Streams io) {
  EvalOptions options;
  TextToImageRequest request;
  request.batch = 32;
  ModelOptions model_options;
  model_options.model.clear();  // without --model only the scene reader is measured
  const auto painting = painting_fields();
  Flags flags("sfumato eval scenes",
              "measures how well scenes are read and, with --model, painted, on captions that were "
              "not trained on");
  flags.add<EvalOptions>(options, kEvalFields);
  flags.add<ModelOptions>(model_options, kModelFields, "model");
  flags.add<TextToImageRequest>(request, painting, "painting");
  if (!flags.parse(args, io.out)) return;
  if (!options.report.empty()) make_folder(options.report);

  SceneEvaluation evaluation(options, io);
  if (model_options.model.empty()) {
    for (const auto& field : painting) expect_not_given(flags, std::string(field.name));
    evaluation.reader();
    if (!options.clip.empty()) evaluation.clip();
    return evaluation.print();
  }
  const Model model = open_model(model_options, io.err);
  request.seed = options.seed;
  request = with_defaults(request, model.config);
  evaluation.reader();
  if (!options.clip.empty()) evaluation.clip();
  evaluation.autoencoder(model);
  evaluation.pictures(model, request);
  evaluation.print();
}

void run_eval(std::span<const char* const> args, Streams io) {
  const std::string kind = args.empty() ? "" : args.front();
  if (kind == "scenes") return eval_scenes(args.subspan(1), io);
  if (kind == "--help" || kind == "-h") {
    io.out << "usage: sfumato eval scenes [options]\n\n"
              "measures a model\n\nsfumato eval scenes --help tells more.\n";
    return;
  }
  throw Error(ErrorKind::InvalidArgument,
              kind.empty() ? "nothing to measure given" : "unknown thing to measure '" + kind + "'",
              "try: sfumato eval scenes --model scenes");
}

constexpr std::array<std::string_view, 1> kEvalParts{"scenes"};

}  // namespace

const Command eval{
    .name = "eval", .summary = "measure a model", .run = run_eval, .parts = kEvalParts};

}  // namespace sfumato::cli
