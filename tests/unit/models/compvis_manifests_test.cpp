#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sfumato/base/files.h"
#include "sfumato/models/autoencoder_kl.h"
#include "sfumato/models/autoencoder_vq.h"
#include "sfumato/models/compvis_config.h"
#include "sfumato/nn/init.h"

namespace sfumato {
namespace {

using nlohmann::json;
using Shapes = std::map<std::string, std::vector<int64_t>>;

const std::filesystem::path kManifests = SFUMATO_SOURCE_DIR "/../shared/manifests";

Shapes shapes_of(const torch::nn::Module& model) {
  Shapes shapes;
  for (const auto& parameter : model.named_parameters()) {
    shapes[parameter.key()] = parameter.value().sizes().vec();
  }
  return shapes;
}

// What the published file holds below `prefix`, without training losses.
Shapes shapes_in(const json& manifest, const std::string& prefix) {
  Shapes shapes;
  for (const auto& [name, info] : manifest.at("tensors").items()) {
    if (!name.starts_with(prefix) || name.starts_with(prefix + "loss.")) continue;
    shapes[name.substr(prefix.size())] = info.at(1).get<std::vector<int64_t>>();
  }
  return shapes;
}

Shapes autoencoder_shapes(const json& config) {
  const auto c = autoencoder_from_compvis(config);
  if (c.codebook_size > 0) return shapes_of(*AutoencoderVQ(c));
  return shapes_of(*AutoencoderKL(c));
}

// The authors' own configuration must give exactly the tensors of the authors' checkpoint.
TEST(CompvisManifests, ConfigurationsGiveTheTensorsOfTheCheckpoints) {
  if (!std::filesystem::is_directory(kManifests)) GTEST_SKIP() << kManifests << " is not here";
  const nn::InitGuard no_memory(nn::Init::Meta);
  int compared = 0;
  for (const auto& entry : std::filesystem::directory_iterator(kManifests)) {
    if (entry.path().extension() != ".json") continue;
    SCOPED_TRACE(entry.path().filename().string());
    const json manifest = json::parse(read_file(entry.path()));
    const json& config = manifest.at("config");
    const json& params =
        config.contains("model") ? config.at("model").at("params") : config.at("params");
    for (const char* key : {"unet_config", "network_config"}) {
      if (!params.contains(key)) continue;
      const auto unet = unet_from_compvis(params.at(key));
      EXPECT_EQ(shapes_of(*UNet(unet)), shapes_in(manifest, "model.diffusion_model."));
      ++compared;
    }
    if (params.contains("first_stage_config")) {
      EXPECT_EQ(autoencoder_shapes(params.at("first_stage_config")),
                shapes_in(manifest, "first_stage_model."));
      ++compared;
    } else if (params.contains("ddconfig")) {
      EXPECT_EQ(autoencoder_shapes(config), shapes_in(manifest, ""));
      ++compared;
    }
  }
  EXPECT_GT(compared, 40);
}

}  // namespace
}  // namespace sfumato
