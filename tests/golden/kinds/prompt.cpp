#include <ATen/ATen.h>

#include <cstdio>
#include <functional>
#include <map>

#include "golden/golden_case.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/base/error.h"
#include "sfumato/diffusion/guidance.h"
#include "sfumato/diffusion/prompt_guidance.h"
#include "sfumato/family/emphasis.h"
#include "sfumato/text/extra_networks.h"
#include "sfumato/text/prompt_attention.h"
#include "sfumato/text/prompt_chunks.h"
#include "sfumato/text/prompt_parts.h"
#include "sfumato/text/prompt_schedule.h"
#include "sfumato/text/prompt_styles.h"

namespace sfumato::golden {
namespace {

using nlohmann::json;

const std::string& text_of(const json& line) {
  return line.at("text").get_ref<const std::string&>();
}

std::string title(const json& line) { return "'" + text_of(line).substr(0, 60) + "'"; }

bool throws(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error&) {
    return true;
  }
  return false;
}

void run_attention(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    const auto& text = text_of(line);
    if (line.contains("expected_error")) {
      report.expect_equal(title(line) + " is refused", throws([&] { parse_attention(text); }),
                          true);
      continue;
    }
    json parts = json::array();
    for (const auto& part : parse_attention(text)) parts.push_back({part.text, part.weight});
    report.expect_equal(title(line), parts, line.at("expected"));
  }
}

void run_and(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    std::map<std::string, std::size_t> known;
    json weights = json::array(), prompts = json::array();
    for (const auto& part : split_prompt(text_of(line))) {
      const auto [at, is_new] = known.try_emplace(part.text, known.size());
      if (is_new) prompts.push_back(part.text);
      weights.push_back({at->second, part.weight});
    }
    report.expect_equal(title(line) + " prompts", prompts, line.at("expected_prompts"));
    report.expect_equal(title(line) + " weights", weights, line.at("expected_index_weight"));
  }
}

void run_chunks(const Case& c, Report& report) {
  const auto& config = c.config();
  const auto tokenizer = ClipTokenizer::original(SpecialTokens::OpenAi);
  report.expect_equal("bos", tokenizer.bos(), config.at("bos"));
  report.expect_equal("eos", tokenizer.eos(), config.at("eos"));
  ChunkOptions options;
  options.emphasis = parse_emphasis(config.at("emphasis").get<std::string>());
  options.length = config.at("chunk_length");
  options.comma_backtrack = config.at("comma_padding_backtrack");
  for (const auto& line : c.lines) {
    const ChunkedPrompt prompt = chunk_prompt(tokenizer, text_of(line), options);
    json ids = json::array(), multipliers = json::array();
    for (const auto& chunk : prompt.chunks) {
      ids.push_back(padded_with(chunk.ids, tokenizer.eos(), config.at("pad")));
      multipliers.push_back(chunk.multipliers);
    }
    report.expect_equal(title(line) + " count", prompt.token_count,
                        line.at("expected_token_count"));
    report.expect_equal(title(line) + " tokens", ids, line.at("expected_tokens"));
    report.expect_equal(title(line) + " multipliers", multipliers, line.at("expected_multipliers"));
  }
}

void run_comments(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    report.expect_equal(title(line), strip_comments(text_of(line)), line.at("expected"));
  }
}

// What a field such as "expected_hires_10_20" asks for; steps is 0 for other fields.
PromptSteps steps_of(const std::string& field) {
  PromptSteps steps;
  int hires = 0;
  if (std::sscanf(field.c_str(), "expected_hires_%d_%d", &steps.steps, &hires) == 2) {
    steps.hires_steps = hires;
  } else if (std::sscanf(field.c_str(), "expected_old_%d", &steps.steps) == 1) {
    steps.old_timeline = true;
  } else if (std::sscanf(field.c_str(), "expected_%d_steps", &steps.steps) != 1) {
    return {};
  }
  return steps;
}

void run_prompt_schedule(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    for (const auto& [field, want] : line.items()) {
      const PromptSteps steps = steps_of(field);
      if (steps.steps == 0) continue;
      json schedule = json::array();
      for (const auto& entry : schedule_prompt(text_of(line), steps)) {
        schedule.push_back({entry.end_step, entry.text});
      }
      report.expect_equal(title(line) + " " + field, schedule, want);
    }
  }
}

void run_networks(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    const auto [prompt, networks] = extract_networks(text_of(line));
    report.expect_equal(title(line) + " prompt", prompt, line.at("expected_prompt"));
    json by_kind = json::object();
    for (const auto& network : networks) {
      by_kind[network.kind].push_back({{"items", network.items},
                                       {"positional", network.positional()},
                                       {"named", network.named()}});
    }
    report.expect_equal(title(line) + " networks", by_kind, line.at("expected_networks"));
    if (line.contains("expected_lora_error")) {
      const auto& all = networks;
      report.expect_equal(title(line) + " is refused", throws([&] { lora_uses(all); }), true);
    } else if (line.contains("expected_lora")) {
      json uses = json::array();
      for (const auto& use : lora_uses(networks)) {
        uses.push_back({{"name", use.name},
                        {"te", use.text_weight},
                        {"unet", use.unet_weight},
                        {"dyn_dim", use.rank ? json(*use.rank) : json(nullptr)}});
      }
      report.expect_equal(title(line) + " loras", uses, line.at("expected_lora"));
    }
  }
}

void run_styles(const Case& c, Report& report) {
  std::vector<PromptStyle> styles;
  for (const auto& style : c.config().at("styles")) {
    styles.push_back({style.at("name").get<std::string>(), style.at("prompt").get<std::string>(),
                      style.at("negative_prompt").get<std::string>()});
  }
  for (const auto& line : c.lines) {
    const auto names = line.at("styles").get<std::vector<std::string>>();
    const std::string name = line.at("styles").dump() + " " + line.at("prompt").dump();
    const PromptPair applied = apply_styles(
        {line.at("prompt").get<std::string>(), line.at("negative_prompt").get<std::string>()},
        names, styles);
    report.expect_equal(name + " prompt", applied.prompt, line.at("expected_prompt"));
    report.expect_equal(name + " negative", applied.negative_prompt, line.at("expected_negative"));
    const ExtractedStyles found = extract_styles(applied, styles);
    const json extracted{found.names, found.pair.prompt, found.pair.negative_prompt};
    report.expect_equal(name + " extracted", extracted, line.at("expected_extracted"));
  }
}

void run_emphasis(const Case& c, Report& report) {
  const at::Tensor &z = c.input("z"), &multipliers = c.input("multipliers");
  const at::Tensor once = at::ones({z.size(0)}, at::kFloat);
  const auto expect = [&](const char* output, Emphasis emphasis) {
    report.expect(output, emphasize(z, multipliers, once, emphasis));
  };
  expect("original", Emphasis::Original);
  expect("no_norm", Emphasis::NoNorm);
  expect("ignore", Emphasis::Ignore);
  expect("none", Emphasis::None);
}

void run_reconstruction(const Case& c, Report& report) {
  const at::Tensor &conds = c.input("conds"), &longer = c.input("long");
  std::vector<ScheduledConditioning> prompts;
  for (const auto& schedule : c.config().at("schedules")) {
    auto& prompt = prompts.emplace_back();
    for (const auto& entry : schedule) {
      auto& added = prompt.entries.emplace_back();
      added.end_step = entry.at(0);
      added.conditioning.context = conds.narrow(0, entry.at(1).get<std::int64_t>(), 1);
    }
  }
  for (const int step : c.config().at("steps")) {
    std::vector<at::Tensor> contexts;
    for (const auto& prompt : prompts) contexts.push_back(*prompt.at(step).context);
    report.expect("step_" + std::to_string(step), at::cat(contexts, 0).narrow(1, 0, 2));
  }
  const at::Tensor stacked =
      at::cat({match_length(conds.narrow(0, 0, 1), longer.size(0)), longer.unsqueeze(0),
               match_length(conds.narrow(0, 1, 1), longer.size(0))},
              0);
  report.expect("stacked", stacked.narrow(1, 70, 20));
}

}  // namespace

void run_prompt(const Case& c, Report& report) {
  if (made_by(c, "parse_prompt_attention")) return run_attention(c, report);
  if (made_by(c, "get_multicond_prompt_list")) return run_and(c, report);
  if (made_by(c, "tokenize_line")) return run_chunks(c, report);
  if (made_by(c, "strip_comments")) return run_comments(c, report);
  if (made_by(c, "prompt_schedules")) return run_prompt_schedule(c, report);
  if (made_by(c, "extra_networks.py")) return run_networks(c, report);
  if (made_by(c, "styles.py")) return run_styles(c, report);
  if (made_by(c, "emphasis.py")) return run_emphasis(c, report);
  if (made_by(c, "reconstruct_cond_batch")) return run_reconstruction(c, report);
  throw Skip("prompts of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
