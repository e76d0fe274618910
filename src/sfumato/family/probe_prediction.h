#pragma once

#include "sfumato/diffusion/prediction.h"
#include "sfumato/family/model.h"

namespace sfumato {

/// What a U-Net predicts, and the mean by which that was told.
struct ProbedPrediction {
  Prediction prediction = Prediction::Epsilon;
  double mean = 0;  ///< of its answer minus its input
};

/// Asks the network of a model whose weights cannot tell noise prediction from v-prediction: one
/// evaluation at t = 999 on a constant latent of 0.5. There is nothing but noise at that t, so the
/// answer of a network that predicts noise is about its input; one that predicts v answers about
/// minus the picture, far below: v when the mean difference is below -1. Random weights count as
/// noise prediction. Source: A1111 modules/sd_models_config.py,
/// is_using_v_parameterization_for_sd2.
/// Throws Unsupported for a network that wants more than latent, time and context.
ProbedPrediction probe_prediction(const Model& model);

/// The same for the weights of a checkpoint, of which only the U-Net is built.
ProbedPrediction probe_prediction(const ModelConfig& config, const TensorMap& checkpoint);

}  // namespace sfumato
