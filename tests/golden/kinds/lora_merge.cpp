#include <ATen/ATen.h>

#include <memory>

#include "golden/kinds/lora_support.h"
#include "sfumato/adapters/adapter.h"
#include "sfumato/adapters/match.h"
#include "sfumato/adapters/merged_adapters.h"
#include "sfumato/family/family.h"
#include "sfumato/family/model.h"

namespace sfumato::golden {
namespace {

const ModelConfig& family_of(const Case& c) {
  return find_family(c.name.find("sdxl") != std::string::npos ? "sdxl_base" : "sd15");
}

AdapterNames names_of(const Case& c) {
  const Model model = describe_model(family_of(c));
  return AdapterNames(model.config, checkpoint_tensors(model));
}

TensorMap copy_of(const TensorMap& tensors) {
  TensorMap copy;
  for (const auto& [name, tensor] : tensors) copy[name] = tensor.clone();
  return copy;
}

std::vector<AdapterUse> uses_of(const Case& c) {
  const auto& config = c.config();
  const auto use = [&](const std::string& file, double text_encoder, double unet) {
    const auto adapter = std::make_shared<const Adapter>(read_adapter(c.folder / file));
    return AdapterUse{.adapter = adapter, .text_encoder = text_encoder, .unet = unet};
  };
  if (config.contains("file")) {
    return {use(config.at("file"), config.at("te_multiplier"), config.at("unet_multiplier"))};
  }
  std::vector<AdapterUse> uses;
  for (std::size_t i = 0; i < config.at("files").size(); ++i) {
    uses.push_back(use(config.at("files").at(i), config.at("te_multiplier").at(i),
                       config.at("unet_multiplier").at(i)));
  }
  return uses;
}

// The outputs below `group`, e.g. "lycoris_m1/".
void expect_group(const Case& c, Report& report, const std::string& group, const TensorMap& model) {
  for (const auto& [name, wanted] : c.outputs) {
    if (name.starts_with(group)) report.expect(name, model.at(name.substr(group.size())));
  }
}

// Published programs disagree about DoRA. Ours takes the norms of the trainer (LyCORIS) and,
// between strength 0 and 1, the straight line of the web interface; all meet when the norms belong
// to the inputs, and at strength 1 the trainer and we do in any case.
void run_dora(const Case& c, Report& report, MergedAdapters& merged, const TensorMap& model) {
  auto uses = uses_of(c);
  if (c.name.ends_with("_in")) {
    merged.set(uses);
    expect_group(c, report, "webui_live/", model);
    expect_group(c, report, "webui_classic/", model);
  }
  uses[0].unet = uses[0].text_encoder = 1.0;
  merged.set(uses);
  expect_group(c, report, "lycoris_m1/", model);
}

}  // namespace

void run_adapter_merge(const Case& c, Report& report) {
  const TensorMap model = copy_of(c.weights);  // a few tensors of the model, in small
  MergedAdapters merged(names_of(c), model);
  if (c.name.find("_dora_") != std::string::npos) {
    run_dora(c, report, merged, model);
  } else {
    const auto uses = uses_of(c);
    merged.set(uses);
    expect_group(c, report, "", model);
    if (c.config().contains("unknown_keys")) {
      const auto match = match_adapter(*uses[0].adapter, merged.names());
      report.expect_equal("unknown_keys", match.unused, c.config().at("unknown_keys"));
    }
  }
  merged.set({});
  for (const auto& [name, tensor] : model) {
    report.expect_equal(name + " restored", at::equal(tensor, c.weights.at(name)), true);
  }
}

void run_adapter_names(const Case& c, Report& report) {
  const AdapterNames names = names_of(c);
  const std::int64_t width = family_of(c).text_encoders.back().width;
  for (const auto& line : c.lines) {
    const std::string key = line.at("key");
    const AdapterTarget* target = names.find(key);
    report.expect_equal(key, target ? target->weight : "", line.at("expected_tensor"));
    if (!target || !line.contains("expected_rows")) continue;
    report.expect_equal(key + " rows", {target->third * width, (target->third + 1) * width},
                        line.at("expected_rows"));
  }
}

}  // namespace sfumato::golden
