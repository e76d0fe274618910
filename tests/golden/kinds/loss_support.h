#pragma once

#include "golden/golden_case.h"

namespace sfumato::golden {

// The parts of kind "loss"; each in its own file.
void run_diffusion_loss(const Case& c, Report& report);
void run_posterior_loss(const Case& c, Report& report);
void run_contrastive_loss(const Case& c, Report& report);
void run_ema(const Case& c, Report& report);
void run_optimizer(const Case& c, Report& report);
void run_vector_quantizer_loss(const Case& c, Report& report);
void run_codebook_subset(const Case& c, Report& report);
void run_huber_loss(const Case& c, Report& report);
void run_masked_loss(const Case& c, Report& report);
void run_noise_offset(const Case& c, Report& report);
void run_pyramid_noise(const Case& c, Report& report);
void run_snr_weights(const Case& c, Report& report);
void run_lr_schedules(const Case& c, Report& report);
void run_ema_decay(const Case& c, Report& report);

}  // namespace sfumato::golden
