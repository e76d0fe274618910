#include "sfumato/checkpoint/diffusers_tables.h"

#include <array>
#include <string>
#include <string_view>
#include <utility>

namespace sfumato {
namespace {

using Rows = std::vector<DiffusersRename>;
using Pair = std::pair<std::string_view, std::string_view>;  // folder, single file

constexpr std::array kUNetEnds{
    Pair{"time_embedding.linear_1.", "time_embed.0."},
    Pair{"time_embedding.linear_2.", "time_embed.2."},
    Pair{"conv_in.", "input_blocks.0.0."},
    Pair{"conv_norm_out.", "out.0."},
    Pair{"conv_out.", "out.2."},
};
constexpr std::array kClassEmbedding{
    Pair{"class_embedding.linear_1.", "label_emb.0.0."},
    Pair{"class_embedding.linear_2.", "label_emb.0.2."},
};
constexpr std::array kAddedEmbedding{
    Pair{"add_embedding.linear_1.", "label_emb.0.0."},
    Pair{"add_embedding.linear_2.", "label_emb.0.2."},
};
constexpr std::array kUNetResidual{
    Pair{"norm1.", "in_layers.0."},          Pair{"conv1.", "in_layers.2."},
    Pair{"time_emb_proj.", "emb_layers.1."}, Pair{"norm2.", "out_layers.0."},
    Pair{"conv2.", "out_layers.3."},         Pair{"conv_shortcut.", "skip_connection."},
};

constexpr std::array kVaeEnds{
    Pair{"encoder.conv_in.", "encoder.conv_in."},
    Pair{"encoder.conv_norm_out.", "encoder.norm_out."},
    Pair{"encoder.conv_out.", "encoder.conv_out."},
    Pair{"decoder.conv_in.", "decoder.conv_in."},
    Pair{"decoder.conv_norm_out.", "decoder.norm_out."},
    Pair{"decoder.conv_out.", "decoder.conv_out."},
    Pair{"quant_conv.", "quant_conv."},
    Pair{"post_quant_conv.", "post_quant_conv."},
};
constexpr std::array kVaeResidual{
    Pair{"norm1.", "norm1."},
    Pair{"conv1.", "conv1."},
    Pair{"norm2.", "norm2."},
    Pair{"conv2.", "conv2."},
    Pair{"conv_shortcut.", "nin_shortcut."},
};
constexpr std::array kVaeAttention{
    Pair{"to_q.", "q."},
    Pair{"to_k.", "k."},
    Pair{"to_v.", "v."},
    Pair{"to_out.0.", "proj_out."},
};
// Files from before diffusers 0.15.
constexpr std::array kOldVaeAttention{
    Pair{"query.", "q."},
    Pair{"key.", "k."},
    Pair{"value.", "v."},
    Pair{"proj_attn.", "proj_out."},
};

constexpr std::array kTextEnds{
    Pair{"text_model.embeddings.token_embedding.weight", "token_embedding.weight"},
    Pair{"text_model.embeddings.position_embedding.weight", "positional_embedding"},
    Pair{"text_model.final_layer_norm.", "ln_final."},
};
constexpr std::array kImageEnds{
    Pair{"vision_model.embeddings.class_embedding", "class_embedding"},
    Pair{"vision_model.embeddings.patch_embedding.", "conv1."},
    Pair{"vision_model.embeddings.position_embedding.weight", "positional_embedding"},
    Pair{"vision_model.pre_layrnorm.", "ln_pre."},  // spelled so in the files
    Pair{"vision_model.post_layernorm.", "ln_post."},
};
constexpr std::array kTowerLayer{
    Pair{"layer_norm1.", "ln_1."},
    Pair{"layer_norm2.", "ln_2."},
    Pair{"mlp.fc1.", "mlp.c_fc."},
    Pair{"mlp.fc2.", "mlp.c_proj."},
    Pair{"self_attn.out_proj.", "attn.out_proj."},
};
constexpr std::array<std::string_view, 3> kThirds{"self_attn.q_proj.", "self_attn.k_proj.",
                                                  "self_attn.v_proj."};

template <std::size_t N>
void add(Rows& rows, const std::string& folder, const std::string& single,
         const std::array<Pair, N>& pairs, const DiffusersRename& like = {}) {
  for (const auto& [in_folder, in_single] : pairs) {
    DiffusersRename row = like;
    row.folder = folder + std::string(in_folder);
    row.single = single + std::string(in_single);
    rows.push_back(std::move(row));
  }
}

std::string number(int value) { return std::to_string(value) + "."; }

/// The convolutions of 1x1 are matrices in the folder; their biases stay.
template <std::size_t N>
void add_vae_attention(Rows& rows, const std::string& folder, const std::string& single,
                       const std::array<Pair, N>& pairs, bool to_folder) {
  for (const auto& [in_folder, in_single] : pairs) {
    const std::string a = folder + std::string(in_folder), b = single + std::string(in_single);
    rows.push_back({.folder = a + "weight",
                    .single = b + "weight",
                    .change = NameChange::Squeeze,
                    .to_folder = to_folder});
    rows.push_back({.folder = a + "bias", .single = b + "bias", .to_folder = to_folder});
  }
}

void add_vae_middle(Rows& rows, const std::string& side) {
  const std::string folder = side + "mid_block.", single = side + "mid.";
  add(rows, folder + "resnets.0.", single + "block_1.", kVaeResidual);
  add(rows, folder + "resnets.1.", single + "block_2.", kVaeResidual);
  const std::string from = folder + "attentions.0.", to = single + "attn_1.";
  rows.push_back({.folder = from + "group_norm.", .single = to + "norm."});
  add_vae_attention(rows, from, to, kVaeAttention, true);
  add_vae_attention(rows, from, to, kOldVaeAttention, false);
}

/// The blocks of either tower of CLIP.
void add_tower(Rows& rows, const std::string& tower, int layers) {
  for (int i = 0; i < layers; ++i) {
    const std::string folder = tower + "encoder.layers." + number(i);
    const std::string single = "transformer.resblocks." + number(i);
    add(rows, folder, single, kTowerLayer);
    for (int third = 0; third < 3; ++third) {
      const std::string projected = folder + std::string(kThirds[third]);
      for (const std::string kind : {"weight", "bias"}) {
        rows.push_back({.folder = projected + kind,
                        .single = single + "attn.in_proj_" + kind,
                        .change = NameChange::Third,
                        .third = third});
      }
    }
  }
}

}  // namespace

Rows unet_renames(const UNetBlocks& blocks) {
  Rows rows;
  add(rows, "", "", kUNetEnds);
  add(rows, "", "", kClassEmbedding, {.folder = "", .single = "", .to_folder = !blocks.added});
  add(rows, "", "", kAddedEmbedding, {.folder = "", .single = "", .to_folder = blocks.added});
  rows.push_back({.folder = "class_embedding.weight", .single = "label_emb.weight"});

  const int stride = blocks.layers + 1;  // residual blocks and the change of resolution
  for (int i = 0; i < blocks.levels; ++i) {
    const std::string down = "down_blocks." + number(i), up = "up_blocks." + number(i);
    for (int j = 0; j < blocks.layers; ++j) {
      const std::string single = "input_blocks." + number(1 + i * stride + j);
      add(rows, down + "resnets." + number(j), single + "0.", kUNetResidual);
      rows.push_back({.folder = down + "attentions." + number(j), .single = single + "1."});
    }
    rows.push_back({.folder = down + "downsamplers.0.conv.",
                    .single = "input_blocks." + number((i + 1) * stride) + "0.op."});
    for (int j = 0; j < stride; ++j) {
      const std::string single = "output_blocks." + number(i * stride + j);
      add(rows, up + "resnets." + number(j), single + "0.", kUNetResidual);
      rows.push_back({.folder = up + "attentions." + number(j), .single = single + "1."});
    }
    // It comes behind the attention where there is one.
    rows.push_back({.folder = up + "upsamplers.0.conv.",
                    .single = "output_blocks." + number(i * stride + blocks.layers) +
                              (blocks.attends.contains(i) ? "2.conv." : "1.conv.")});
  }
  add(rows, "mid_block.resnets.0.", "middle_block.0.", kUNetResidual);
  rows.push_back({.folder = "mid_block.attentions.0.", .single = "middle_block.1."});
  add(rows, "mid_block.resnets.1.", "middle_block.2.", kUNetResidual);
  return rows;
}

Rows vae_renames(int levels, int layers) {
  Rows rows;
  add(rows, "", "", kVaeEnds);
  add_vae_middle(rows, "encoder.");
  add_vae_middle(rows, "decoder.");
  for (int i = 0; i < levels; ++i) {
    const std::string down = "encoder.down_blocks." + number(i), low = "encoder.down." + number(i);
    for (int j = 0; j < layers; ++j) {
      add(rows, down + "resnets." + number(j), low + "block." + number(j), kVaeResidual);
    }
    rows.push_back({.folder = down + "downsamplers.0.conv.", .single = low + "downsample.conv."});
    // The folder counts from the coarsest level, the single file from the finest.
    const std::string up = "decoder.up_blocks." + number(i),
                      high = "decoder.up." + number(levels - 1 - i);
    for (int j = 0; j <= layers; ++j) {
      add(rows, up + "resnets." + number(j), high + "block." + number(j), kVaeResidual);
    }
    rows.push_back({.folder = up + "upsamplers.0.conv.", .single = high + "upsample.conv."});
  }
  return rows;
}

Rows open_clip_renames(int layers, bool projection) {
  Rows rows;
  add(rows, "", "", kTextEnds);
  if (projection) {
    rows.push_back({.folder = "text_projection.weight",
                    .single = "text_projection",
                    .change = NameChange::Transpose});
  }
  add_tower(rows, "text_model.", layers);
  return rows;
}

Rows clip_image_renames(int layers) {
  Rows rows;
  add(rows, "", "", kImageEnds);
  rows.push_back(
      {.folder = "visual_projection.weight", .single = "proj", .change = NameChange::Transpose});
  add_tower(rows, "vision_model.", layers);
  return rows;
}

}  // namespace sfumato
