#include <ATen/ATen.h>

#include <memory>
#include <optional>
#include <ostream>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/load_into.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/diffusion/forward_process.h"
#include "sfumato/family/conditioner.h"
#include "sfumato/family/load_model.h"
#include "sfumato/family/model.h"
#include "sfumato/models/diagonal_gaussian.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/training/diffusion_loss.h"
#include "sfumato/training/elbo.h"
#include "sfumato/training/latents.h"
#include "sfumato/training/picture_set.h"
#include "sfumato/training/replicas.h"
#include "sfumato/training/sample_grid.h"
#include "sfumato/training/snr_weights.h"
#include "sfumato/training/stage.h"
#include "sfumato/training/trained_parts.h"
#include "sfumato/training/training_noise.h"

namespace sfumato {
namespace {

// eps_theta(x_t, t, tau_theta(y)) as one module: LDM eq. 3 trains both networks with one loss.
struct TextDenoiser : torch::nn::Module {
  TextDenoiser(const UNet& denoiser, const TextEncoder& encoder, at::ScalarType dtype)
      : unet(denoiser), text(encoder), precision(dtype) {
    register_module("unet", unet);
    register_module("text_encoder", text.module);
  }

  // x_t [b, C, h, w], t [b], caption ids [b, T] -> eps [b, C, h, w]
  at::Tensor forward(const std::vector<at::Tensor>& inputs) {
    const Autocast autocast(inputs[0].device(), precision);
    const at::Tensor context = text.encode(inputs[2]).context.to(at::kFloat);
    return unet->forward(inputs[0].contiguous(at::MemoryFormat::ChannelsLast), inputs[1], context);
  }

  UNet unet;
  TextEncoder text;
  at::ScalarType precision;
};

struct DenoiserTraining {
  Recipe recipe;
  Model model;
  at::Tensor moments;               // [N, 2C, h, w] float16
  at::Tensor tokens;                // [N, T] int32
  at::Tensor empty_tokens;          // [1, T] int64
  std::optional<at::Tensor> masks;  // [N, 1, S, S] uint8
  NoiseSchedule schedule;
  std::vector<double> loss_weights;  // by timestep; none: all 1
  std::int64_t end_timestep;
  EpochOrder order;
  Replicas networks;
  at::ScalarType precision;

  Batch draw(std::int64_t step) {
    const at::Tensor indices = order.batch(step, recipe.batch);
    Batch batch{moments.index_select(0, indices).to(model.device, at::kFloat),
                tokens.index_select(0, indices).to(model.device, at::kLong)};
    if (masks) batch.mask = masks->index_select(0, indices).to(model.device, at::kFloat) / 255.0;
    return batch;
  }

  Losses loss(const Batch& batch, at::Generator& random) {
    const auto posterior = DiagonalGaussian::from_moments(batch.input);
    const RandomNumbers source{
        .normal = [&](at::IntArrayRef shape) { return at::randn(shape, random).to(model.device); },
        .uniform = [&] { return at::rand({}, random).item<double>(); }};
    const at::Tensor z = posterior.sample(source.normal(posterior.mean.sizes()));
    const at::Tensor x0 = (z - model.config.latent.shift) * model.config.latent.scale;
    const at::Tensor noise = training_noise(recipe.denoiser.noise, x0, source);
    const at::Tensor t =
        at::randint(recipe.denoiser.min_timestep, end_timestep, {x0.size(0)}, random, at::kLong);

    const at::Tensor captions = drop_some(batch.tokens, random);
    const Network network = [&](const at::Tensor& x_t, const at::Tensor& steps,
                                const Conditioning&) {
      return networks.forward({x_t, steps.to(model.device), captions});
    };
    const Prediction prediction = model.config.prediction;
    const at::Tensor each = diffusion_loss(network, prediction, recipe.denoiser.distance, schedule,
                                           x0, noise, t, {}, batch.mask);
    return weighted(each, t);
  }

  // Over the batch: LDM's simple loss, unless the recipe asks for another weighting.
  Losses weighted(const at::Tensor& each, const at::Tensor& t) const {
    const DenoiserRecipe& r = recipe.denoiser;
    if (r.elbo_weight > 0.0) {
      const at::Tensor no_logvar = at::zeros({schedule.steps()}, each.options());
      const auto vlb = vlb_weights(schedule, model.config.prediction);
      return {ldm_objective(each, t, vlb, no_logvar, 1.0, r.elbo_weight).total,
              {{"unweighted", each.mean()}}};
    }
    if (!loss_weights.empty()) {
      return {(lookup(loss_weights, t, each) * each).mean(), {{"unweighted", each.mean()}}};
    }
    return {each.mean(), {}};
  }

  // Some captions are emptied, so that the unconditional model, which guidance needs, is learned as
  // well (Ho & Salimans 2022, algorithm 1).
  at::Tensor drop_some(const at::Tensor& captions, at::Generator& random) const {
    const at::Tensor dropped =
        at::rand({captions.size(0), 1}, random).lt(recipe.denoiser.caption_dropout);
    return at::where(dropped.to(model.device), empty_tokens, captions);
  }

  Evaluation evaluate() {
    if (recipe.denoiser.prompts.empty()) return {};
    const Autocast autocast(model.device, precision);
    return {.numbers = {}, .sample = sample_grid(model, recipe.denoiser)};
  }

  std::vector<std::filesystem::path> save() {
    std::vector<std::filesystem::path> folders{std::filesystem::path(recipe.out) / "model"};
    const std::string& shipped = recipe.denoiser.export_folder;
    if (!shipped.empty()) folders.emplace_back(shipped);
    for (const auto& folder : folders) {
      make_folder(folder);
      save_model(folder, model, at::kHalf, {{"steps", std::to_string(recipe.steps)}});
    }
    return folders;
  }
};

// One past the noisiest timestep to draw.
std::int64_t end_of_timesteps(const DenoiserRecipe& recipe, const NoiseSchedule& schedule) {
  const std::int64_t count = schedule.steps();
  const std::int64_t end = recipe.max_timestep > 0 ? recipe.max_timestep : count;
  if (end > count || recipe.min_timestep >= end) {
    throw Error(ErrorKind::InvalidArgument,
                "recipe: denoiser.min_timestep .. max_timestep is outside of the schedule",
                "it has " + std::to_string(count) + " timesteps");
  }
  return end;
}

// The weights of another model of the same family, but for its autoencoder.
void begin_with(Model& model, const std::string& start) {
  TextEncoder& text = model.text_encoders.front();
  try {
    const Model other = load_model(start, {});
    if (!other.unet || other.text_encoders.empty() ||
        other.text_encoders.front().tokenizer_text != text.tokenizer_text) {
      throw Error(ErrorKind::Unsupported, start + " has no U-Net, or another tokenizer");
    }
    load_into(*model.unet, tensors_of(*other.unet));
    load_into(*text.module, tensors_of(*other.text_encoders.front().module));
  } catch (const Error& e) {
    throw Error(e.kind(), std::string("recipe: denoiser.start: ") + e.what(), e.hint());
  }
}

// The layout in which oneDNN and cuDNN convolve without reordering.
void use_channels_last(torch::nn::Module& module) {
  for (at::Tensor& parameter : module.parameters()) {
    if (parameter.dim() == 4) {
      parameter.set_data(parameter.detach().contiguous(at::MemoryFormat::ChannelsLast));
    }
  }
}

// The model's networks and as many copies of them as the recipe asks for. A text encoder that is
// not trained is the same for all.
std::vector<std::shared_ptr<TextDenoiser>> copies(const Model& model, const Recipe& recipe) {
  const TextEncoder& text = model.text_encoders.front();
  std::vector<std::shared_ptr<TextDenoiser>> all;
  for (std::int64_t i = 0; i < replica_count(recipe, model.device); ++i) {
    Model copy = i == 0 ? model : make_model(model.config, text.tokenizer_text);
    if (i > 0) move_to(copy, model.device, at::kFloat);
    all.push_back(std::make_shared<TextDenoiser>(
        copy.unet, recipe.denoiser.train_text_encoder ? copy.text_encoders.front() : text,
        precision_of(recipe)));
  }
  use_channels_last(*all.front()->unet);
  return all;
}

Replicas replicas(const std::vector<std::shared_ptr<TextDenoiser>>& networks) {
  std::vector<Replicas::Replica> all;
  for (const auto& network : networks) {
    all.push_back({network, [network](const std::vector<at::Tensor>& inputs) {
                     return network->forward(inputs);
                   }});
  }
  return Replicas(std::move(all));
}

}  // namespace

Stage denoiser_stage(const Recipe& recipe, const StageEnv& env) {
  const at::ScalarType precision = precision_of(recipe);
  Model model = assemble_model(family_of(recipe), recipe.denoiser.autoencoder, recipe.denoiser.clip,
                               static_cast<std::uint64_t>(recipe.seed));
  if (!model.unet) throw Error(ErrorKind::Unsupported, "the family has no U-Net to train");
  if (!recipe.denoiser.start.empty()) begin_with(model, recipe.denoiser.start);
  const NoiseSchedule schedule(model.config.schedule);
  const std::int64_t end_timestep = end_of_timesteps(recipe.denoiser, schedule);
  std::vector<double> loss_weights;
  if (recipe.denoiser.weighting.any()) {
    loss_weights = snr_weights(model.config.prediction, schedule, recipe.denoiser.weighting);
  }
  move_to(model, env.device, at::kFloat);
  for (auto& parameter : model.text_encoders.front().module->parameters()) {
    parameter.set_requires_grad(recipe.denoiser.train_text_encoder);
  }
  const auto networks = copies(model, recipe);

  env.log << "reading " << recipe.data << std::endl;
  const int size = static_cast<int>(model.config.defaults.width);
  PictureSet train = load_pictures(recipe.data, size, 0, env.cancel);
  std::optional<at::Tensor> masks;
  if (!recipe.denoiser.masks.empty()) {
    masks = load_masks(recipe.denoiser.masks, train, size, env.cancel);
  }
  const TextEncoder& text = model.text_encoders.front();
  const at::Tensor tokens = token_table(text, train.captions);
  const at::Tensor moments =
      cached_moments(std::filesystem::path(recipe.out) / "latents.safetensors",
                     latents_key(recipe.denoiser.autoencoder, train.pictures, precision),
                     model.autoencoder.kl, train, env.device, precision, env.cancel, env.log);
  const at::Tensor empty_tokens = token_table(text, {""}).to(env.device, at::kLong);
  const EpochOrder order(train.count(), static_cast<std::uint64_t>(recipe.seed));

  auto self = std::make_shared<DenoiserTraining>(
      DenoiserTraining{recipe, model, moments, tokens, empty_tokens, masks, schedule, loss_weights,
                       end_timestep, order, replicas(networks), precision});
  Stage stage;
  stage.module = networks.front();
  stage.task.draw = [self](std::int64_t step) { return self->draw(step); };
  stage.task.loss = [self](const Batch& b, at::Generator& random) { return self->loss(b, random); };
  stage.evaluate = [self] { return self->evaluate(); };
  stage.save = [self] { return self->save(); };
  return stage;
}

}  // namespace sfumato
