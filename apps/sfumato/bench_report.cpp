#include "bench_report.h"

#include <sys/resource.h>
#include <torch/version.h>

#include <algorithm>
#include <fstream>
#include <iomanip>
#include <ostream>
#include <sstream>

#include "sfumato/tensor/parallel.h"
#include "table.h"

namespace sfumato::cli {
namespace {

using Row = std::vector<std::string>;

std::string number(double value, int digits) {
  std::ostringstream text;
  text << std::fixed << std::setprecision(digits) << value;
  return text.str();
}

std::string scientific(double value) {
  std::ostringstream text;
  text << std::scientific << std::setprecision(1) << value;
  return text.str();
}

std::string milliseconds(double seconds) { return number(1e3 * seconds, seconds < 0.1 ? 2 : 0); }

std::string share(double part, double whole) {
  return whole > 0.0 ? number(100.0 * part / whole, 1) + " %" : "-";
}

std::string giga(double per_second) {
  return per_second > 0.0 ? number(per_second / 1e9, per_second < 1e10 ? 1 : 0) : "-";
}

std::string processor() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name"))
      return line.substr(std::min(line.find(':') + 2, line.size()));
  }
  return "unknown";
}

std::vector<OperationCost> without_shapes(const std::vector<OperationCost>& operations) {
  std::map<std::string, OperationCost> kinds;
  for (const auto& operation : operations) {
    OperationCost& kind = kinds[operation.name];
    kind.name = operation.name;
    kind.calls += operation.calls;
    kind.seconds += operation.seconds;
    kind.flop += operation.flop;
    kind.bytes += operation.bytes;
  }
  std::vector<OperationCost> sorted;
  for (auto& [name, kind] : kinds) sorted.push_back(std::move(kind));
  std::sort(sorted.begin(), sorted.end(),
            [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  return sorted;
}

void print_operations(std::ostream& out, const std::string& name,
                      const std::vector<OperationCost>& all, double peak, bool shapes) {
  constexpr double kSmallest = 1e-3;  // of the whole; smaller ones become one line
  const auto operations = shapes ? all : without_shapes(all);
  double whole = 0.0, small = 0.0;
  for (const auto& operation : operations) whole += operation.seconds;
  std::vector<Row> rows{
      {"OPERATION OF " + name, "CALLS", "MS", "OF ALL", "GFLOP/S", "OF PEAK", "GB/S"}};
  for (const auto& o : operations) {
    if (o.seconds < kSmallest * whole) {
      small += o.seconds;
      continue;
    }
    rows.push_back({o.name + (o.shape.empty() || !shapes ? "" : " " + o.shape),
                    std::to_string(o.calls), milliseconds(o.seconds), share(o.seconds, whole),
                    giga(o.flop / o.seconds), o.flop > 0.0 ? share(o.flop / o.seconds, peak) : "-",
                    giga(o.bytes / o.seconds)});
  }
  rows.push_back({"everything smaller", "", milliseconds(small), share(small, whole), "", "", ""});
  out << "\n";
  print_table(out, rows);
}

nlohmann::ordered_json to_json(const OperationCost& o) {
  return {{"name", o.name},       {"shape", o.shape}, {"calls", o.calls},
          {"seconds", o.seconds}, {"flop", o.flop},   {"bytes", o.bytes}};
}

OperationCost operation_cost(const nlohmann::json& json) {
  return {.name = json.at("name"),
          .shape = json.at("shape"),
          .calls = json.at("calls"),
          .seconds = json.at("seconds"),
          .flop = json.at("flop"),
          .bytes = json.at("bytes")};
}

}  // namespace

nlohmann::ordered_json this_machine(const Model& model) {
  return {{"processor", processor()},     {"threads", threads_here()},
          {"device", model.device.str()}, {"precision", c10::toString(model.dtype)},
          {"libtorch", TORCH_VERSION},    {"sfumato", SFUMATO_VERSION}};
}

std::uint64_t peak_memory() {
  struct rusage usage {};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
}

nlohmann::ordered_json to_json(const BenchResult& result) {
  nlohmann::ordered_json json{
      {"machine", result.machine}, {"model", result.model}, {"peak_flop_per_second", result.peak}};
  for (const auto& line : result.measures) {
    json["measures"].push_back(
        {{"name", line.name}, {"seconds", line.seconds}, {"flop", line.flop}});
  }
  for (const auto& [name, operations] : result.operations) {
    for (const auto& o : operations) json["operations"][name].push_back(to_json(o));
  }
  if (result.relative_error) json["relative_error"] = *result.relative_error;
  if (result.peak_memory) json["peak_memory_bytes"] = *result.peak_memory;
  return json;
}

BenchResult bench_result(const nlohmann::json& json) {
  BenchResult result;
  result.machine = json.at("machine");
  result.model = json.at("model");
  result.peak = json.at("peak_flop_per_second");
  for (const auto& line : json.value("measures", nlohmann::json::array())) {
    result.measures.push_back({line.at("name"), line.at("seconds"), line.at("flop")});
    static_cast<void>(line.at("seconds").at(0));  // throws: there is no median of nothing
  }
  const auto operations = json.value("operations", nlohmann::json::object());
  for (const auto& [name, list] : operations.items()) {
    for (const auto& o : list) result.operations[name].push_back(operation_cost(o));
  }
  if (json.contains("relative_error")) result.relative_error = json.at("relative_error");
  if (json.contains("peak_memory_bytes")) result.peak_memory = json.at("peak_memory_bytes");
  return result;
}

void print_report(std::ostream& out, const BenchResult& result, bool shapes) {
  for (const auto& [name, value] : result.machine.items()) {
    out << name << " " << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
  }
  out << "peak " << giga(result.peak) << " GFLOP/s (4096x1280 by 1280x1280, packed)\n\n";
  std::vector<Row> rows{{"MEASURED", "SECONDS", "FASTEST", "GFLOP/S", "OF PEAK"}};
  for (const auto& line : result.measures) {
    const double rate = line.flop / line.median();
    rows.push_back({line.name, number(line.median(), 3), number(line.seconds.front(), 3),
                    giga(rate), line.flop > 0.0 ? share(rate, result.peak) : "-"});
  }
  print_table(out, rows);
  if (result.relative_error) {
    out << "error of a step " << scientific(*result.relative_error)
        << " (relative L2 against float32)\n";
  }
  if (result.peak_memory) {
    out << "peak memory " << number(double(*result.peak_memory) / double(1 << 30), 2) << " GiB\n";
  }
  for (const auto& [name, operations] : result.operations) {
    print_operations(out, name, operations, result.peak, shapes);
  }
}

void print_comparison(std::ostream& out, const BenchResult& before, const BenchResult& after) {
  std::vector<Row> rows{{"MEASURED", "BEFORE", "AFTER", "TIMES FASTER"}};
  for (const auto& line : after.measures) {
    const auto old = std::find_if(before.measures.begin(), before.measures.end(),
                                  [&](const auto& other) { return other.name == line.name; });
    if (old == before.measures.end()) continue;
    rows.push_back({line.name, number(old->median(), 3) + " s", number(line.median(), 3) + " s",
                    number(old->median() / line.median(), 2)});
  }
  if (before.peak_memory && after.peak_memory) {
    const auto gib = [](std::uint64_t bytes) {
      return number(double(bytes) / double(1 << 30), 2) + " GiB";
    };
    rows.push_back({"peak memory", gib(*before.peak_memory), gib(*after.peak_memory), ""});
  }
  if (before.relative_error && after.relative_error) {
    rows.push_back({"error of a step", scientific(*before.relative_error),
                    scientific(*after.relative_error), ""});
  }
  print_table(out, rows);
  if (before.machine != after.machine) {
    out << "\nnot measured alike:\n  before " << before.machine.dump() << "\n  after  "
        << after.machine.dump() << "\n";
  }
}

}  // namespace sfumato::cli
