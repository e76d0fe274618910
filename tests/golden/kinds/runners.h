#pragma once

#include "golden/golden_case.h"

namespace sfumato::golden {

// One per kind, in kinds/KIND.cpp.
void run_autoencoder_kl(const Case& c, Report& report);
void run_autoencoder_vq(const Case& c, Report& report);
void run_bert_embedder(const Case& c, Report& report);
void run_checkpoint(const Case& c, Report& report);
void run_clip_image(const Case& c, Report& report);
void run_clip_text_hf(const Case& c, Report& report);
void run_clip_text_open_clip(const Case& c, Report& report);
void run_diffusers_layout(const Case& c, Report& report);
void run_guidance(const Case& c, Report& report);
void run_infotext(const Case& c, Report& report);
void run_lora(const Case& c, Report& report);
void run_loss(const Case& c, Report& report);
void run_prompt(const Case& c, Report& report);
void run_rng(const Case& c, Report& report);
void run_sampler(const Case& c, Report& report);
void run_schedule(const Case& c, Report& report);
void run_spatial_rescaler(const Case& c, Report& report);
void run_tokenizer(const Case& c, Report& report);
void run_txt2img(const Case& c, Report& report);
void run_unet(const Case& c, Report& report);

}  // namespace sfumato::golden
