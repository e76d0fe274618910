#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>

#include "sfumato/base/cancel.h"
#include "sfumato/data/sample.h"
#include "sfumato/data/scenes/generate.h"

namespace sfumato::scenes {

/// Scene `index` of (seed, options), drawn at size x size pixels, with caption and json.
Sample scene_sample(std::uint64_t seed, std::uint64_t index, int size, const SceneOptions& options);

struct WriteScenesOptions {
  std::filesystem::path folder;
  std::uint64_t count = 0, seed = 0;
  int size = 64;
  SceneOptions scenes;
};

/// Writes `count` scenes as WebDataset shards scenes-000000.tar, ... into the folder. The same
/// options give the same bytes. Refuses a folder that holds other shards. `on_written` is told how
/// many are done. When cancelled it throws, and the shards finished by then stay.
void write_scenes(const WriteScenesOptions& options,
                  const std::function<void(std::uint64_t)>& on_written, CancelToken cancel);

}  // namespace sfumato::scenes
