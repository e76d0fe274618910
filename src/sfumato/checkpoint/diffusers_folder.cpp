#include "sfumato/checkpoint/diffusers_folder.h"

#include <array>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sfumato/base/bounded_json.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/diffusers_convert.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/checkpoint/utf8.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr std::size_t kMaxJson = 1 << 20;

constexpr std::array<const char*, 3> kStems{"diffusion_pytorch_model", "model", "pytorch_model"};
constexpr std::array<const char*, 10> kEndings{".safetensors",
                                               ".safetensors.index.json",
                                               ".fp16.safetensors",
                                               ".safetensors.index.fp16.json",
                                               ".fp16.safetensors.index.json",
                                               ".bin",
                                               ".bin.index.json",
                                               ".fp16.bin",
                                               ".bin.index.fp16.json",
                                               ".fp16.bin.index.json"};

/// What a part of this class can be read as.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kClasses{{
    {"unet", "UNet2DConditionModel"},
    {"vae", "AutoencoderKL"},
    {"text_encoder", "CLIPTextModel"},
    {"text_encoder_2", "CLIPTextModelWithProjection"},
}};

struct FolderPart {
  std::string folder;
  DiffusersPart part;
  std::string prefix;  ///< in the single file
};

json read_json(const fs::path& path) {
  json value = parse_bounded_json(read_file(path, kMaxJson));
  if (value.is_object()) return value;
  throw Error(ErrorKind::Corrupt, path.string() + ": not a JSON object");
}

/// The class of a part, or "" when the pipeline has none.
std::string class_of(const json& index, std::string_view part) {
  const auto entry = index.find(std::string(part));
  const bool given =
      entry != index.end() && entry->is_array() && entry->size() == 2 && (*entry)[1].is_string();
  return given ? (*entry)[1].get<std::string>() : "";
}

void expect_known_class(const json& index, std::string_view part, std::string_view wanted,
                        const fs::path& folder) {
  const std::string found = class_of(index, part);
  // With or without the projection: the names are alike.
  const bool texts = wanted.starts_with("CLIPTextModel") && found.starts_with("CLIPTextModel");
  if (found.empty() || found == wanted || texts) return;
  throw Error(ErrorKind::Unsupported, folder.string() + ": its " + std::string(part) +
                                          " is of the class '" + printable(found) + "', expected " +
                                          std::string(wanted));
}

/// OpenAI's text tower has the quick GELU, OpenCLIP's the exact one.
bool is_openai_text(const fs::path& folder) {
  const json config = read_json(folder / "config.json");
  const auto found = config.find("hidden_act");
  return found == config.end() || *found == "quick_gelu";
}

std::string pipeline_of(const json& index) {
  const auto name = index.find("_class_name");
  return name != index.end() && name->is_string() ? name->get<std::string>() : "";
}

/// Of the two pipelines of unCLIP the one that begins with a picture.
bool is_unclip(const json& index) {
  return pipeline_of(index).starts_with("StableUnCLIP") &&
         !class_of(index, "image_encoder").empty();
}

std::vector<FolderPart> parts_of(const fs::path& folder, const json& index) {
  for (const auto& [part, wanted] : kClasses) expect_known_class(index, part, wanted, folder);
  const auto has = [&](std::string_view part) { return !class_of(index, part).empty(); };
  const bool xl = has("text_encoder_2");
  std::vector<FolderPart> parts;
  if (has("unet")) {
    parts.push_back(
        {"unet", xl ? DiffusersPart::AddedUNet : DiffusersPart::UNet, "model.diffusion_model."});
  }
  if (has("vae")) parts.push_back({"vae", DiffusersPart::Vae, "first_stage_model."});
  if (xl) {
    const std::string place = has("text_encoder") ? "1" : "0";
    parts.push_back({"text_encoder_2", DiffusersPart::OpenClipText,
                     "conditioner.embedders." + place + ".model."});
  }
  if (has("text_encoder")) {
    const bool openai = xl || is_openai_text(folder / "text_encoder");
    parts.push_back({"text_encoder",
                     openai ? DiffusersPart::ClipText : DiffusersPart::OpenClipPenultimate,
                     xl       ? "conditioner.embedders.0.transformer."
                     : openai ? "cond_stage_model.transformer."
                              : "cond_stage_model.model."});
  }
  if (is_unclip(index)) {
    parts.push_back({"image_encoder", DiffusersPart::ClipImage, "embedder.model.visual."});
  }
  if (!has("unet")) {
    throw Error(ErrorKind::Unsupported, folder.string() + ": a pipeline of the class '" +
                                            printable(pipeline_of(index)) +
                                            "' has no U-Net of Stable Diffusion");
  }
  return parts;
}

fs::path weights_in(const fs::path& folder) {
  for (const char* ending : kEndings) {
    for (const char* stem : kStems) {
      const fs::path path = folder / (std::string(stem) + ending);
      if (fs::exists(path)) return path;
    }
  }
  throw Error(ErrorKind::NotFound, folder.string() + ": no weights in this folder",
              "it should hold diffusion_pytorch_model.safetensors, model.safetensors or the like");
}

void add_part(TensorMap& all, const fs::path& folder, const FolderPart& part) {
  const fs::path path = weights_in(folder / part.folder);
  TensorMap single = to_single_file(part.part, open_checkpoint(path).tensors, path.string());
  if (part.part == DiffusersPart::OpenClipText || part.part == DiffusersPart::OpenClipPenultimate) {
    complete_open_clip(part.part, single);
  }
  for (auto& [name, tensor] : single) all[part.prefix + name] = std::move(tensor);
}

/// Mean and deviation of unCLIP's image embeddings.
void add_statistics(TensorMap& all, const fs::path& folder) {
  if (!fs::is_directory(folder)) return;
  for (auto& [name, tensor] : open_checkpoint(weights_in(folder)).tensors) {
    if (name == "mean" || name == "std") all["noise_augmentor.data_" + name] = std::move(tensor);
  }
}

}  // namespace

bool is_diffusers_folder(const fs::path& folder) { return fs::exists(folder / "model_index.json"); }

TensorMap load_diffusers_folder(const fs::path& folder, Metadata* metadata) {
  const json index = read_json(folder / "model_index.json");
  TensorMap all;
  for (const auto& part : parts_of(folder, index)) add_part(all, folder, part);
  if (is_unclip(index)) add_statistics(all, folder / "image_normalizer");
  if (metadata) {
    (*metadata)["diffusers.pipeline"] = pipeline_of(index);
    const fs::path scheduler = folder / "scheduler" / "scheduler_config.json";
    if (fs::exists(scheduler)) (*metadata)["diffusers.scheduler"] = read_json(scheduler).dump();
  }
  return all;
}

}  // namespace sfumato
