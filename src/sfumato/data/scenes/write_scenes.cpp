#include "sfumato/data/scenes/write_scenes.h"

#include <cstdio>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/data/scenes/draw_scene.h"
#include "sfumato/data/scenes/scene_json.h"
#include "sfumato/data/web_dataset.h"

namespace sfumato::scenes {
namespace fs = std::filesystem;
namespace {

constexpr char kPrefix[] = "scenes";
constexpr std::uint64_t kScenesPerShard = 5000;

std::string key_of(std::uint64_t index) {
  char key[24];
  std::snprintf(key, sizeof key, "%06llu", static_cast<unsigned long long>(index));
  return key;
}

// Shards of another run would be read together with the new ones.
void refuse_other_shards(const WriteScenesOptions& options) {
  const std::uint64_t shards = (options.count + kScenesPerShard - 1) / kScenesPerShard;
  for (const auto& entry : fs::directory_iterator(options.folder)) {
    if (entry.path().extension() != ".tar") continue;
    bool ours = false;
    for (std::uint64_t i = 0; i < shards && !ours; ++i) {
      ours = entry.path().filename() == shard_name(kPrefix, i);
    }
    if (ours) continue;
    throw Error(ErrorKind::InvalidArgument,
                options.folder.string() + " already holds " + entry.path().filename().string(),
                "choose an empty folder, or delete the old shards");
  }
}

}  // namespace

Sample scene_sample(std::uint64_t seed, std::uint64_t index, int size,
                    const SceneOptions& options) {
  const CaptionedScene drawn = captioned_scene(seed, index, options);
  return {.key = key_of(index),
          .image = draw_scene(drawn.scene, size),
          .caption = drawn.caption,
          .json = scene_to_json(drawn.scene, size, drawn.caption)};
}

void write_scenes(const WriteScenesOptions& options,
                  const std::function<void(std::uint64_t)>& on_written, CancelToken cancel) {
  if (options.count == 0) throw Error(ErrorKind::InvalidArgument, "cannot write 0 scenes");
  if (options.size < 32 || options.size > 1024) {
    throw Error(ErrorKind::InvalidArgument,
                "scene size " + std::to_string(options.size) + " is outside 32 .. 1024 pixels");
  }
  make_folder(options.folder);
  refuse_other_shards(options);
  WebDatasetWriter writer(options.folder, kPrefix, kScenesPerShard);
  for (std::uint64_t i = 0; i < options.count; ++i) {
    cancel.throw_if_cancelled();
    writer.write(scene_sample(options.seed, i, options.size, options.scenes));
    on_written(i + 1);
  }
  writer.finish();
}

}  // namespace sfumato::scenes
