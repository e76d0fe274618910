#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <set>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "sfumato/tensor/tensor_map.h"

namespace sfumato::golden {

/// One folder of reference data: case.json and data.safetensors or data.jsonl.
struct Case {
  std::filesystem::path folder;
  std::string kind, name;
  nlohmann::json meta;                 ///< the whole case.json
  TensorMap weights, inputs, outputs;  ///< w/, in/, out/ without the prefix; weights in float32
  std::vector<nlohmann::json> lines;   ///< data.jsonl

  const nlohmann::json& config() const { return meta.at("config"); }
  bool has_input(const std::string& name) const { return inputs.count(name) > 0; }
  const at::Tensor& input(const std::string& name) const;
  const at::Tensor& output(const std::string& name) const;
};

Case load_case(const std::filesystem::path& folder);

/// Throw when the case needs something that is not built yet; it is listed as skipped.
struct Skip : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Collects comparisons of one case and remembers the worst. NaN is a failure.
class Report {
 public:
  explicit Report(const Case& c) : case_(c) {}

  /// Compares `got` with out/NAME within the case's tolerance (per_output[NAME] first).
  void expect(const std::string& name, const at::Tensor& got);
  /// Compares with a tensor that is not called out/NAME, within the tolerance of `name`.
  void expect_near(const std::string& name, const at::Tensor& got, const at::Tensor& want);
  /// For numbers, texts and lists: relative tolerance 1e-6 on numbers, exact otherwise.
  void expect_equal(const std::string& name, const nlohmann::json& got, const nlohmann::json& want);

  bool passed() const { return failures_.empty() && compared_ > 0; }
  int compared() const { return compared_; }
  /// Largest deviation as a multiple of the tolerance, and where.
  double worst() const { return worst_; }
  const std::string& worst_at() const { return worst_at_; }
  const std::vector<std::string>& failures() const { return failures_; }
  /// Outputs of the case that the runner never compared.
  std::vector<std::string> not_compared() const;

 private:
  const Case& case_;
  int compared_ = 0;
  std::set<std::string> compared_names_;
  double worst_ = 0.0;
  std::string worst_at_;
  std::vector<std::string> failures_;
};

/// A kind of case and the function that recomputes it. Runners live in kinds/NAME.cpp.
struct Kind {
  std::string_view name;
  void (*run)(const Case&, Report&);
};
std::span<const Kind> kinds();

}  // namespace sfumato::golden
