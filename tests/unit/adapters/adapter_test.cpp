#include "sfumato/adapters/adapter.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "adapters_support.h"

namespace sfumato {
namespace {

const AdapterModule& only_module(const Adapter& adapter) {
  EXPECT_EQ(adapter.modules.size(), 1u);
  return adapter.modules.at(0);
}

TEST(Adapter, ReadsThePairsOfEveryTrainer) {
  const std::pair<const char*, const char*> spellings[] = {
      {".lora_up.weight", ".lora_down.weight"},
      {".lora_B.weight", ".lora_A.weight"},
      {".lora.up.weight", ".lora.down.weight"},
      {"_lora.up.weight", "_lora.down.weight"},
      {".lora_linear_layer.up.weight", ".lora_linear_layer.down.weight"},
  };
  for (const auto& [up, down] : spellings) {
    const Adapter adapter = parse_adapter({{std::string("unet.x.to_q") + up, wave({8, 2})},
                                           {std::string("unet.x.to_q") + down, wave({2, 4})}},
                                          {}, "a");
    const auto& module = only_module(adapter);
    EXPECT_EQ(module.name, "unet.x.to_q") << up;
    EXPECT_EQ(module.part("up").size(0), 8);
    EXPECT_EQ(module.part("down").size(1), 4);
    EXPECT_TRUE(adapter.foreign_keys.empty());
  }
}

TEST(Adapter, KeepsWhatItDoesNotKnowByName) {
  const Adapter adapter = parse_adapter({{"something.else", wave({2})}}, {}, "a");
  EXPECT_TRUE(adapter.modules.empty());
  EXPECT_EQ(adapter.foreign_keys, std::vector<std::string>{"something.else"});
}

TEST(Adapter, SetsBundledEmbeddingsAside) {
  const Adapter adapter =
      parse_adapter({{"bundle_emb.cat.string_to_param.*", wave({2, 4})}}, {}, "a");
  EXPECT_TRUE(adapter.modules.empty());
  EXPECT_TRUE(adapter.embeddings.at("cat").contains("string_to_param.*"));
}

TEST(Adapter, RefusesWhatCannotBeFactors) {
  const auto refused = [](const char* key, const at::Tensor& tensor) {
    return error_of([&] { parse_adapter({{key, tensor}}, {}, "a.safetensors"); });
  };
  const Error nan =
      refused("x.lora_up.weight", at::full({2}, std::numeric_limits<double>::quiet_NaN()));
  EXPECT_EQ(nan.kind(), ErrorKind::Corrupt);
  EXPECT_STREQ(nan.what(), "a.safetensors: tensor 'x.lora_up.weight' has NaN or infinite values");
  EXPECT_EQ(refused("x.lora_up.weight", at::ones({2, 2}, at::kLong)).kind(), ErrorKind::Corrupt);
  EXPECT_EQ(refused("x.lora_up.weight", at::empty({0, 2})).kind(), ErrorKind::Corrupt);
  EXPECT_EQ(refused("x.lora_up.weight", at::ones({})).kind(), ErrorKind::Corrupt);
  EXPECT_EQ(refused("x.alpha", at::ones({2})).kind(), ErrorKind::Corrupt);
}

TEST(Adapter, RefusesTwoSpellingsOfOnePart) {
  const Error error = error_of([] {
    parse_adapter({{"x.lora_up.weight", wave({2, 2})}, {"x.lora_B.weight", wave({2, 2})}}, {}, "a");
  });
  EXPECT_EQ(error.kind(), ErrorKind::Corrupt);
}

}  // namespace
}  // namespace sfumato
