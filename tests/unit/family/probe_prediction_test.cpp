#include "sfumato/family/probe_prediction.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "tiny_models.h"

namespace sfumato {
namespace {

/// A network that answers the same whatever it is asked.
Model answering(double value) {
  Model model = tiny_model("tiny_sd1");
  const at::NoGradGuard no_grad;
  const TensorMap tensors = checkpoint_tensors(model);
  tensors.at("model.diffusion_model.out.2.weight").zero_();
  tensors.at("model.diffusion_model.out.2.bias").fill_(value);
  return model;
}

TEST(ProbePrediction, AnAnswerLikeTheInputIsNoise) {
  const ProbedPrediction probed = probe_prediction(answering(0.5));
  EXPECT_EQ(probed.prediction, Prediction::Epsilon);
  EXPECT_NEAR(probed.mean, 0.0, 1e-6);
}

TEST(ProbePrediction, AnAnswerFarBelowIsV) {
  const ProbedPrediction probed = probe_prediction(answering(-0.75));
  EXPECT_EQ(probed.prediction, Prediction::V);
  EXPECT_NEAR(probed.mean, -1.25, 1e-6);
  EXPECT_EQ(probe_prediction(answering(-0.49)).prediction, Prediction::Epsilon);
}

TEST(ProbePrediction, TheTensorsAloneWillDo) {
  const Model model = answering(-0.75);
  const ProbedPrediction probed = probe_prediction(model.config, checkpoint_tensors(model));
  EXPECT_EQ(probed.prediction, Prediction::V);
  EXPECT_NEAR(probed.mean, -1.25, 1e-6);
}

TEST(ProbePrediction, ANetworkThatWantsMoreCannotBeAsked) {
  const Error e = error_of([] { probe_prediction(tiny_model("tiny_sdxl")); });
  EXPECT_EQ(e.kind(), ErrorKind::Unsupported);
  EXPECT_NE(e.hint().find("--prediction"), std::string::npos);
}

}  // namespace
}  // namespace sfumato
