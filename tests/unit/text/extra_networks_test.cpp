#include "sfumato/text/extra_networks.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

std::vector<LoraUse> loras(std::string_view prompt) {
  return lora_uses(extract_networks(prompt).networks);
}

TEST(ExtraNetworks, TagsAreTakenOut) {
  const auto found = extract_networks("a <lora:x:0.8> b <hypernet:été:te=1>");
  EXPECT_EQ(found.prompt, "a  b ");
  ASSERT_EQ(found.networks.size(), 2u);
  EXPECT_EQ(found.networks[1].kind, "hypernet");
  EXPECT_EQ(found.networks[1].positional(), std::vector<std::string>{"été"});
  EXPECT_EQ(found.networks[1].named(), (std::map<std::string, std::string>{{"te", "1"}}));
}

TEST(ExtraNetworks, WhatIsNoTagStays) {
  for (const char* text :
       {"<lora:x", "lora:x>", "<lora:>", "<:x:1>", "<lo ra:x>", "a < b > c", ""}) {
    EXPECT_EQ(extract_networks(text).prompt, text);
    EXPECT_TRUE(extract_networks(text).networks.empty()) << text;
  }
  EXPECT_EQ(extract_networks("<<lora:x:1>>").prompt, "<>");
}

TEST(LoraUse, WeightsByPlaceAndByName) {
  EXPECT_EQ(loras("<lora:x>"), (std::vector<LoraUse>{{"x", 1.0, 1.0, {}}}));
  EXPECT_EQ(loras("<lora:x:0.8>"), (std::vector<LoraUse>{{"x", 0.8, 0.8, {}}}));
  EXPECT_EQ(loras("<lora:x:0.8:0.5:8>"), (std::vector<LoraUse>{{"x", 0.8, 0.5, 8}}));
  EXPECT_EQ(loras("<lyco:x:te=-1:unet=.9:dyn=4>"), (std::vector<LoraUse>{{"x", -1.0, 0.9, 4}}));
  EXPECT_EQ(loras("<lora:x: 0.8 ><hypernet:y:2>").size(), 1u);
}

TEST(LoraUse, WrongWeightsAreNamed) {
  for (const char* text : {"<lora:x:abc>", "<lora::>", "<lora:x:a=b=c>", "<lora:te=1>",
                           "<lora:x:1:1:2.5>", "<lora:x:inf>"}) {
    EXPECT_THROW(loras(text), Error) << text;
  }
}

}  // namespace
}  // namespace sfumato
