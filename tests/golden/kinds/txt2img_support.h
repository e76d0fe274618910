#pragma once

#include <ATen/core/Tensor.h>

#include <nlohmann/json.hpp>
#include <string>

#include "golden/golden_case.h"
#include "sfumato/family/model.h"
#include "sfumato/sampling/sampler.h"

namespace sfumato::golden {

/// The U-Net and the autoencoder of a case, under the names they have in a single file;
/// `unet_config` is its {"target", "params"}. The text encoders are run apart.
Model diffusion_model(const Case& c, const nlohmann::json& unet_config);

/// The settings of all runs, and those of `run` on top.
nlohmann::json settings_of_run(const Case& c, const std::string& run);
/// What the sampler of a run may use: its settings, and the draws in/RUN_noise or in/noise.
SamplerEnv env_of_run(const Case& c, const std::string& run);

/// Compares out/NAME where the case has it.
void expect_if_there(const Case& c, Report& report, const std::string& name, const at::Tensor& got);
/// Compares the latent of a run and the pictures it decodes to.
void expect_picture(const Case& c, Report& report, const std::string& run, const Model& model,
                    const at::Tensor& latent);

/// The context that FrozenCLIPEmbedder makes of ids with the given params; `text_config` is Hugging
/// Face's config and `prefix` that of the encoder's tensors.
at::Tensor clip_context(const Case& c, const nlohmann::json& text_config,
                        const nlohmann::json& params, const std::string& prefix,
                        const at::Tensor& ids);

/// LatentDiffusion of CompVis and Stability AI, DiffusionEngine of generative-models.
void run_compvis_pipeline(const Case& c, Report& report);
void run_sgm_pipeline(const Case& c, Report& report);

}  // namespace sfumato::golden
