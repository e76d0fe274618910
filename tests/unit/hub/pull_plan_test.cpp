#include "sfumato/hub/pull_plan.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace sfumato {
namespace {

PullPlan plan_of(const std::vector<std::string>& names, bool as_said = false,
                 const std::string& out = "") {
  const Repository repository{parse_url("https://hub.test"), "some", "model", ""};
  std::vector<HubFile> files;
  for (const auto& name : names) files.push_back({name, 1, "", ""});
  return plan_pull(repository, files, as_said, "models/checkpoints", out);
}

std::vector<std::string> paths_of(const PullPlan& plan) {
  std::vector<std::string> paths;
  for (const auto& planned : plan.files) paths.push_back(planned.path.string());
  return paths;
}

TEST(PullPlan, PutsOneModelIntoOneFile) {
  const auto plan = plan_of({"config.json", "a.safetensors", "a.yaml", "b.yaml"});
  EXPECT_EQ(plan.result, "models/checkpoints/a.safetensors");
  EXPECT_EQ(paths_of(plan), (std::vector<std::string>{"models/checkpoints/a.safetensors",
                                                      "models/checkpoints/a.yaml"}));
  EXPECT_FALSE(plan.replace);
  EXPECT_EQ(plan_of({"vae/model.safetensors"}).result, "models/checkpoints/model.safetensors");
}

TEST(PullPlan, KeepsTheTreeOfAPipeline) {
  const auto plan = plan_of({"model_index.json", "unet/model.safetensors"});
  EXPECT_EQ(plan.result, "models/checkpoints/some--model");
  EXPECT_EQ(paths_of(plan),
            (std::vector<std::string>{"models/checkpoints/some--model/model_index.json",
                                      "models/checkpoints/some--model/unet/model.safetensors"}));
  EXPECT_TRUE(plan.replace);
  // So with shards, and with files that were named one by one.
  EXPECT_EQ(plan_of({"a-00001-of-00002.safetensors", "a-00002-of-00002.safetensors"}).files.size(),
            2u);
  EXPECT_EQ(plan_of({"a.safetensors", "config.json"}, /*as_said=*/true).files.size(), 2u);
}

TEST(PullPlan, GoesWhereItIsTold) {
  EXPECT_EQ(plan_of({"a.ckpt"}, false, "x.ckpt").result, "x.ckpt");
  EXPECT_EQ(plan_of({"a.ckpt"}, false, "folder/").result, "folder/a.ckpt");
  EXPECT_EQ(plan_of({"a.ckpt"}, false, ".").result, "./a.ckpt");
  EXPECT_TRUE(plan_of({"a.ckpt"}, false, "x.ckpt").replace);
  EXPECT_EQ(plan_of({"model_index.json", "a/b.bin"}, false, "x").files[1].path, "x/a/b.bin");
}

}  // namespace
}  // namespace sfumato
