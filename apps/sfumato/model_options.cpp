#include "model_options.h"

#include <ATen/Context.h>

#include <cstdlib>
#include <filesystem>

#include "sfumato/base/embedded.h"
#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/base/sha256.h"
#include "sfumato/family/load_model.h"

namespace sfumato {
std::span<const EmbeddedFile> embedded_scenes();  // src/sfumato/CMakeLists.txt
}

namespace sfumato::cli {
namespace fs = std::filesystem;

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
  if (name == "auto") return device.is_cuda() ? at::kBFloat16 : at::kFloat;
  if (name == "float16") {
    throw Error(ErrorKind::Unsupported, "--precision float16: the CPU does not compute in float16",
                "use --precision bfloat16 or float32");
  }
  throw Error(ErrorKind::InvalidArgument, "--precision: unknown precision '" + name + "'",
              "one of: float32, bfloat16, float16, auto");
}

fs::path models_folder(const ModelOptions& options) {
  if (!options.models_dir.empty()) return options.models_dir;
  const char* folder = std::getenv("SFUMATO_MODELS");
  return folder && *folder ? folder : "models";
}

std::string model_path(const ModelOptions& options) {
  if (options.model == "scenes" || options.model.empty() || fs::exists(options.model)) {
    return options.model;
  }
  const fs::path folder = models_folder(options);
  for (const fs::path& parent : {folder / "checkpoints", folder}) {
    for (const char* extension : {"", ".safetensors", ".ckpt", ".gguf", ".pt"}) {
      const fs::path path = parent / (options.model + extension);
      if (fs::exists(path)) return path.string();
    }
  }
  return options.model;  // load_model() says that there is none
}

Model open_model(const ModelOptions& options) {
  if (!options.family.empty() && (options.model == "scenes" || fs::is_directory(options.model))) {
    throw Error(ErrorKind::InvalidArgument,
                "--family " + options.family + ": " + options.model + " brings its own family",
                "leave --family out; it is for single .safetensors files");
  }
  LoadOptions load;
  load.device = parse_device(options.device);
  load.dtype = parse_precision(options.precision, load.device);
  load.family = options.family;
  return load_model(model_path(options), load);
}

ModelIdentity identify_model(const ModelOptions& options, const Model& model) {
  if (options.model == "scenes") {
    for (const auto& file : embedded_scenes()) {
      if (file.name == "model.safetensors") return {"scenes", sha256_hex(file.bytes)};
    }
  }
  fs::path file = model_path(options);
  if (fs::is_directory(file)) file /= "model.safetensors";
  if (!fs::exists(file)) return {model.config.family, ""};
  ModelIdentity identity{fs::path(options.model).stem().string(), ""};
  if (identity.name.empty()) identity.name = model.config.family;
  if (fs::file_size(file) <= 512u << 20) identity.hash = sha256_hex(read_file(file));
  return identity;
}

}  // namespace sfumato::cli
