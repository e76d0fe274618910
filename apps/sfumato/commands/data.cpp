#include <array>
#include <ostream>

#include "../command.h"
#include "../flags.h"
#include "../progress.h"
#include "sfumato/base/error.h"
#include "sfumato/base/nearest.h"
#include "sfumato/data/scenes/write_scenes.h"

namespace sfumato::cli {
namespace {

struct DataOptions {
  std::string out, split = "train";
  std::uint64_t count = 10000, seed = 0;
  int size = 64, objects = 0;
};

constexpr std::array kDataFields{
    Field<DataOptions>{"out", &DataOptions::out, "folder of the shards"},
    Field<DataOptions>{"count", &DataOptions::count, "number of scenes", 1, 1e9},
    Field<DataOptions>{"size", &DataOptions::size, "side of the pictures in pixels", 32, 1024},
    Field<DataOptions>{"seed", &DataOptions::seed, "same seed, same data set"},
    Field<DataOptions>{"objects", &DataOptions::objects, "per scene, 1 to 3; 0 = mixed", 0, 3},
    Field<DataOptions>{"split", &DataOptions::split,
                       "train, test (captions never trained on) or heldout (pairs of objects never "
                       "trained on)"},
};

scenes::Split parse_split(const std::string& name) {
  if (name == "train") return scenes::Split::Train;
  if (name == "test") return scenes::Split::Test;
  if (name == "heldout") return scenes::Split::HeldOut;
  throw Error(ErrorKind::InvalidArgument, "unknown split '" + name + "'",
              suggestion(name, std::vector<std::string>{"train", "test", "heldout"}));
}

void write_scenes(std::span<const char* const> args, Streams io) {
  DataOptions options;
  Flags flags("sfumato data scenes",
              "draws captioned pictures of coloured shapes and writes them as WebDataset shards");
  flags.add<DataOptions>(options, kDataFields);
  if (!flags.parse(args, io.out)) return;
  if (options.out.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no folder given", "add: --out DIR");
  }
  const scenes::Split split = parse_split(options.split);
  if (split == scenes::Split::HeldOut && options.objects % 2 != 0) {
    throw Error(ErrorKind::InvalidArgument,
                "held-out scenes have 2 objects, not " + std::to_string(options.objects));
  }
  ProgressLine progress(io);
  scenes::write_scenes(
      {.folder = options.out,
       .count = options.count,
       .seed = options.seed,
       .size = options.size,
       .scenes = {.objects = options.objects, .split = split}},
      [&](std::uint64_t done) {
        if (done % 500 != 0) return;
        progress.show("drawing", static_cast<std::int64_t>(done),
                      static_cast<std::int64_t>(options.count));
      },
      io.cancel);
  progress.clear();
  io.err << "wrote " << options.count << " scenes of " << options.size << "x" << options.size
         << " pixels, seed " << options.seed << "\n";
  io.out << options.out << std::endl;
}

void run_data(std::span<const char* const> args, Streams io) {
  const std::string kind = args.empty() ? "" : args.front();
  if (kind == "scenes") return write_scenes(args.subspan(1), io);
  if (kind == "--help" || kind == "-h") {
    io.out << "usage: sfumato data scenes --out DIR [options]\n\n"
              "makes training data\n\nsfumato data scenes --help tells more.\n";
    return;
  }
  throw Error(ErrorKind::InvalidArgument,
              kind.empty() ? "no kind of data given" : "unknown kind of data '" + kind + "'",
              "try: sfumato data scenes --out DIR");
}

constexpr std::array<std::string_view, 1> kDataParts{"scenes"};

}  // namespace

const Command data{
    .name = "data", .summary = "make training data", .run = run_data, .parts = kDataParts};

}  // namespace sfumato::cli
