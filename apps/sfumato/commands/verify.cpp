#include <array>
#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <iomanip>
#include <map>
#include <optional>
#include <ostream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "../checkpoint_source.h"
#include "../command.h"
#include "../flags.h"
#include "../model_files.h"
#include "../model_options.h"
#include "../table.h"
#include "../verification.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/file_hash.h"

namespace sfumato::cli {
namespace {

namespace fs = std::filesystem;

struct VerifyFlags {
  std::string image, mask, depth;
  bool json = false;
};

constexpr std::array kVerifyFields{
    Field<VerifyFlags>{
        "image", &VerifyFlags::image,
        "the picture that it was painted over, where that is no longer at its place"},
    Field<VerifyFlags>{"mask", &VerifyFlags::mask, "the same of its mask"},
    Field<VerifyFlags>{"depth", &VerifyFlags::depth, "the same of its depth"},
    Field<VerifyFlags>{"json", &VerifyFlags::json, "print JSON"},
};

struct VerifyLine {
  std::string picture;
  ModelOptions model;
  VerifyFlags flags;
  std::vector<std::string> loras;

  bool parse(std::span<const char* const> args, std::ostream& out) {
    model.model.clear();  // that of the picture
    Flags table("sfumato verify",
                "paints a picture again as it says and compares; exit status 1 when it differs");
    table.add_positional("PICTURE", "a picture of this program or of A1111's web UI", 1,
                         [this](std::string_view word) { picture = word; });
    table.add<VerifyFlags>(flags, kVerifyFields);
    table.add_repeated("lora", "FILE", "a LoRA of the prompt that is not in the models folder",
                       [this](std::string_view text) { loras.emplace_back(text); });
    table.add<ModelOptions>(model, kModelFields, "model");
    // Which model and how it computed is the picture's to say; where models lie and on what to
    // compute is not.
    constexpr std::array<std::string_view, 2> kOfThisMachine{"models-dir", "device"};
    table.without_settings("model", kOfThisMachine);
    if (!table.parse(args, out)) return false;
    if (!picture.empty()) return true;
    throw Error(ErrorKind::InvalidArgument, "no picture given",
                "try: sfumato verify out/picture.png");
  }
};

/// A new folder that is gone in the end.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = (fs::temp_directory_path() / "sfumato-verify-XXXXXX").string();
    if (!mkdtemp(name.data())) {
      throw Error(ErrorKind::Io, "cannot make a folder in " + fs::temp_directory_path().string());
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

const Command& painter_of(const fs::path& picture, const std::string& task) {
  for (const Command* command : commands()) {
    if (command->name == task) return *command;
  }
  throw Error(ErrorKind::Unsupported,
              picture.string() + ": this program cannot do the task that made it: " + task,
              "a later version may");
}

bool has_hash(const fs::path& model, const std::string& hash) {
  if (hash.empty()) return true;
  const auto file = single_weights_file(model);
  return file && file_sha256(*file, hash_cache()).starts_with(hash);
}

/// Where the model of the picture lies: the one of its name and hash, else the one of its hash,
/// else the one of its name.
std::optional<std::string> find_model(const PictureRecord& record, const ModelOptions& options) {
  if (record.model_name == "scenes") return "scenes";
  const auto find = [&](const std::string& name) -> std::optional<fs::path> {
    if (name.empty()) return std::nullopt;
    return find_weights(models_folder(options), "checkpoints", name);
  };
  const auto named = find(record.model_name);
  if (named && has_hash(*named, record.model_hash)) return named->string();
  if (const auto same = find(record.model_hash)) return same->string();
  return named ? std::optional(named->string()) : std::nullopt;
}

std::string model_of(const PictureRecord& record, const ModelOptions& options) {
  const std::string without_model = ModelOptions{}.model;
  if (record.model_name.empty() && record.model_hash.empty()) return without_model;
  if (const auto found = find_model(record, options)) return *found;
  if (!options.unet.empty()) return without_model;  // it was put together from parts
  const std::string hash =
      record.model_hash.empty() ? "" : " [" + record.model_hash.substr(0, 10) + "]";
  throw Error(ErrorKind::NotFound,
              "the model that painted it is not here: '" + record.model_name + "'" + hash,
              "name its file with --model, or its folder with --models-dir");
}

/// The files of the parts whose names begin with `part`, as far as they are here.
std::string files_of_part(const PictureRecord& record, const std::string& part,
                          const ModelOptions& options) {
  std::string files;
  for (const auto& [name, file] : record.parts) {
    if (!name.starts_with(part)) continue;
    if (part == "taesd" && file == "scenes") return file;  // part of the program
    const auto found = find_weights(models_folder(options), part, file);
    if (found) files += (files.empty() ? "" : ",") + found->string();
  }
  return files;
}

/// What the picture tells of the model and how it was computed with, where no flag says otherwise.
ModelOptions model_like(const PictureRecord& record, ModelOptions options) {
  const bool own_unet = options.unet.empty();
  if (options.unet.empty()) options.unet = files_of_part(record, "unet", options);
  if (options.vae.empty()) options.vae = files_of_part(record, "vae", options);
  if (options.taesd.empty()) options.taesd = files_of_part(record, "taesd", options);
  if (options.clip.empty()) options.clip = files_of_part(record, "clip", options);
  const bool own_model = options.model.empty() && own_unet;
  if (options.model.empty()) options.model = model_of(record, options);
  const auto told = [&](const char* what) {
    const auto found = record.computed.find(what);
    return found == record.computed.end() ? std::string() : found->second;
  };
  if (told("averaged_weights") == "no") options.no_ema = true;
  if (own_model) {
    if (told("noise_schedule") == kZeroTerminalSnr) options.zero_terminal_snr = true;
    if (options.prediction.empty()) options.prediction = told("prediction");
  }
  if (options.device == "auto" && told("device") == "cpu") options.device = "cpu";
  const bool half_on_cpu = told("precision") == "float16" && parse_device(options.device).is_cpu();
  if (options.precision == "auto" && !told("precision").empty() && !half_on_cpu) {
    options.precision = told("precision");
  }
  return options;
}

/// The pictures that it began with; throws NotFound naming all that are missing.
std::map<std::string, std::string> inputs_of(const PictureRecord& record, const VerifyLine& line) {
  const std::map<std::string, std::string> given{
      {"image", line.flags.image}, {"mask", line.flags.mask}, {"depth", line.flags.depth}};
  std::map<std::string, std::string> inputs;
  std::string missing, flags;
  for (const auto& [key, path] : record.inputs) {
    const auto flag = given.find(key);
    const bool is_given = flag != given.end() && !flag->second.empty();
    inputs[key] = is_given ? flag->second : path;
    if (is_given || fs::is_regular_file(path)) continue;
    missing += (missing.empty() ? "" : ", ") + key + (path.empty() ? "" : " " + path);
    flags += " --" + key + " FILE";
  }
  if (missing.empty()) return inputs;
  throw Error(ErrorKind::NotFound,
              line.picture + ": what it was painted over is not here: " + missing,
              "give it with" + flags);
}

std::vector<std::string> words_of(const VerifyLine& line, const PictureRecord& record,
                                  const fs::path& out) {
  // No settings, neither files nor environment: everything that matters is said.
  std::vector<std::string> words{"--from", line.picture, "--out", out.string(), "--config="};
  const auto defaults = to_json<ModelOptions>({}, kModelFields);
  const auto options = to_json<ModelOptions>(model_like(record, line.model), kModelFields);
  for (const auto& field : kModelFields) {
    const std::string key = fields::json_name(field.name);
    if (options[key] == defaults[key]) continue;
    const auto& value = options[key];
    words.push_back("--" + std::string(field.name) + "=" +
                    (value.is_string() ? value.get<std::string>() : value.dump()));
  }
  for (const auto& [key, path] : inputs_of(record, line)) words.push_back("--" + key + "=" + path);
  for (const auto& lora : line.loras) words.push_back("--lora=" + lora);
  return words;
}

/// The result, for both forms of output.
struct Verdict {
  std::string picture = {};
  Image before = {}, now = {};
  std::optional<PixelDifference> pixels = {};  ///< nothing when the sizes differ
  std::vector<PictureDifference> differences = {};

  bool exact() const { return pixels && pixels->differing == 0; }
};

std::string size_of_image(const Image& image) {
  return std::to_string(image.width) + "x" + std::to_string(image.height);
}

Verdict verify_picture(const VerifyLine& line, const Streams& io) {
  const std::string bytes = read_file(line.picture);
  const ImageText text = decode_image_text(bytes, line.picture);
  const PictureRecord record = picture_record(line.picture, text);
  if (record.task == interpolate.name) {
    throw Error(ErrorKind::Unsupported, line.picture + " is a film, which cannot be verified",
                "paint it again with: sfumato interpolate --from " + line.picture);
  }
  Verdict verdict{.picture = line.picture, .before = decode_image(bytes, line.picture)};
  const Command& painter = painter_of(line.picture, record.task);

  const TemporaryFolder folder;
  const fs::path again = folder.path() / "again.png";
  const auto words = words_of(line, record, again);
  std::vector<const char*> args;
  for (const auto& word : words) args.push_back(word.c_str());
  std::ostringstream paths;
  painter.run(args, {.out = paths,
                     .err = io.err,
                     .cancel = io.cancel,
                     .err_is_terminal = io.err_is_terminal,
                     .events = io.events});
  verdict.now = read_image(again);
  verdict.pixels = compare_pixels(verdict.before, verdict.now);
  verdict.differences = compare_records(text, read_image_text(again));
  const std::string lossy = lossy_format(bytes);
  if (!lossy.empty()) verdict.differences.push_back({"file format", lossy, "without loss"});
  if (!verdict.pixels) {
    verdict.differences.push_back(
        {"size", size_of_image(verdict.before), size_of_image(verdict.now)});
  }
  return verdict;
}

void print_verdict_json(const Verdict& verdict, std::ostream& out) {
  nlohmann::ordered_json json{{"picture", verdict.picture}, {"exact", verdict.exact()}};
  if (verdict.pixels) {
    const double psnr = verdict.pixels->psnr;
    json["psnr"] = std::isfinite(psnr) ? nlohmann::ordered_json(psnr) : nullptr;
    json["mean_difference"] = verdict.pixels->mean;
    json["largest_difference"] = verdict.pixels->largest;
    json["differing_pixels"] = verdict.pixels->differing;
  }
  json["differs"] = nlohmann::ordered_json::array();
  for (const auto& [part, in_picture, here] : verdict.differences) {
    json["differs"].push_back({{"part", part}, {"picture", in_picture}, {"here", here}});
  }
  const auto replace = nlohmann::ordered_json::error_handler_t::replace;
  out << json.dump(2, ' ', false, replace) << "\n";
}

std::string headline(const Verdict& verdict) {
  if (verdict.exact()) return "bit-exact";
  if (!verdict.pixels) return "differs: the sizes are not the same";
  const double pixels = double{1} * verdict.before.width * verdict.before.height;
  std::ostringstream text;
  text << std::fixed << std::setprecision(1) << "differs: PSNR " << verdict.pixels->psnr
       << " dB, mean difference " << std::setprecision(3) << verdict.pixels->mean
       << " of 255, largest " << verdict.pixels->largest << ", " << std::setprecision(1)
       << 100 * static_cast<double>(verdict.pixels->differing) / pixels << " % of the pixels";
  return text.str();
}

// Text of a foreign picture: short, on one line, and without escape sequences.
std::string cell_text(const std::string& text) {
  constexpr std::size_t kWidest = 40;
  std::string cell = text.size() > kWidest ? text.substr(0, kWidest) + "..." : text;
  for (char& c : cell) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = ' ';
  }
  return cell;
}

void print_verdict(const Verdict& verdict, std::ostream& out) {
  out << verdict.picture << ": " << headline(verdict) << "\n";
  if (verdict.exact()) return;
  if (!verdict.differences.empty()) {
    std::vector<std::vector<std::string>> rows{{"PART", "PICTURE", "HERE"}};
    for (const auto& [part, in_picture, here] : verdict.differences) {
      rows.push_back({cell_text(part), cell_text(in_picture), cell_text(here)});
    }
    print_table(out, rows);
  } else {
    out << "nothing that it tells of is different here: it may have been changed since\n";
  }
}

void run_verify(std::span<const char* const> args, Streams io) {
  VerifyLine line;
  if (!line.parse(args, io.out)) return;
  const Verdict verdict = verify_picture(line, io);
  if (line.flags.json) {
    print_verdict_json(verdict, io.out);
  } else {
    print_verdict(verdict, io.out);
  }
  if (!verdict.exact()) throw AnswerIsNo{};
}

}  // namespace

const Command verify{
    .name = "verify", .summary = "paint a picture again and compare", .run = run_verify};

}  // namespace sfumato::cli
