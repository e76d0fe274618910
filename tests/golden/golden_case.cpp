#include "golden/golden_case.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"
#include "sfumato/checkpoint/safetensors.h"
#include "sfumato/tensor/shape.h"

namespace sfumato::golden {
namespace {

const at::Tensor& named(const TensorMap& tensors, const std::string& name, const char* group) {
  const auto at = tensors.find(name);
  if (at == tensors.end()) {
    throw Error(ErrorKind::Corrupt, std::string("the case has no tensor ") + group + name);
  }
  return at->second;
}

// Lines end with \n only: the texts may contain every other separator.
std::vector<nlohmann::json> read_lines(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  std::vector<nlohmann::json> lines;
  for (std::size_t begin = 0; begin < text.size();) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    if (end > begin) lines.push_back(nlohmann::json::parse(text.substr(begin, end - begin)));
    begin = end + 1;
  }
  return lines;
}

void sort_tensors(const std::filesystem::path& path, Case& c) {
  for (const auto& [name, tensor] : load_safetensors(path)) {
    if (name.starts_with("w/")) {
      // Stored small, meant as float32.
      c.weights[name.substr(2)] = tensor.is_floating_point() ? tensor.to(at::kFloat) : tensor;
    } else if (name.starts_with("in/")) {
      c.inputs[name.substr(3)] = tensor;
    } else if (name.starts_with("out/")) {
      c.outputs[name.substr(4)] = tensor;
    }
  }
}

struct Tolerance {
  double rtol = 0.0, atol = 0.0;
};

Tolerance tolerance_of(const nlohmann::json& meta, const std::string& name,
                       const at::Tensor& want) {
  const auto& all = meta.at("tolerance");
  if (want.scalar_type() == at::kByte) {
    if (!all.contains("uint8")) return {};
    return {.rtol = 0.0, .atol = all.at("uint8").value("max_abs_diff", 0.0)};
  }
  if (!want.is_floating_point() || all.value("exact", false)) return {};
  const bool own = all.contains("per_output") && all.at("per_output").contains(name);
  const auto& entry = own ? all.at("per_output").at(name) : all.at("float32");
  return {.rtol = entry.value("rtol", 0.0), .atol = entry.value("atol", 0.0)};
}

bool same_json(const nlohmann::json& got, const nlohmann::json& want) {
  if (got.is_number() && want.is_number()) {
    const double a = got.get<double>(), b = want.get<double>();
    return a == b || std::abs(a - b) <= 1e-6 * std::abs(b);
  }
  if (got.is_array() && want.is_array()) {
    return got.size() == want.size() && std::equal(got.begin(), got.end(), want.begin(), same_json);
  }
  if (got.is_object() && want.is_object()) {
    return got.size() == want.size() &&
           std::all_of(want.items().begin(), want.items().end(), [&](const auto& item) {
             return got.contains(item.key()) && same_json(got.at(item.key()), item.value());
           });
  }
  return got == want;
}

std::string shortened(const nlohmann::json& value) {
  const std::string text = value.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  return text.size() > 160 ? text.substr(0, 157) + "..." : text;
}

std::vector<int64_t> position_of(int64_t flat, at::IntArrayRef shape) {
  std::vector<int64_t> position(shape.size());
  for (int64_t dim = static_cast<int64_t>(shape.size()) - 1; dim >= 0; --dim) {
    position[dim] = flat % shape[dim];
    flat /= shape[dim];
  }
  return position;
}

}  // namespace

const at::Tensor& Case::input(const std::string& name) const { return named(inputs, name, "in/"); }
const at::Tensor& Case::output(const std::string& name) const {
  return named(outputs, name, "out/");
}

Case load_case(const std::filesystem::path& folder) {
  Case c;
  c.folder = folder;
  c.name = folder.filename().string();
  c.meta = nlohmann::json::parse(read_file(folder / "case.json"));
  c.kind = c.meta.at("kind").get<std::string>();
  if (std::filesystem::exists(folder / "data.safetensors")) {
    sort_tensors(folder / "data.safetensors", c);
  }
  if (std::filesystem::exists(folder / "data.jsonl")) c.lines = read_lines(folder / "data.jsonl");
  return c;
}

void Report::expect(const std::string& name, const at::Tensor& got) {
  expect_near(name, got, case_.output(name));
}

void Report::expect_near(const std::string& name, const at::Tensor& got, const at::Tensor& want) {
  ++compared_;
  compared_names_.insert(name);
  if (!got.defined() || got.sizes() != want.sizes()) {
    failures_.push_back(name + ": expected shape " + shape_string(want.sizes()) + ", got " +
                        (got.defined() ? shape_string(got.sizes()) : "no tensor"));
    return;
  }
  if (want.numel() == 0) return;
  const auto [rtol, atol] = tolerance_of(case_.meta, name, want);
  const at::Tensor a = got.detach().to(at::kCPU, at::kDouble).flatten();
  const at::Tensor b = want.to(at::kCPU, at::kDouble).flatten();
  const at::Tensor limit = b.abs().mul(rtol).add(atol);
  // Equal values deviate by nothing, infinities and a tolerance of zero included.
  at::Tensor deviation = (a - b).abs().div(limit).masked_fill(a.eq(b), 0.0);
  deviation = deviation.masked_fill(deviation.isnan(), std::numeric_limits<double>::infinity());

  const int64_t at = deviation.argmax().item<int64_t>();
  const double worst = deviation[at].item<double>();
  if (worst >= worst_) {
    worst_ = worst;
    worst_at_ = name;
  }
  if (worst > 1.0) {
    failures_.push_back(name + shape_string(position_of(at, want.sizes())) + ": expected " +
                        std::to_string(b[at].item<double>()) + ", got " +
                        std::to_string(a[at].item<double>()) + ", " + std::to_string(worst) +
                        " times the tolerance, " +
                        std::to_string(deviation.gt(1.0).sum().item<int64_t>()) + " of " +
                        std::to_string(want.numel()) + " values are off");
  }
}

void Report::expect_equal(const std::string& name, const nlohmann::json& got,
                          const nlohmann::json& want) {
  ++compared_;
  compared_names_.insert(name);
  if (same_json(got, want)) return;
  worst_ = std::numeric_limits<double>::infinity();
  worst_at_ = name;
  failures_.push_back(name + ": expected " + shortened(want) + ", got " + shortened(got));
}

std::vector<std::string> Report::not_compared() const {
  std::vector<std::string> names;
  for (const auto& [name, tensor] : case_.outputs) {
    if (!compared_names_.contains(name)) names.push_back(name);
  }
  return names;
}

}  // namespace sfumato::golden
