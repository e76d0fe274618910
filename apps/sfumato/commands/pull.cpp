#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <ostream>
#include <thread>
#include <vector>

#include "../command.h"
#include "../flags.h"
#include "../hub_access.h"
#include "../model_options.h"
#include "../progress.h"
#include "sfumato/base/bytes_text.h"
#include "sfumato/base/error.h"
#include "sfumato/hub/choose_files.h"
#include "sfumato/hub/download.h"
#include "sfumato/hub/part_file.h"
#include "sfumato/hub/pull_plan.h"

namespace sfumato::cli {
namespace {
namespace fs = std::filesystem;

struct PullOptions {
  std::string revision, to = "checkpoints", models_dir, out, hub, token_file;
};
constexpr std::array kPullFields{
    Field<PullOptions>{.name = "to",
                       .member = &PullOptions::to,
                       .help = "subfolder of the models folder",
                       .choices = "checkpoints|vae|loras|embeddings"},
    Field<PullOptions>{"models-dir", &PullOptions::models_dir,
                       "folder with checkpoints, loras and embeddings [SFUMATO_MODELS, or models]"},
};
constexpr std::array kPullPlaceFields{
    Field<PullOptions>{"revision", &PullOptions::revision, "branch, tag or commit"},
    Field<PullOptions>{"out", &PullOptions::out, "the file or folder to write, instead of --to"},
    Field<PullOptions>{"hub", &PullOptions::hub,
                       "address of the hub [SFUMATO_HUB, HF_ENDPOINT, or https://huggingface.co]"},
    Field<PullOptions>{"token-file", &PullOptions::token_file,
                       "file with the token for gated repositories [HF_TOKEN, or the hub's login]"},
};
constexpr const char* kThisCall = "this call";

struct PullLine {
  std::string what;
  std::vector<std::string> include;
  PullOptions options;

  bool parse(std::span<const char* const> args, std::ostream& to) {
    Flags flags("sfumato pull", "fetches a model from a hub, or a file from an address");
    flags.add_positional("MODEL", "OWNER/NAME on the hub, or an address", 1,
                         [this](std::string_view word) { what = word; });
    flags.add_repeated(
        "include", "PATTERN", "only the files that match, such as '*.fp16.safetensors'; repeatable",
        [this](std::string_view pattern) { include.emplace_back(pattern); }, kThisCall);
    flags.add<PullOptions>(options, kPullPlaceFields, kThisCall);
    flags.add<PullOptions>(options, kPullFields);
    // A file of settings in some folder must not say who gets the token, nor where files land.
    flags.without_settings(kThisCall);
    if (!flags.parse(args, to)) return false;
    if (!what.empty()) return true;
    throw Error(ErrorKind::InvalidArgument, "no model given",
                "for example: sfumato pull stabilityai/sdxl-turbo");
  }
  fs::path folder() const {
    ModelOptions model;
    model.models_dir = options.models_dir;
    return models_folder(model) / options.to;
  }
};

/// One pull under way: what is fetched, and how far that is.
class Pull {
 public:
  Pull(const PullLine& line, Streams io)
      : line_(line),
        io_(io),
        hub_(hub_address(line.options.hub)),
        source_(parse_pull_source(line.what, hub_, line.options.revision)),
        http_("sfumato/" SFUMATO_VERSION, token(), io.cancel),
        patience_([this](double seconds) { sleep(seconds); },
                  [this](const std::string& text) { note(text); }),
        progress_(io),
        env_{http_, patience_, io.cancel,
             [this](std::uint64_t done, std::uint64_t all) { show(done, all); },
             [this](const std::string& text) { note(text); }} {}

  /// Returns what to give to --model.
  fs::path run() { return source_.repository ? pull_repository() : pull_address(); }

 private:
  /// The secret is for the hub; another address sees it only when this call names the file.
  HttpToken token() const {
    const HubSecret secret = find_hub_secret(line_.options.token_file);
    const bool elsewhere = source_.url.has_value() && source_.url->origin != hub_.origin;
    if (!elsewhere) return {secret.text, hub_.origin};
    return secret.as_asked ? HttpToken{secret.text, source_.url->origin} : HttpToken{};
  }

  fs::path pull_repository() {
    const Repository& repository = *source_.repository;
    const HubListing listing = fetch_listing(repository, env_);
    const PullPlan plan =
        plan_pull(repository, chosen(listing), !source_.file.empty() || !line_.include.empty(),
                  line_.folder(), line_.options.out);
    std::vector<Download> missing;
    std::uint64_t bytes = 0, begun = 0;
    for (const auto& [file, path] : plan.files) {
      const Download download{repository.file_url(file.name, listing.commit),
                              path,
                              file.size,
                              file.sha256,
                              file.blob_id,
                              plan.replace};
      if (has(download)) continue;
      missing.push_back(download);
      bytes += file.size.value_or(0);
      begun += begun_bytes(path);
    }
    if (missing.size() > 1) {
      note(repository.id() + ": " + std::to_string(missing.size()) + " files, " +
           bytes_text(bytes));
    }
    expect_room(plan.result, bytes - std::min(bytes, begun));
    for (const auto& download : missing) get(download);
    return plan.result;
  }

  std::vector<HubFile> chosen(const HubListing& listing) const {
    const std::string where = source_.repository->id();
    if (source_.file.empty()) return choose_files(listing, line_.include, where);
    for (const auto& file : listing.files) {
      if (file.name == source_.file) return {file};
    }
    throw Error(ErrorKind::NotFound, where + " has no file '" + source_.file + "'",
                "check the spelling, upper and lower case too");
  }

  fs::path pull_address() {
    if (!line_.include.empty()) {
      throw Error(ErrorKind::InvalidArgument,
                  "--include: " + source_.url->shown() + " is no repository on " + hub_.shown());
    }
    const RemoteFile file = probe(*source_.url, env_);
    const std::string& out = line_.options.out;
    const fs::path path = single_path(file.name, line_.folder(), out);
    if (path.filename().empty() || fs::is_directory(path)) {
      throw Error(ErrorKind::InvalidArgument, source_.url->shown() + " does not name its file",
                  "name it with --out FILE");
    }
    const Download download{*source_.url, path, file.size, file.sha256, "", !out.empty()};
    if (!has(download)) get(download);
    return path;
  }

  bool has(const Download& download) {
    if (!is_fetched(download, env_)) return false;
    note(download.path.string() + " is there already" +
         (download.sha256.empty() ? ", going by its size" : ""));
    return true;
  }

  void get(const Download& download) {
    what_ = download.path.filename().string();
    note(download.path.string() + (download.size ? ", " + bytes_text(*download.size) : ""));
    fetch(download, env_);
    progress_.clear();
  }

  void note(const std::string& text) {
    progress_.clear();
    io_.err << text << "\n";
  }

  void show(std::uint64_t done, std::uint64_t all) {
    const auto now = std::chrono::steady_clock::now();
    if (done < all && now - shown_ < std::chrono::milliseconds(100)) return;
    shown_ = now;
    progress_.show_bytes(what_, std::int64_t(done), std::int64_t(all));
  }

  void sleep(double seconds) const {
    using std::chrono::steady_clock;
    const auto end = steady_clock::now() + std::chrono::duration<double>(seconds);
    while (steady_clock::now() < end) {
      io_.cancel.throw_if_cancelled();
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  }

  const PullLine& line_;
  Streams io_;
  Url hub_;
  PullSource source_;
  HttpClient http_;
  Patience patience_;
  ProgressLine progress_;
  DownloadEnv env_;
  std::string what_;
  std::chrono::steady_clock::time_point shown_{};
};

void run_pull(std::span<const char* const> args, Streams io) {
  PullLine line;
  if (line.parse(args, io.out)) io.out << Pull(line, io).run().string() << "\n";
}

}  // namespace

const Command pull{
    .name = "pull", .summary = "fetch a model from a hub or an address", .run = run_pull};

}  // namespace sfumato::cli
