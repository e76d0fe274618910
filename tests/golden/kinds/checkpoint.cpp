#include <ATen/ATen.h>

#include <optional>
#include <set>

#include "golden/golden_case.h"
#include "golden/kinds/runners.h"
#include "sfumato/base/error.h"
#include "sfumato/checkpoint/open_checkpoint.h"
#include "sfumato/checkpoint/torch_file.h"

namespace sfumato::golden {
namespace {

namespace fs = std::filesystem;

/// Like open_checkpoint(), but with everything that a pickled training state holds.
Checkpoint open_whole(const fs::path& path) {
  Checkpoint checkpoint = open_checkpoint(path);
  if (checkpoint.format == CheckpointFormat::TorchZip ||
      checkpoint.format == CheckpointFormat::TorchLegacy) {
    checkpoint.tensors = load_torch_file(path).tensors;
  }
  return checkpoint;
}

struct Opened {
  std::optional<Checkpoint> checkpoint;
  std::string refusal;  ///< the message when it was refused
};

Opened try_to_open(const fs::path& path) {
  try {
    return {open_whole(path), ""};
  } catch (const Error& error) {
    return {std::nullopt, error.what()};
  }
}

/// The recorded file knows fewer types.
at::Tensor as_recorded(const at::Tensor& tensor, at::ScalarType recorded) {
  const auto type = tensor.scalar_type();
  if (type == at::kChar || type == at::kShort) return tensor.to(at::kInt);
  if (type == at::kByte && recorded == at::kLong) return tensor.to(at::kLong);
  if (type == at::kBool && recorded == at::kByte) return tensor.to(at::kByte);
  if (type == at::kBFloat16 && recorded == at::kFloat) return tensor.to(at::kFloat);
  return tensor;
}

void expect_tensor(const std::string& name, const at::Tensor& tensor, const Case& c,
                   Report& report) {
  const at::Tensor& want = c.output(name);
  const at::Tensor got = as_recorded(tensor, want.scalar_type());
  report.expect_equal(name + " type", at::toString(got.scalar_type()),
                      at::toString(want.scalar_type()));
  if (!want.is_floating_point() || got.sizes() != want.sizes()) return report.expect(name, got);
  const at::Tensor missing = want.isnan();
  report.expect_equal(name + " NaN", at::equal(got.isnan(), missing), true);
  report.expect_near(name, got.masked_fill(missing, 0.0), want.masked_fill(missing, 0.0));
}

void expect_metadata(const nlohmann::json& want, const Metadata& got, Report& report) {
  for (const auto& [key, value] : want.items()) {
    const auto found = got.find(key);
    const std::string text = found == got.end() ? "absent" : found->second;
    if (value == "array") {
      report.expect_equal("metadata " + key, text.starts_with("list of "), true);
    } else if (value.is_string()) {
      report.expect_equal("metadata " + key, text, value);
    } else {
      report.expect_equal("metadata " + key, nlohmann::json::parse(text, nullptr, false), value);
    }
  }
}

void expect_contents(const Checkpoint& checkpoint, const Case& c, Report& report) {
  std::set<std::string> names, wanted, nonfinite;
  for (const auto& [name, tensor] : checkpoint.tensors) {
    names.insert(name);
    if (tensor.is_floating_point() && !at::isfinite(tensor).all().item<bool>()) {
      nonfinite.insert(name);
    }
  }
  for (const auto& [name, tensor] : c.outputs) wanted.insert(name);
  report.expect_equal("names", names, wanted);
  for (const auto& name : wanted) {
    if (names.contains(name)) expect_tensor(name, checkpoint.tensors.at(name), c, report);
  }
  if (c.config().contains("metadata")) {
    expect_metadata(c.config()["metadata"], checkpoint.metadata, report);
  }
  if (c.config().contains("nonfinite_tensors")) {
    const std::set<std::string> want = c.config()["nonfinite_tensors"];
    report.expect_equal("tensors that are not finite", nonfinite, want);
  }
}

}  // namespace

void run_checkpoint(const Case& c, Report& report) {
  const auto& config = c.config();
  const Opened opened = try_to_open(c.folder / config.at("file").get<std::string>());
  const std::string expect = config.at("expect");
  if (expect == "error") {
    report.expect_equal("refused", !opened.checkpoint, true);
  } else if (expect == "ok" && (opened.checkpoint || !config.contains("expect_alternative"))) {
    report.expect_equal("refusal", opened.refusal, "");
    if (opened.checkpoint) expect_contents(*opened.checkpoint, c, report);
  }
  const bool one_line = opened.refusal.find('\n') == std::string::npos;
  report.expect_equal("message of one line", one_line && opened.refusal.size() < 600, true);
  if (config.contains("marker_file")) {
    const std::string marker = config["marker_file"];
    report.expect_equal("executed", fs::exists(marker) || fs::exists(c.folder / marker), false);
  }
}

}  // namespace sfumato::golden
