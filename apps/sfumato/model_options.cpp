#include "model_options.h"

#include <ATen/Context.h>
#include <ATen/Version.h>
#include <torch/version.h>

#include <ostream>
#include <string_view>

#include "checkpoint_source.h"
#include "model_files.h"
#include "name_list.h"
#include "sfumato/base/error.h"
#include "sfumato/base/sha256.h"
#include "sfumato/checkpoint/file_hash.h"
#include "sfumato/diffusion/prediction.h"
#include "sfumato/family/embedded_scenes.h"
#include "sfumato/family/load_model.h"
#include "sfumato/family/tiny_decoder_file.h"
#include "sfumato/ops/packed/packed_weight.h"

namespace sfumato::cli {
namespace fs = std::filesystem;
namespace {

/// A file of a part: as named, or below the models folder.
std::string part_path(const ModelOptions& options, const std::string& kind,
                      const std::string& name) {
  if (name.empty() || fs::exists(name)) return name;
  const auto found = find_weights(models_folder(options), kind, name);
  return found ? found->string() : name;
}

SplitFiles split_files(const ModelOptions& options) {
  SplitFiles files{.unet = part_path(options, "unet", options.unet),
                   .vae = part_path(options, "vae", options.vae)};
  for (const auto& name :
       split_names(options.clip, [](const std::string& whole) { return fs::exists(whole); })) {
    files.clip.push_back(part_path(options, "clip", name));
  }
  return files;
}

/// Without --model a U-Net of its own is what everything else is put around.
std::string base_path(const ModelOptions& options) {
  const bool from_parts = !options.unet.empty() && options.model == "scenes";
  return from_parts ? "" : model_path(options);
}

WeightsIdentity identify_file(const fs::path& file, std::ostream& err) {
  constexpr std::uintmax_t kLarge = 1u << 30;
  if (fs::file_size(file) > kLarge && !is_hash_remembered(file, hash_cache())) {
    err << "note: hashing " << file.string() << ", this once\n";
  }
  return {file.filename().string(), file_sha256(file, hash_cache())};
}

std::string precision_name(at::ScalarType dtype) {
  if (dtype == at::kFloat) return "float32";
  return dtype == at::kBFloat16 ? "bfloat16" : "float16";
}

/// "AVX2", or "" when LibTorch does not say.
std::string instruction_set() {
  constexpr std::string_view kLabel = "CPU capability usage: ";
  const std::string config = at::show_config();
  const auto at = config.find(kLabel);
  if (at == config.npos) return "";
  const auto begin = at + kLabel.size();
  return config.substr(begin, config.find('\n', begin) - begin);
}

std::map<std::string, std::string> compute_facts(const Model& model) {
  std::map<std::string, std::string> facts{
      {"device", model.device.is_cuda() ? "cuda" : "cpu"},
      {"precision", precision_name(model.dtype)},
      {"prediction", std::string(prediction_name(model.config.prediction))},
      {"libtorch", TORCH_VERSION}};
  if (model.config.schedule.zero_terminal_snr) facts["noise_schedule"] = kZeroTerminalSnr;
  if (model.device.is_cpu()) facts["instructions"] = instruction_set();
  return facts;
}

WeightsIdentity identify_embedded(const std::string& name) {
  const auto bytes = embedded_scenes_file(name);
  return {"scenes", bytes ? sha256_hex(*bytes) : ""};
}

/// "scenes" is part of the program, whatever lies in the models folder.
std::string taesd_path(const ModelOptions& options) {
  return options.taesd == "scenes" ? options.taesd : part_path(options, "taesd", options.taesd);
}

WeightsIdentity identify_taesd(const ModelOptions& options, std::ostream& err) {
  if (options.taesd == "scenes") return identify_embedded("taesd_decoder.safetensors");
  return identify_file(taesd_path(options), err);
}

WeightsIdentity identify_weights(const ModelOptions& options, const Model& model,
                                 std::ostream& err) {
  const std::string path = base_path(options);
  if (path == "scenes") return identify_embedded("model.safetensors");
  const fs::path named = path.empty() ? split_files(options).unet : path;
  std::string name = named.filename().empty()  ? named.parent_path().filename().string()
                     : fs::is_directory(named) ? named.filename().string()
                                               : named.stem().string();
  if (name.empty()) name = model.config.family;
  const auto file = single_weights_file(named);
  if (!file || !fs::exists(*file)) return {name, ""};
  return {name, identify_file(*file, err).hash};
}

VaeTiling parse_vae_tiling(const std::string& name) {
  if (name == "on") return VaeTiling::On;
  return name == "off" ? VaeTiling::Off : VaeTiling::Auto;
}

}  // namespace

at::Device parse_device(const std::string& name) {
  if (name == "cpu") return at::kCPU;
  if (name == "auto") return at::hasCUDA() ? at::kCUDA : at::kCPU;
  if (name != "cuda") {
    throw Error(ErrorKind::InvalidArgument, "--device: unknown device '" + name + "'",
                "one of: cpu, cuda, auto");
  }
  if (!at::hasCUDA()) {
    throw Error(ErrorKind::Unsupported, "--device cuda: this machine or build has no CUDA device",
                "use --device cpu");
  }
  return at::kCUDA;
}

at::ScalarType parse_precision(const std::string& name, at::Device device) {
  if (name == "float32") return at::kFloat;
  if (name == "bfloat16") return at::kBFloat16;
  if (name == "float16" && device.is_cuda()) return at::kHalf;
  if (name == "auto") {
    return device.is_cuda() || ops::has_fast_bfloat16() ? at::kBFloat16 : at::kFloat;
  }
  if (name == "float16") {
    throw Error(ErrorKind::Unsupported, "--precision float16: the CPU does not compute in float16",
                "use --precision bfloat16 or float32");
  }
  throw Error(ErrorKind::InvalidArgument, "--precision: unknown precision '" + name + "'",
              "one of: float32, bfloat16, float16, auto");
}

fs::path models_folder(const ModelOptions& options) {
  return options.models_dir.empty() ? "models" : options.models_dir;
}

std::string model_path(const ModelOptions& options) {
  if (options.model == "scenes" || options.model.empty() || fs::exists(options.model)) {
    return options.model;
  }
  const auto found = find_weights(models_folder(options), "checkpoints", options.model);
  return found ? found->string() : options.model;  // load_model() says that there is none
}

Model open_model(const ModelOptions& options, std::ostream& err) {
  const std::string path = base_path(options);
  if (!options.family.empty() && (path == "scenes" || fs::exists(fs::path(path) / "family.toml"))) {
    throw Error(ErrorKind::InvalidArgument,
                "--family " + options.family + ": " + options.model + " brings its own family",
                "leave --family out; it is for single .safetensors files");
  }
  LoadOptions load;
  load.device = parse_device(options.device);
  load.dtype = parse_precision(options.precision, load.device);
  load.family = options.family;
  load.use_ema = !options.no_ema;
  load.pack = true;
  load.low_memory = options.low_memory;
  if (!options.prediction.empty()) load.prediction = parse_prediction(options.prediction);
  load.zero_terminal_snr = options.zero_terminal_snr;
  load.split = split_files(options);
  load.split.quantised = load.dtype;
  load.on_note = [&err](const std::string& note) { err << "note: " << note << "\n"; };
  Model model = load_model(path, load);
  model.autoencoder.tiling = parse_vae_tiling(options.vae_tiling);
  if (options.low_memory && options.vae_tiling == "auto") {
    model.autoencoder.tiling = VaeTiling::On;
  }
  if (!options.taesd.empty()) {
    model.autoencoder.tiny =
        load_tiny_decoder(taesd_path(options), model.config.latent, load.device, load.dtype);
  }
  return model;
}

std::optional<Model> open_refiner(const RefinerSettings& settings, const ModelOptions& options,
                                  ModelIdentity& identity, std::ostream& err) {
  if (!settings.refiner_enabled()) return std::nullopt;
  ModelOptions own;
  own.model = *settings.refiner;
  own.no_ema = options.no_ema;
  own.device = options.device;
  own.precision = options.precision;
  own.vae_tiling = options.vae_tiling;
  own.low_memory = options.low_memory;
  own.models_dir = options.models_dir;
  Model refiner = open_model(own, err);
  identity.parts["refiner"] = identify_weights(own, refiner, err);
  return refiner;
}

ModelIdentity identify_model(const ModelOptions& options, const Model& model, std::ostream& err) {
  const auto [name, hash] = identify_weights(options, model, err);
  ModelIdentity identity{.name = name, .hash = hash, .computed = compute_facts(model)};
  const SplitFiles files = split_files(options);
  if (!files.unet.empty()) identity.parts["unet"] = identify_file(files.unet, err);
  if (!files.vae.empty()) identity.parts["vae"] = identify_file(files.vae, err);
  if (!options.taesd.empty()) identity.parts["taesd"] = identify_taesd(options, err);
  for (std::size_t i = 0; i < files.clip.size(); ++i) {
    const std::string part = i == 0 ? "clip" : "clip" + std::to_string(i + 1);
    identity.parts[part] = identify_file(files.clip[i], err);
  }
  if (options.no_ema) identity.computed["averaged_weights"] = "no";
  return identity;
}

}  // namespace sfumato::cli
