#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <ostream>
#include <set>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/metrics/clip_retrieval.h"
#include "sfumato/models/clip.h"
#include "sfumato/nn/init.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/text/bpe_trainer.h"
#include "sfumato/text/clip_tokenizer.h"
#include "sfumato/training/clip_config.h"
#include "sfumato/training/contrastive_loss.h"
#include "sfumato/training/picture_set.h"
#include "sfumato/training/replicas.h"
#include "sfumato/training/stage.h"
#include "sfumato/training/step_random.h"

namespace sfumato {
namespace {

constexpr std::int64_t kChoices = 100;  // "the right one of 100"

// Pictures whose captions are all different, in groups of kChoices.
PictureSet distinct(const PictureSet& set) {
  if (set.count() == 0) return {};
  std::set<std::string> seen;
  std::vector<std::int64_t> kept;
  PictureSet result;
  for (std::int64_t i = 0; i < set.count(); ++i) {
    const std::string& caption = set.captions[static_cast<std::size_t>(i)];
    if (!seen.insert(caption).second) continue;
    kept.push_back(i);
    result.captions.push_back(caption);
  }
  result.pictures = set.pictures.index_select(0, at::tensor(kept, at::kLong));
  return result;
}

struct ClipTraining {
  Recipe recipe;
  ModelConfig family;
  Clip model;
  PictureSet train, validation;
  at::Tensor tokens, validation_tokens;  // [N, T] int32
  EpochOrder order;
  ClipTokenizer tokenizer;
  int pad;
  Replicas towers;
  at::Device device;
  at::ScalarType precision;

  Batch draw(std::int64_t step) {
    const at::Tensor indices = order.batch(step, recipe.batch);
    return {train.batch(indices).to(device), tokens.index_select(0, indices).to(device, at::kLong)};
  }

  Losses loss(const Batch& batch) {
    const auto features = towers.forward({batch.input, batch.tokens}).chunk(2, 1);
    const at::Tensor total = contrastive_loss(features[0], features[1], model->logit_scale);
    return {total, {{"logit_scale", model->logit_scale.detach().clone()}}};
  }

  // CLIP sec. 2.5: the logits are never scaled by more than 100.
  void constrain() {
    const at::NoGradGuard no_grad;
    model->logit_scale.clamp_(0.0, std::log(100.0));
  }

  Evaluation evaluate() {
    const at::NoGradGuard no_grad;
    const std::int64_t choices = std::min(kChoices, validation.count());
    if (choices == 0) return {};
    double right = 0.0;
    const std::int64_t groups = validation.count() / choices;
    for (std::int64_t group = 0; group < groups; ++group) {
      const at::Tensor indices = at::arange(group * choices, (group + 1) * choices, at::kLong);
      at::Tensor images, texts;
      {
        const Autocast autocast(device, precision);
        images = model->encode_image(validation.batch(indices).to(device));
        texts =
            model->encode_text(validation_tokens.index_select(0, indices).to(device, at::kLong));
      }
      right += text_to_image_retrieval(images, texts);  // in float32: bfloat16 has many ties
    }
    const std::string name = "right_one_of_" + std::to_string(choices);
    return {.numbers = {{name, right / static_cast<double>(groups)}}, .sample = std::nullopt};
  }

  std::vector<std::filesystem::path> save() {
    const std::filesystem::path out = recipe.out;
    save_safetensors(out / "clip.safetensors", tensors_of(*model),
                     {{"stage", "clip"}, {"family", family.family}});
    return {out / "clip.safetensors", out / family.text_encoders.front().tokenizer_file};
  }
};

// Features of pictures [b, 3, S, S] and captions [b, T], side by side: [b, 2 E].
at::Tensor encode(Clip& model, const std::vector<at::Tensor>& inputs, at::ScalarType precision) {
  const Autocast autocast(inputs[0].device(), precision);
  const at::Tensor images = model->encode_image(inputs[0]);
  return at::cat({images, model->encode_text(inputs[1])}, 1).to(at::kFloat);
}

Replicas clip_replicas(const Clip& model, const ClipConfig& config, const Recipe& recipe) {
  const at::Device device = model->logit_scale.device();
  std::vector<Replicas::Replica> all;
  for (std::int64_t i = 0; i < replica_count(recipe, device); ++i) {
    const nn::InitGuard init(nn::Init::Empty);
    Clip clip = i == 0 ? model : Clip(config);
    clip->to(device);
    all.push_back({clip.ptr(), [clip, precision = precision_of(recipe)](
                                   const std::vector<at::Tensor>& inputs) mutable {
                     return encode(clip, inputs, precision);
                   }});
  }
  return Replicas(std::move(all));
}

// The vocabulary is learned once and then read back, so that a resumed run sees the same ids.
std::string learn_tokenizer(const Recipe& recipe, const TextEncoderConfig& text,
                            const std::vector<std::string>& captions, std::ostream& log) {
  const std::filesystem::path file = std::filesystem::path(recipe.out) / text.tokenizer_file;
  if (std::filesystem::exists(file)) return read_file(file, 1 << 24);
  const auto merges = train_bpe(captions, static_cast<int>(text.vocabulary));
  const auto ids = static_cast<std::int64_t>(merges.size()) + kByteSymbols + 2;
  if (ids != text.vocabulary) {
    throw Error(ErrorKind::InvalidArgument,
                "the captions give a vocabulary of " + std::to_string(ids) + ", the family says " +
                    std::to_string(text.vocabulary),
                "set vocabulary in the family file to " + std::to_string(ids) + " or less");
  }
  const std::string content = tokenizer_file(merges, static_cast<int>(text.positions));
  write_file_atomically(file, content);
  log << "learned a vocabulary of " << ids << " ids" << std::endl;
  return content;
}

}  // namespace

Stage clip_stage(const Recipe& recipe, const StageEnv& env) {
  const ModelConfig family = family_of(recipe);
  const TextEncoderConfig text = text_tower(family);
  auto [train, all_validation] = read_pictures(recipe, family, env);
  PictureSet validation = distinct(all_validation);

  const std::string tokenizer_text = learn_tokenizer(recipe, text, train.captions, env.log);
  const auto tokenizer = ClipTokenizer::from_text(tokenizer_text, text.tokenizer_file);
  if (tokenizer.vocabulary() != text.vocabulary) {
    throw Error(ErrorKind::InvalidArgument,
                "the tokenizer in " + recipe.out + " has " +
                    std::to_string(tokenizer.vocabulary()) + " ids, the family says " +
                    std::to_string(text.vocabulary),
                "delete it, or use another out folder");
  }
  const int pad = text.pad_with_eos ? tokenizer.eos() : 0;
  const at::Tensor tokens = token_table(tokenizer, train.captions, pad);
  const at::Tensor validation_tokens = token_table(tokenizer, validation.captions, pad);
  const EpochOrder order(train.count(), static_cast<std::uint64_t>(recipe.seed));

  const nn::InitGuard init(nn::Init::Random, static_cast<std::uint64_t>(recipe.seed));
  Clip model(clip_config(recipe, family));
  model->to(env.device);
  auto self = std::make_shared<ClipTraining>(ClipTraining{
      recipe, family, model, std::move(train), std::move(validation), tokens, validation_tokens,
      order, tokenizer, pad, clip_replicas(model, clip_config(recipe, family), recipe), env.device,
      precision_of(recipe)});

  Stage stage;
  stage.module = model.ptr();
  stage.task = {.draw = [self](std::int64_t step) { return self->draw(step); },
                .loss = [self](const Batch& b, at::Generator&) { return self->loss(b); },
                .constrain = [self] { self->constrain(); }};
  stage.evaluate = [self] { return self->evaluate(); };
  stage.save = [self] { return self->save(); };
  return stage;
}

}  // namespace sfumato
