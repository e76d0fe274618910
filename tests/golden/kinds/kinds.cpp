#include <array>

#include "golden/golden_case.h"
#include "golden/kinds/runners.h"

namespace sfumato::golden {
namespace {

constexpr std::array kKinds{
    Kind{"autoencoder_kl", run_autoencoder_kl},
    Kind{"autoencoder_vq", run_autoencoder_vq},
    Kind{"bert_embedder", run_bert_embedder},
    Kind{"checkpoint", run_checkpoint},
    Kind{"clip_image", run_clip_image},
    Kind{"clip_text_hf", run_clip_text_hf},
    Kind{"clip_text_open_clip", run_clip_text_open_clip},
    Kind{"diffusers_layout", run_diffusers_layout},
    Kind{"guidance", run_guidance},
    Kind{"infotext", run_infotext},
    Kind{"lora", run_lora},
    Kind{"loss", run_loss},
    Kind{"prompt", run_prompt},
    Kind{"rng", run_rng},
    Kind{"sampler", run_sampler},
    Kind{"schedule", run_schedule},
    Kind{"spatial_rescaler", run_spatial_rescaler},
    Kind{"tokenizer", run_tokenizer},
    Kind{"txt2img", run_txt2img},
    Kind{"unet", run_unet},
};

}  // namespace

std::span<const Kind> kinds() { return kKinds; }

}  // namespace sfumato::golden
