#include "sfumato/adapters/adapter_cache.h"

#include <gtest/gtest.h>

#include "adapters_support.h"
#include "sfumato/checkpoint/safetensors.h"

namespace sfumato {
namespace {

TEST(AdapterCache, ReadsAFileAgainOnlyWhenItChanged) {
  const auto folder = fresh_folder("adapter_cache");
  std::filesystem::create_directories(folder);
  const auto path = folder / "ink.safetensors";
  save_safetensors(path, {{"x.lora_up.weight", wave({2, 2})}});
  AdapterCache cache;
  const auto first = cache.get(path);
  EXPECT_EQ(cache.get(path), first);
  save_safetensors(path, {{"x.lora_up.weight", wave({4, 2})}});
  EXPECT_EQ(cache.get(path)->modules.at(0).part("up").size(0), 4);
  EXPECT_EQ(first->modules.at(0).part("up").size(0), 2);
  EXPECT_EQ(error_of([&] { cache.get(folder / "none.safetensors"); }).kind(), ErrorKind::NotFound);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sfumato
