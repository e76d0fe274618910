#include "sfumato/family/split_files.h"

#include <algorithm>
#include <utility>

#include "sfumato/base/error.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/checkpoint/split_part.h"
#include "sfumato/family/checkpoint_names.h"
#include "sfumato/family/family.h"
#include "sfumato/tensor/shape.h"

namespace sfumato {
namespace {

void erase_below(TensorMap& tensors, const std::string& prefix) {
  std::erase_if(tensors, [&](const auto& item) { return item.first.starts_with(prefix); });
}

void replace_below(TensorMap& tensors, const std::string& prefix, TensorMap fresh) {
  erase_below(tensors, prefix);
  tensors.merge(fresh);
}

// What is replaced tells what has to come, if there is anything.
void expect_same_shapes(const TensorMap& old, const TensorMap& fresh, const std::string& file) {
  if (old.empty()) return;
  const LoadReport report = compare(old, fresh);
  if (!report.missing.empty()) {
    throw Error(ErrorKind::Corrupt, file + ": its autoencoder has no '" + report.missing[0] + "'",
                "it belongs to another family");
  }
  if (!report.misshapen.empty()) {
    const auto& first = report.misshapen[0];
    throw Error(ErrorKind::Corrupt,
                file + ": tensor '" + first.name + "' is " + shape_string(first.in_file) +
                    ", the checkpoint's " + shape_string(first.in_model),
                "it belongs to another family");
  }
}

void replace_autoencoder(TensorMap& tensors, const SplitFiles& files, const ModelConfig& config) {
  const std::string& file = files.vae;
  const std::string& prefix = config.checkpoint.autoencoder;
  TensorMap fresh =
      split_part(open_checkpoint(file, files.quantised).tensors, DiffusersPart::Vae, prefix, file);
  TensorMap old;
  for (const auto& [name, tensor] : tensors) {
    if (name.starts_with(prefix) && !is_ignored(name, config)) old[name] = tensor;
  }
  expect_same_shapes(old, fresh, file);
  replace_below(tensors, prefix, std::move(fresh));
}

/// The vector of SDXL has another name in diffusers' files than that of the unCLIP models.
DiffusersPart unet_kind(const TensorMap& file) {
  const bool added = std::any_of(file.begin(), file.end(), [](const auto& item) {
    return item.first.find("add_embedding.") != std::string::npos;
  });
  return added ? DiffusersPart::AddedUNet : DiffusersPart::UNet;
}

// What a file says of what its network predicts comes with the network.
void replace_unet(Checkpoint& whole, const SplitFiles& files, const std::string& prefix) {
  const std::string& file = files.unet;
  Checkpoint own = open_checkpoint(file, files.quantised);
  erase_below(whole.tensors, "model_ema.");
  for (const char* mark : {kPredictsVMark, kZeroTerminalMark}) {
    whole.tensors.erase(mark);
    if (auto node = own.tensors.extract(mark)) whole.tensors.insert(std::move(node));
  }
  replace_below(whole.tensors, prefix,
                split_part(own.tensors, unet_kind(own.tensors), prefix, file));
  for (const char* of_old : {"modelspec.prediction_type", "diffusers.scheduler"}) {
    whole.metadata.erase(of_old);
  }
  own.metadata.merge(whole.metadata);
  whole.metadata = std::move(own.metadata);
}

DiffusersPart encoder_kind(const TextEncoderConfig& encoder) {
  if (encoder.kind == EncoderKind::Clip) return DiffusersPart::ClipText;
  return encoder.take == Take::PenultimateNorm ? DiffusersPart::OpenClipPenultimate
                                               : DiffusersPart::OpenClipText;
}

bool is_of_encoder(const std::string& name, const ModelConfig& config) {
  return std::any_of(
      config.text_encoders.begin(), config.text_encoders.end(),
      [&](const TextEncoderConfig& encoder) { return name.starts_with(encoder.prefix); });
}

bool has_clip_encoders(const ModelConfig& config) {
  const auto is_clip = [](const TextEncoderConfig& encoder) {
    return encoder.kind == EncoderKind::Clip || encoder.kind == EncoderKind::OpenClip;
  };
  return !config.text_encoders.empty() &&
         std::all_of(config.text_encoders.begin(), config.text_encoders.end(), is_clip);
}

/// How many tensors of the fingerprint are there, those of text encoders aside; 0 when one is not.
std::size_t fit_without_encoders(const ModelConfig& config, const TensorMap& tensors) {
  std::size_t matched = 0;
  for (const auto& [name, shape] : config.fingerprint) {
    if (is_of_encoder(name, config)) continue;
    const auto found = tensors.find(name);
    if (found == tensors.end() || found->second.sizes() != at::IntArrayRef(shape)) return 0;
    ++matched;
  }
  return matched;
}

std::vector<const ModelConfig*> families_without_encoders(const TensorMap& tensors) {
  std::vector<std::pair<std::size_t, const ModelConfig*>> fitting;
  for (const auto& config : families()) {
    const std::size_t matched = fit_without_encoders(config, tensors);
    if (matched > 0 && has_clip_encoders(config)) fitting.emplace_back(matched, &config);
  }
  std::stable_sort(fitting.begin(), fitting.end(),
                   [](const auto& a, const auto& b) { return a.first > b.first; });
  std::vector<const ModelConfig*> families;
  for (const auto& [matched, config] : fitting) families.push_back(config);
  return families;
}

struct EncoderFile {
  std::string name;  ///< for messages
  TensorMap tensors;
};

/// The encoder from the first file that has it, with the shape the family wants.
std::optional<TensorMap> find_encoder(const TextEncoderConfig& encoder,
                                      const std::vector<EncoderFile>& files) {
  for (const auto& [name, tensors] : files) {
    try {
      TensorMap found = split_part(tensors, encoder_kind(encoder), encoder.prefix, name);
      const auto wide = [&](const auto& item) {
        return item.first.ends_with("token_embedding.weight") &&
               item.second.sizes() == at::IntArrayRef({encoder.vocabulary, encoder.width});
      };
      if (std::any_of(found.begin(), found.end(), wide)) return found;
    } catch (const Error& e) {
      if (e.kind() != ErrorKind::Corrupt) throw;
    }
  }
  return std::nullopt;
}

/// Nothing when the files have no encoder of this family, or leave one open that the checkpoint has
/// not got.
std::optional<TensorMap> with_encoders_of(const ModelConfig& config, TensorMap tensors,
                                          const std::vector<EncoderFile>& files) {
  bool placed = false;
  for (const auto& encoder : config.text_encoders) {
    auto found = find_encoder(encoder, files);
    if (found) {
      replace_below(tensors, encoder.prefix, std::move(*found));
      placed = true;
    } else if (with_prefix_removed(tensors, encoder.prefix).empty()) {
      return std::nullopt;
    }
  }
  return placed ? std::optional(std::move(tensors)) : std::nullopt;
}

TensorMap with_text_encoders(TensorMap tensors, const SplitFiles& split,
                             const ModelConfig* config) {
  std::vector<EncoderFile> files;
  std::string names;
  for (const auto& path : split.clip) {
    files.push_back({path, open_checkpoint(path, split.quantised).tensors});
    names += (names.empty() ? "" : ", ") + path;
  }
  const auto candidates = config ? std::vector{config} : families_without_encoders(tensors);
  for (const ModelConfig* candidate : candidates) {
    auto placed = with_encoders_of(*candidate, tensors, files);
    if (placed) return std::move(*placed);
  }
  if (candidates.empty()) {
    throw Error(ErrorKind::Unsupported, "no known family has such a U-Net and autoencoder",
                "check --unet and --vae; see 'sfumato models'");
  }
  throw Error(ErrorKind::Corrupt,
              names + ": not the text encoders of the family " + candidates[0]->family,
              "SDXL needs two: --clip CLIP-L,CLIP-G");
}

}  // namespace

Checkpoint with_split_files(Checkpoint whole, const SplitFiles& files, const ModelConfig* config) {
  // Without a family: the places that all have in common.
  const ModelConfig places = config ? *config : ModelConfig{};
  if (!files.unet.empty()) replace_unet(whole, files, places.checkpoint.unet);
  if (!files.vae.empty()) replace_autoencoder(whole.tensors, files, places);
  if (!files.clip.empty()) {
    whole.tensors = with_text_encoders(std::move(whole.tensors), files, config);
  }
  return whole;
}

}  // namespace sfumato
