#pragma once

#include <cstdint>
#include <iosfwd>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/family/model.h"
#include "sfumato/profile/operations.h"

namespace sfumato::cli {

/// What sfumato bench found out.
struct BenchResult {
  struct Line {
    std::string name;
    std::vector<double> seconds;  ///< of each run, ascending
    double flop;                  ///< of one run; 0: not counted
    double median() const { return seconds.at(seconds.size() / 2); }
  };
  nlohmann::ordered_json machine, model;
  double peak = 0.0;  ///< FLOP/s, see measured_peak()
  std::vector<Line> measures;
  std::map<std::string, std::vector<OperationCost>> operations;  ///< by the measure's name
  std::optional<std::uint64_t> peak_memory;                      ///< bytes
  /// Of a step, in the L2 norm, against float32 by LibTorch's operators.
  std::optional<double> relative_error;
};

/// Processor, threads, device, precision and versions.
nlohmann::ordered_json this_machine(const Model& model);

/// The most bytes that this process has had in memory so far.
std::uint64_t peak_memory();

nlohmann::ordered_json to_json(const BenchResult& result);
/// Throws nlohmann::json::exception for anything else.
BenchResult bench_result(const nlohmann::json& json);

/// Tables for people. `shapes`: operations of one kind are told apart by shape.
void print_report(std::ostream& out, const BenchResult& result, bool shapes);
void print_comparison(std::ostream& out, const BenchResult& before, const BenchResult& after);

}  // namespace sfumato::cli
