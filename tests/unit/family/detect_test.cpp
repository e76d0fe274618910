#include "sfumato/family/detect.h"

#include <gtest/gtest.h>

#include "sfumato/base/error.h"
#include "sfumato/family/family.h"
#include "sfumato/family/model.h"

namespace sfumato {
namespace {

TensorIndex index_of(const std::string& family) {
  TensorIndex index;
  for (const auto& [name, tensor] : checkpoint_tensors(describe_model(find_family(family)))) {
    index[name] = {"", tensor.sizes().vec()};
  }
  return index;
}

// SD 2 base and v have the same tensors.
TEST(DetectFamily, WhatTheNetworkPredictsTellsTwinsApart) {
  const TensorIndex index = index_of("sd21_v");
  EXPECT_THROW(detect_family(index, "m"), Error);
  EXPECT_EQ(detect_family(index, "m", Prediction::V).family, "sd21_v");
  EXPECT_EQ(detect_family(index, "m", Prediction::Epsilon).family, "sd21_base");
  EXPECT_EQ(detect_family(index_of("sd15"), "m", Prediction::V).family, "sd15");
}

TEST(StatedPrediction, ReadsTheSchedulerAndTheModelSpecification) {
  EXPECT_EQ(stated_prediction({}), std::nullopt);
  EXPECT_EQ(stated_prediction({{"diffusers.scheduler", R"({"prediction_type":"v_prediction"})"}}),
            Prediction::V);
  EXPECT_EQ(stated_prediction({{"diffusers.scheduler", R"({"beta_start":1})"}}), std::nullopt);
  EXPECT_EQ(stated_prediction({{"diffusers.scheduler", "not JSON"}}), std::nullopt);
  EXPECT_EQ(stated_prediction({{"modelspec.prediction_type", "epsilon"}}), Prediction::Epsilon);
}

}  // namespace
}  // namespace sfumato
