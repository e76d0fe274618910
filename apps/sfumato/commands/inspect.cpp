#include <algorithm>
#include <array>
#include <filesystem>
#include <ostream>

#include "../checkpoint_report.h"
#include "../command.h"
#include "../flags.h"
#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"
#include "sfumato/image/codecs.h"

namespace sfumato::cli {
namespace {
namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

struct InspectOptions {
  std::string family;
  bool json = false;
};
constexpr std::array kInspectFields{
    Field<InspectOptions>{"family", &InspectOptions::family,
                          "family of a checkpoint that cannot tell it"},
    Field<InspectOptions>{"json", &InspectOptions::json, "print JSON"},
};

Json report_picture(const fs::path& path) {
  const Image image = read_image(path);
  Json report{{"kind", "picture"},
              {"file", path.string()},
              {"width", image.width},
              {"height", image.height},
              {"sfumato", nullptr}};
  for (const auto& [key, value] : read_image_text(path)) {
    if (key != "sfumato") {
      report["text"][key] = value;
      continue;
    }
    if (parse_bounded_json(value).is_discarded()) {
      throw Error(ErrorKind::Corrupt, path.string() + ": the request inside is damaged");
    }
    report["sfumato"] = Json::parse(value);  // with its keys in their order
  }
  return report;
}

// Text of a foreign picture must not steer the terminal.
std::string printable_value(std::string text) {
  for (char& c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t') || c == 0x7F) c = '?';
  }
  return text;
}

void print_picture(std::ostream& out, const Json& report) {
  const auto replace = Json::error_handler_t::replace;
  out << report["file"].get<std::string>() << ": picture, " << report["width"] << "x"
      << report["height"] << "\n";
  if (!report["sfumato"].is_null()) {
    out << report["sfumato"].dump(2, ' ', false, replace) << "\n";
  } else if (!report.contains("text")) {
    out << "it carries no request\n";
  }
  if (!report.contains("text")) return;
  for (const auto& [key, value] : report["text"].items()) {
    out << printable_value(key) << ":\n" << printable_value(value.get<std::string>()) << "\n";
  }
}

bool is_checkpoint(const fs::path& path) {
  constexpr std::array kEndings{".safetensors", ".index.json", ".ckpt", ".pt",
                                ".pth",         ".bin",        ".gguf"};
  return fs::is_directory(path) || std::any_of(kEndings.begin(), kEndings.end(), [&](auto ending) {
           return path.string().ends_with(ending);
         });
}

// The report has been printed; scripts go by the exit status.
void expect_sound(const std::string& file, const Json& report) {
  if (!report["non_finite"].empty()) {
    throw Error(ErrorKind::Corrupt,
                file + ": " + std::to_string(report["non_finite"].size()) +
                    " tensors have NaN or infinite values",
                "the file cannot be used");
  }
  if (!is_complete(report)) {
    const std::string family = report["family"].get<std::string>();
    throw Error(ErrorKind::Corrupt,
                file + ": not complete: " + std::to_string(report["missing"].size()) +
                    " missing, " + std::to_string(report["misshapen"].size()) +
                    " misshapen tensors",
                "the file cannot be used as " + family);
  }
}

void run_inspect(std::span<const char* const> args, Streams io) {
  InspectOptions options;
  std::string file;
  Flags flags("sfumato inspect", "says what a picture or checkpoint is and what it needs");
  flags.add_positional("FILE", "picture, checkpoint file or model folder", 1,
                       [&](std::string_view word) { file = word; });
  flags.add<InspectOptions>(options, kInspectFields);
  if (!flags.parse(args, io.out)) return;
  if (file.empty()) {
    throw Error(ErrorKind::InvalidArgument, "no file given",
                "try: sfumato inspect out/picture.png");
  }
  if (!fs::exists(file)) throw Error(ErrorKind::NotFound, "no such file: " + file);

  const bool checkpoint = is_checkpoint(file);
  const Json report = checkpoint ? report_checkpoint(file, options.family) : report_picture(file);
  if (options.json) {
    io.out << report.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else if (checkpoint) {
    print_checkpoint(io.out, report, 10);
  } else {
    print_picture(io.out, report);
  }
  if (checkpoint) expect_sound(file, report);
}

}  // namespace

const Command inspect{
    .name = "inspect", .summary = "say what a picture or checkpoint is", .run = run_inspect};

}  // namespace sfumato::cli
