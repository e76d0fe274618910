#include <array>
#include <optional>
#include <ostream>

#include "../command.h"
#include "../flags.h"
#include "../model_options.h"
#include "sfumato/base/error.h"
#include "sfumato/training/recipe.h"
#include "sfumato/training/run.h"

namespace sfumato::cli {
namespace {

struct TrainFlags {
  std::string recipe, out, data, device = "auto";
  std::optional<std::int64_t> steps;
  bool fresh = false;
};

constexpr std::array kTrainFields{
    Field<TrainFlags>{"out", &TrainFlags::out, "folder of the run, instead of the recipe's"},
    Field<TrainFlags>{"data", &TrainFlags::data, "training data, instead of the recipe's"},
    Field<TrainFlags>{"steps", &TrainFlags::steps, "length of the run, instead of the recipe's", 1,
                      1e12},
    Field<TrainFlags>{"device", &TrainFlags::device, "cpu, cuda or auto"},
    Field<TrainFlags>{"fresh", &TrainFlags::fresh, "start again instead of resuming"},
};

void run_train(std::span<const char* const> args, Streams io) {
  TrainFlags given;
  Flags flags("sfumato train", "trains one stage from a recipe, or goes on where it stopped");
  flags.add_positional("RECIPE", "a TOML file, e.g. recipes/scenes/autoencoder.toml", 1,
                       [&](std::string_view word) { given.recipe = word; });
  flags.add<TrainFlags>(given, kTrainFields);
  if (!flags.parse(args, io.out)) return;
  if (given.recipe.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no recipe given",
                "try: sfumato train recipes/scenes/autoencoder.toml");
  }

  Recipe recipe = read_recipe(given.recipe);
  if (!given.out.empty()) recipe.out = given.out;
  if (!given.data.empty()) recipe.data = given.data;
  if (given.steps) recipe.steps = *given.steps;
  const RunOptions options{.device = parse_device(given.device), .fresh = given.fresh};
  for (const auto& path : run_training(recipe, options, io.cancel, io.err)) {
    io.out << path.string() << "\n";
  }
}

}  // namespace

const Command train{.name = "train", .summary = "train a model from a recipe", .run = run_train};

}  // namespace sfumato::cli
