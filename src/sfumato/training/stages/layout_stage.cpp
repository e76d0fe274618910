#include <ATen/ATen.h>

#include <memory>
#include <ostream>

#include "sfumato/base/files.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/family/model.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/training/caption_layout.h"
#include "sfumato/training/clip_config.h"
#include "sfumato/training/picture_set.h"
#include "sfumato/training/replicas.h"
#include "sfumato/training/stage.h"
#include "sfumato/training/trained_parts.h"

namespace sfumato {
namespace {

// Captions to coarse pictures, as one module.
struct LayoutNetwork : torch::nn::Module {
  LayoutNetwork(TextEncoder encoder, std::int64_t side, at::ScalarType dtype)
      : text(std::move(encoder)), precision(dtype) {
    register_module("text_encoder", text.module);
    layout = register_module("layout", CaptionLayout(side, text.config.width, text.config.heads));
  }

  // ids [b, T] -> [b, 3, side, side]
  at::Tensor forward(const at::Tensor& ids) {
    const Autocast autocast(ids.device(), precision);
    return layout(text.encode(ids).context).to(at::kFloat);
  }

  TextEncoder text;
  CaptionLayout layout{nullptr};
  at::ScalarType precision;
};

struct LayoutTraining {
  Recipe recipe;
  ModelConfig family;
  std::shared_ptr<LayoutNetwork> network;
  PictureSet train, validation;
  at::Tensor tokens, validation_tokens;  // [N, T] int32
  EpochOrder order;
  Replicas networks;
  at::Device device;

  Batch part(const PictureSet& set, const at::Tensor& ids, const at::Tensor& indices) const {
    return {layout_of(set.batch(indices), recipe.layout.side).to(device),
            ids.index_select(0, indices).to(device, at::kLong)};
  }

  Batch draw(std::int64_t step) { return part(train, tokens, order.batch(step, recipe.batch)); }

  Losses loss(const Batch& batch) const {
    return {unexplained_share(networks.forward({batch.tokens}), batch.input), {}};
  }

  Evaluation evaluate() const {
    if (validation.count() == 0) return {};
    const at::NoGradGuard no_grad;
    const Batch all =
        part(validation, validation_tokens, at::arange(validation.count(), at::kLong));
    const at::Tensor share = unexplained_share(network->forward(all.tokens), all.input);
    return {.numbers = {{"unexplained", share.item<double>()}}, .sample = std::nullopt};
  }

  std::vector<std::filesystem::path> save() const {
    const std::filesystem::path out = recipe.out;
    const TextEncoder& text = network->text;
    save_safetensors(out / "clip.safetensors", tensors_of(*text.module),
                     {{"stage", "layout"}, {"family", family.family}});
    write_file_atomically(out / text.config.tokenizer_file, text.tokenizer_text);
    return {out / "clip.safetensors", out / text.config.tokenizer_file};
  }
};

}  // namespace

Stage layout_stage(const Recipe& recipe, const StageEnv& env) {
  const ModelConfig family = family_of(recipe);
  text_tower(family);  // or there is nothing to train
  auto [train, validation] = read_pictures(recipe, family, env);

  std::vector<std::shared_ptr<LayoutNetwork>> networks;
  std::vector<Replicas::Replica> replicas;
  for (std::int64_t i = 0; i < replica_count(recipe, env.device); ++i) {
    const nn::InitGuard init(nn::Init::Random, static_cast<std::uint64_t>(recipe.seed));
    networks.push_back(
        std::make_shared<LayoutNetwork>(trained_text_encoder(family, recipe.layout.clip),
                                        recipe.layout.side, precision_of(recipe)));
    networks.back()->to(env.device);
    replicas.push_back(
        {networks.back(), [network = networks.back()](const std::vector<at::Tensor>& inputs) {
           return network->forward(inputs[0]);
         }});
  }
  const TextEncoder& text = networks.front()->text;
  const at::Tensor tokens = token_table(text, train.captions);
  const at::Tensor validation_tokens = token_table(text, validation.captions);
  const EpochOrder order(train.count(), static_cast<std::uint64_t>(recipe.seed));

  auto self = std::make_shared<LayoutTraining>(
      LayoutTraining{recipe, family, networks.front(), std::move(train), std::move(validation),
                     tokens, validation_tokens, order, Replicas(std::move(replicas)), env.device});
  Stage stage;
  stage.module = networks.front();
  stage.task.draw = [self](std::int64_t step) { return self->draw(step); };
  stage.task.loss = [self](const Batch& b, at::Generator&) { return self->loss(b); };
  stage.evaluate = [self] { return self->evaluate(); };
  stage.save = [self] { return self->save(); };
  return stage;
}

}  // namespace sfumato
