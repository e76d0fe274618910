#include "sfumato/family/prompt_conditioner.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <optional>
#include <span>
#include <vector>

#include "sfumato/base/error.h"
#include "sfumato/family/emphasis.h"
#include "sfumato/tensor/autocast.h"
#include "sfumato/tensor/shape.h"
#include "sfumato/text/prompt_chunks.h"
#include "sfumato/text/prompt_parts.h"

namespace sfumato {
namespace {

constexpr std::int64_t kRowsAtOnce = 8;
// Far beyond any prompt that people write; a context of them all takes some 600 MB with SDXL.
constexpr std::size_t kMaxChunks = 1024, kMaxParts = 256;

/// The different texts of one prompt's schedule.
struct Texts {
  std::vector<std::string> rows;
  std::vector<float> repeats;       // how often each occurs
  std::vector<std::size_t> row_of;  // entry of the schedule -> row
};

Texts different_texts(const std::vector<ScheduledText>& schedule) {
  Texts texts;
  std::map<std::string, std::size_t> known;
  for (const auto& entry : schedule) {
    const auto [at, is_new] = known.try_emplace(entry.text, texts.rows.size());
    if (is_new) {
      texts.rows.push_back(entry.text);
      texts.repeats.push_back(0.0f);
    }
    texts.repeats[at->second] += 1.0f;
    texts.row_of.push_back(at->second);
  }
  return texts;
}

/// One encoder's chunks of all texts.
struct EncoderChunks {
  const ClipTokenizer& tokenizer;
  const TextEncoder& encoder;
  std::vector<ChunkedPrompt> texts;
  PromptChunk filler;
  std::vector<at::Tensor> words;  // the vectors of the learned ones

  std::size_t most() const {
    std::size_t count = 0;
    for (const auto& text : texts) count = std::max(count, text.chunks.size());
    return count;
  }
  const PromptChunk& chunk(std::int64_t row, std::size_t index) const {
    const auto& chunks = texts[static_cast<std::size_t>(row)].chunks;
    return index < chunks.size() ? chunks[index] : filler;
  }
};

// The vectors of every learned word for the model's encoder of that number.
std::vector<at::Tensor> word_vectors(const Model& model, std::size_t number,
                                     const std::vector<LearnedWord>& words) {
  std::vector<at::Tensor> vectors;
  for (const auto& word : words) {
    if (word.vectors.size() != model.text_encoders.size()) {
      throw Error(ErrorKind::InvalidArgument, "the learned word '" + word.name + "' is made for " +
                                                  std::to_string(word.vectors.size()) +
                                                  " text encoders, the model has " +
                                                  std::to_string(model.text_encoders.size()));
    }
    expect_shape(word.vectors[number], {-1, model.text_encoders[number].config.width},
                 "the vectors of a learned word");
    vectors.push_back(word.vectors[number]);
  }
  return vectors;
}

EncoderChunks chunks_of(const Model& model, std::size_t number, const Texts& texts,
                        const PromptOptions& options) {
  const TextEncoder& encoder = model.text_encoders[number];
  ChunkOptions chunking;
  chunking.emphasis = options.emphasis;
  chunking.length = static_cast<int>(encoder.config.positions) - 2;  // BOS and EOS
  chunking.comma_backtrack = options.comma_backtrack;
  const ClipTokenizer& tokenizer = tokenizer_of(model, encoder);
  EncoderChunks chunks{tokenizer,
                       encoder,
                       {},
                       empty_chunk(tokenizer, chunking.length),
                       word_vectors(model, number, options.words)};
  std::vector<LearnedName> names;
  for (std::size_t i = 0; i < chunks.words.size(); ++i) {
    names.push_back(
        {tokenizer.encode(options.words[i].name), static_cast<int>(chunks.words[i].size(0))});
  }
  chunking.words = names;
  for (const auto& text : texts.rows) {
    chunks.texts.push_back(chunk_prompt(tokenizer, text, chunking));
  }
  return chunks;
}

// The index-th chunk of every text: context [B, T, width] and pooled, in float32.
EncodedText encode_chunk(const Model& model, const EncoderChunks& chunks, std::size_t index,
                         const at::Tensor& repeats, const PromptOptions& options) {
  const auto rows = static_cast<std::int64_t>(chunks.texts.size());
  const std::int64_t length = chunks.encoder.config.positions;
  const int eos = chunks.tokenizer.eos(), pad = chunks.encoder.config.pad_with_eos ? eos : 0;
  const at::Tensor multipliers = at::empty({rows, length}, at::kFloat);
  auto* multiplier = multipliers.data_ptr<float>();
  std::vector<at::Tensor> contexts, pooled;
  for (std::int64_t first = 0; first < rows; first += kRowsAtOnce) {
    const std::int64_t count = std::min(kRowsAtOnce, rows - first);
    const at::Tensor ids = at::empty({count, length}, at::kLong);
    auto* id = ids.data_ptr<std::int64_t>();
    std::vector<TokenVectors> words;
    for (std::int64_t row = 0; row < count; ++row) {
      const PromptChunk& chunk = chunks.chunk(first + row, index);
      const auto padded = padded_with(chunk.ids, eos, pad);
      id = std::copy(padded.begin(), padded.end(), id);
      for (const double value : chunk.multipliers) *multiplier++ = static_cast<float>(value);
      for (const auto& word : chunk.words) {
        const auto position = static_cast<std::int64_t>(word.position);
        words.push_back({row, position, chunks.words[word.index]});
      }
    }
    const EncodedText part = chunks.encoder.encode(ids.to(model.device), options.clip_skip, words);
    contexts.push_back(part.context.to(at::kFloat));
    if (part.pooled) pooled.push_back(part.pooled->to(at::kFloat));
  }
  EncodedText encoded;
  encoded.context = emphasize(at::cat(contexts, 0), multipliers, repeats, options.emphasis);
  if (!pooled.empty()) encoded.pooled = at::cat(pooled, 0);
  return encoded;
}

// One row per text, the contexts of all encoders side by side.
Conditioning encode(const Model& model, const Texts& texts, const SizeConditioning& size,
                    const PromptOptions& options, bool zeroed) {
  const Autocast autocast(model.device, model.dtype);
  const at::Tensor repeats = at::tensor(texts.repeats, at::kFloat);
  std::vector<EncoderChunks> encoders;
  std::size_t count = 0;  // the encoders spell special tokens differently, so theirs may differ
  for (std::size_t i = 0; i < model.text_encoders.size(); ++i) {
    encoders.push_back(chunks_of(model, i, texts, options));
    count = std::max(count, encoders.back().most());
  }
  if (count * texts.rows.size() > kMaxChunks) {
    throw Error(ErrorKind::InvalidArgument, "the prompt has " + std::to_string(texts.rows.size()) +
                                                " different texts of up to " +
                                                std::to_string(count) + " chunks; the most is " +
                                                std::to_string(kMaxChunks) + " chunks in all");
  }
  std::vector<at::Tensor> contexts;
  std::optional<at::Tensor> pooled;
  for (const auto& chunks : encoders) {
    std::vector<at::Tensor> pieces;
    std::optional<at::Tensor> own_pooled;
    for (std::size_t i = 0; i < count; ++i) {
      EncodedText encoded = encode_chunk(model, chunks, i, repeats, options);
      pieces.push_back(encoded.context);
      if (i == 0) own_pooled = encoded.pooled;
    }
    at::Tensor context = at::cat(pieces, 1);
    if (zeroed && chunks.encoder.config.zero_when_empty) {
      context = at::zeros_like(context);
      if (own_pooled) own_pooled = at::zeros_like(*own_pooled);
    }
    contexts.push_back(context);
    if (own_pooled) pooled = own_pooled;
  }
  Conditioning result;
  result.context = contexts.size() == 1 ? contexts[0] : at::cat(contexts, -1);
  result.vector =
      conditioning_vector(model, pooled, static_cast<std::int64_t>(texts.rows.size()), size);
  return result;
}

ScheduledConditioning condition_schedule(const Model& model, const std::string& prompt,
                                         const PromptSteps& steps, const SizeConditioning& size,
                                         const PromptOptions& options, bool negative) {
  const auto schedule = schedule_prompt(prompt, steps);
  const Texts texts = different_texts(schedule);
  const bool empty = texts.rows.size() == 1 && texts.rows[0].empty();
  const Conditioning rows = encode(model, texts, size, options, negative && empty);
  ScheduledConditioning result;
  for (std::size_t i = 0; i < schedule.size(); ++i) {
    const auto row = static_cast<std::int64_t>(texts.row_of[i]);
    auto& entry = result.entries.emplace_back();
    entry.end_step = schedule[i].end_step;
    entry.conditioning.context = rows.context->narrow(0, row, 1);
    if (rows.vector) entry.conditioning.vector = rows.vector->narrow(0, row, 1);
  }
  return result;
}

}  // namespace

PromptConditioning condition_prompt(const Model& model, const std::string& prompt,
                                    const PromptSteps& steps, const SizeConditioning& size,
                                    const PromptOptions& options) {
  expect_prompts(model);
  const auto parts = split_prompt(prompt);
  if (parts.size() > kMaxParts) {
    throw Error(ErrorKind::InvalidArgument, "the prompt joins " + std::to_string(parts.size()) +
                                                " parts by AND; the most is " +
                                                std::to_string(kMaxParts));
  }
  PromptConditioning result;
  for (const auto& part : parts) {
    result.parts.push_back(
        {condition_schedule(model, part.text, steps, size, options, false), part.weight});
  }
  return result;
}

ScheduledConditioning condition_negative_prompt(const Model& model, const std::string& prompt,
                                                const PromptSteps& steps,
                                                const SizeConditioning& size,
                                                const PromptOptions& options) {
  expect_prompts(model);
  return condition_schedule(model, prompt, steps, size, options, true);
}

}  // namespace sfumato
