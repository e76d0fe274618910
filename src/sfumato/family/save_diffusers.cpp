#include "sfumato/family/save_diffusers.h"

#include <unistd.h>

#include <algorithm>

#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/diffusers_convert.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/detect.h"
#include "sfumato/family/diffusers_configs.h"
#include "sfumato/family/model.h"
#include "sfumato/text/hugging_face_tokenizer.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

/// A folder under another name until commit(); removed if it does not come to that.
class AtomicFolder {
 public:
  explicit AtomicFolder(const fs::path& path)
      : path_(path), temporary_(path.string() + ".partial-" + std::to_string(getpid())) {
    make_folder(temporary_);
  }
  ~AtomicFolder() {
    if (committed_) return;
    std::error_code ignored;
    fs::remove_all(temporary_, ignored);
  }
  AtomicFolder(const AtomicFolder&) = delete;
  AtomicFolder& operator=(const AtomicFolder&) = delete;

  const fs::path& temporary() const { return temporary_; }
  void commit() {
    std::error_code failure;
    fs::rename(temporary_, path_, failure);
    if (failure) {
      throw Error(ErrorKind::Io, "cannot write " + path_.string() + ": " + failure.message());
    }
    committed_ = true;
  }

 private:
  fs::path path_, temporary_;
  bool committed_ = false;
};

void expect_free(const fs::path& folder) {
  std::error_code failure;
  if (!fs::exists(folder, failure)) return;
  if (fs::is_directory(folder, failure) && fs::is_empty(folder, failure)) return;
  throw Error(ErrorKind::InvalidArgument, folder.string() + " exists already",
              "give the name of a new or empty folder");
}

void expect_complete(const TensorMap& needed, const ModelConfig& config) {
  const LoadReport report = compare(checkpoint_tensors(describe_model(config)), needed);
  const std::string model = "the checkpoint is no complete " + config.family + ": ";
  if (!report.missing.empty()) {
    throw Error(ErrorKind::Corrupt,
                model + std::to_string(report.missing.size()) + " tensors are missing, first '" +
                    report.missing[0] + "'",
                "see 'sfumato inspect'; a missing autoencoder can be added with --vae");
  }
  if (!report.misshapen.empty()) {
    throw Error(ErrorKind::Corrupt,
                model + "tensor '" + report.misshapen[0].name + "' has another shape",
                "see 'sfumato inspect'");
  }
}

/// The one that came with the checkpoint, unless the family was said to be another.
Json scheduler_of(const ModelConfig& config, const Metadata& metadata) {
  const auto found = metadata.find("diffusers.scheduler");
  const auto stated = stated_prediction(metadata).value_or(Prediction::Epsilon);
  if (found == metadata.end() || stated != config.prediction ||
      states_zero_terminal_snr(metadata) != config.schedule.zero_terminal_snr) {
    return diffusers_scheduler(config);
  }
  Json kept = parse_bounded_json(found->second);
  const bool usable =
      kept.is_object() && kept.contains("_class_name") && kept["_class_name"].is_string();
  return usable ? kept : diffusers_scheduler(config);
}

void write_json(const fs::path& path, const Json& json) {
  make_folder(path.parent_path());
  write_file_atomically(path, json.dump(2) + "\n");
}

/// Nothing for an encoder whose vocabulary is not at hand.
std::optional<TokenizerFile> vocabulary_of(const TextEncoderConfig& encoder,
                                           const std::string& tokenizer_text) {
  if (encoder.tokenizer == TokenizerKind::Clip) return original_vocabulary();
  if (encoder.tokenizer != TokenizerKind::File || tokenizer_text.empty()) return std::nullopt;
  return parse_tokenizer_file(tokenizer_text, encoder.tokenizer_file);
}

void write_tokenizer(const fs::path& folder, const TextEncoderConfig& encoder,
                     const std::string& tokenizer_text) {
  const auto vocabulary = vocabulary_of(encoder, tokenizer_text);
  if (!vocabulary) return;
  make_folder(folder);
  for (const auto& [name, text] : hugging_face_tokenizer(*vocabulary, encoder.pad_with_eos)) {
    write_file_atomically(folder / name, text);
  }
}

void write_tokenizers(const fs::path& folder, const ModelConfig& config,
                      const std::vector<DiffusersFolderPart>& parts,
                      const std::string& tokenizer_text) {
  for (const auto& encoder : config.text_encoders) {
    for (const auto& part : parts) {
      if (part.prefix != encoder.prefix) continue;
      const bool second = part.folder == "text_encoder_2";
      write_tokenizer(folder / (second ? "tokenizer_2" : "tokenizer"), encoder, tokenizer_text);
    }
  }
}

}  // namespace

std::vector<std::string> save_diffusers(const fs::path& folder, const TensorMap& tensors,
                                        const ModelConfig& config, const Metadata& metadata,
                                        std::optional<at::ScalarType> storage,
                                        const std::string& tokenizer_text) {
  // "out/" and "out" are the same folder; the one beside it needs the name without slash.
  const fs::path path = folder.has_filename() ? folder : folder.parent_path();
  const auto parts = diffusers_parts(config);
  const TensorMap needed = needed_tensors(tensors, config, /*use_ema=*/true);
  expect_complete(needed, config);
  expect_free(path);

  const Json scheduler = scheduler_of(config, metadata);
  AtomicFolder out(path);
  for (const auto& part : parts) {
    const fs::path place = out.temporary() / part.folder;
    write_json(place / "config.json", part.config);
    const TensorMap single = with_prefix_removed(needed, part.prefix);
    save_safetensors(place / part.file, to_folder(part.part, single, part.folder),
                     {{"format", "pt"}}, storage);
  }
  write_tokenizers(out.temporary(), config, parts, tokenizer_text);
  write_json(out.temporary() / "scheduler" / "scheduler_config.json", scheduler);
  write_json(out.temporary() / "model_index.json",
             diffusers_index(config, scheduler["_class_name"].get<std::string>()));
  out.commit();

  std::vector<std::string> left;
  for (const auto& [name, tensor] : needed) {
    const bool placed = std::any_of(parts.begin(), parts.end(), [&](const auto& part) {
      return name.starts_with(part.prefix);
    });
    if (!placed) left.push_back(name);
  }
  return left;
}

}  // namespace sfumato
