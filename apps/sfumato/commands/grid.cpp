#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "../model_files.h"
#include "../painting_command.h"
#include "sfumato/base/error.h"
#include "sfumato/image/draw.h"
#include "sfumato/request/plot_table.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/plot.h"

namespace sfumato::cli {
namespace {

namespace fs = std::filesystem;

// What the web UI calls the VAE that is part of the model.
bool is_own_vae(const std::string& name) { return name == "Automatic" || name == "None"; }

ModelOptions options_of_cell(ModelOptions options, const PlotCell& cell) {
  if (!cell.vae.empty()) options.vae = is_own_vae(cell.vae) ? "" : cell.vae;
  if (cell.model.empty() || cell.model == options.model) return options;
  options.model = cell.model;
  options.family = options.prediction = "";
  options.zero_terminal_snr = false;
  return options;
}

void expect_weights(const fs::path& models, const std::string& kind, const std::string& name) {
  if (fs::exists(name) || find_weights(models, kind, name)) return;
  throw Error(ErrorKind::NotFound, "there is no '" + name + "' for a cell of the grid",
              "give a path, or put it into the folder " + kind + " of --models-dir");
}

void expect_cell_can_be_painted(const PlotCell& cell, const ModelOptions& base) {
  check(cell.request);
  check_names(cell.request);
  if (cell.request.hires_sampler) find_sampler(*cell.request.hires_sampler);
  if (cell.request.hires_spacing) find_spacing(*cell.request.hires_spacing);
  if (!cell.vae.empty() && !base.taesd.empty()) {
    throw Error(ErrorKind::InvalidArgument, "--taesd decodes in place of every VAE of the grid",
                "leave out --taesd, or the VAE axis");
  }
  const ModelOptions options = options_of_cell(base, cell);
  const fs::path models = models_folder(base);
  if (options.model != "scenes" && !options.model.empty()) {
    expect_weights(models, "checkpoints", options.model);
  }
  if (!options.vae.empty()) expect_weights(models, "vae", options.vae);
  if (cell.request.refiner_enabled()) expect_weights(models, "checkpoints", *cell.request.refiner);
}

/// The model of a cell, ready to paint.
class PlotModelAtWork {
 public:
  PlotModelAtWork(const ModelOptions& options, const RefinerSettings& refiner,
                  const PromptFlags& prompt, std::ostream& err)
      : model_(open_model(options, err)),
        loaded_(prompt, models_folder(options), model_),
        identity_(identify_model(options, model_, err)) {
    loaded_.add_refiner(open_refiner(refiner, options, identity_, err));
  }

  PlotModel for_painting() const { return {model_, loaded_.sources()}; }
  const ModelIdentity& identity() const { return identity_; }
  const Wildcards& wildcards() const { return loaded_.sources().wildcards; }

 private:
  Model model_;
  LoadedSources loaded_;
  ModelIdentity identity_;
};

/// The command after its words are read.
class GridPainting {
 public:
  GridPainting(PaintingFlags<PlotRequest, OneFileFlags> line, Streams io)
      : line_(std::move(line)), io_(io), sheet_(line_.output, 1) {
    static_cast<OutputPlace&>(cell_flags_) = line_.output;
    PlotRequest& request = line_.request;
    table_ = plot_table(request);
    const std::uint64_t variation = random_seed();
    for (PlotCell& cell : table_.cells) {
      if (cell.request.variation_strength > 0.0 && !cell.request.variation_seed) {
        request.variation_seed = cell.request.variation_seed = variation;
      }
      expect_cell_can_be_painted(cell, line_.model);
    }
  }

  void paint() {
    const int cells = static_cast<int>(table_.cells.size());
    PictureWriter writer(io_, cell_flags_, cells + 1, [&](int index) { return facts_of(index); });
    Observer observer = writer.observer();
    const auto write_cell = observer.on_image;
    std::optional<PictureWriter::Facts> first;
    observer.on_image = [&](const Image& image, std::uint64_t seed, int index) {
      if (!first) first = sheet_facts(index);
      if (line_.request.keep_cells) write_cell(image, seed, index);
    };
    const PlottedCells painted = paint_cells(
        table_, line_.request.gap, [&](const PlotCell& cell) { return open(cell); }, observer);
    write_plot(painted, *first);
    if (painted.stopped) std::rethrow_exception(painted.stopped);
    io_.err << "seed " << *line_.request.seed << ", " << cells << " pictures\n";
  }

 private:
  PlotModel open(const PlotCell& cell) {
    at_work_.reset();  // the memory of one model is needed for the next
    at_work_ = std::make_unique<PlotModelAtWork>(options_of_cell(line_.model, cell), cell.request,
                                                 line_.prompt, io_.err);
    return at_work_->for_painting();
  }

  PaintRequest own_request(int index) const {
    const PlotCell& cell = table_.cells[static_cast<std::size_t>(index)];
    return request_of_picture(cell.request, at_work_->wildcards(), 0);
  }

  PictureWriter::Facts facts_of(int index) const {
    const PaintRequest own = own_request(index);
    const ModelIdentity& model = at_work_->identity();
    return {own.prompt, picture_number(own), picture_text(own, model),
            name_facts_of(own, own, model, 0), "-cell-" + std::to_string(index + 1)};
  }

  PictureWriter::Facts sheet_facts(int index) const {
    PictureWriter::Facts facts = facts_of(index);
    facts.prompt = line_.request.prompt;
    facts.number = *line_.request.seed;
    facts.text = picture_text(line_.request, own_request(index), at_work_->identity());
    facts.suffix = "-grid";
    return facts;
  }

  void write_plot(const PlottedCells& painted, const PictureWriter::Facts& facts) {
    const Image picture = plot(painted.images, table_.x, table_.y, table_.z, line_.request.gap);
    OutputFacts known{.prompt = facts.prompt, .number = facts.number, .suffix = facts.suffix};
    known.for_pattern = *facts.for_pattern;
    known.for_pattern.time = local_time();
    const fs::path path = sheet_.write(picture, facts.text, known, io_.err);
    if (io_.out_is_terminal) print_to_terminal(picture, io_.out, 64);
    io_.out << path.string() << std::endl;
  }

  PaintingFlags<PlotRequest, OneFileFlags> line_;
  Streams io_;
  OutputPath sheet_;
  OutputFlags cell_flags_;
  PlotTable table_;
  std::unique_ptr<PlotModelAtWork> at_work_;
};

void run_grid(std::span<const char* const> args, Streams io) {
  PaintingCommand<PlotRequest> command;
  command.name = "grid";
  command.summary = "paints a table of pictures in which one thing varies along every side";
  command.fields = kPlotRequestFields;
  auto line = painting_line<OneFileFlags>(command, args, io);
  if (!line) return;
  if (line->request.prompt.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no prompt given",
                "try: sfumato grid \"a red circle\" --x steps=5,10,20 --y seed=1-3");
  }
  check(line->request);
  apply_prompt_flags(line->prompt, models_folder(line->model), line->request);
  choose_seeds(line->request, line->request);
  if (line->output.print_request) {
    return print_request(line->request, command.fields, io.out);
  }
  GridPainting(std::move(*line), io).paint();
}

}  // namespace

const Command paint_grid{.name = "grid",
                         .summary = "paint a table of pictures that differ in one thing a side",
                         .run = run_grid};

}  // namespace sfumato::cli
