#include <ostream>

#include "../command.h"
#include "../flags.h"
#include "../table.h"
#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato::cli {
namespace {

struct SamplersOptions {
  bool json = false;
};
constexpr std::array kSamplersFields{
    Field<SamplersOptions>{"json", &SamplersOptions::json, "print JSON"}};

void print_json(std::ostream& out) {
  nlohmann::ordered_json json;
  for (const auto& s : samplers()) {
    json["samplers"].push_back({{"name", s.name},
                                {"order", s.order},
                                {"stochastic", s.stochastic},
                                {"uses_eta", uses_eta(s.name)},
                                {"spacing", s.spacing},
                                {"summary", s.summary}});
  }
  for (const auto& s : spacings()) {
    json["spacings"].push_back({{"name", s.name}, {"summary", s.summary}});
  }
  out << json.dump(2) << "\n";
}

void run_samplers(std::span<const char* const> args, Streams io) {
  SamplersOptions options;
  Flags flags("sfumato samplers", "lists the samplers and where they place their steps");
  flags.add<SamplersOptions>(options, kSamplersFields);
  if (!flags.parse(args, io.out)) return;
  if (options.json) return print_json(io.out);

  std::vector<std::vector<std::string>> rows{{"SAMPLER", "ORDER", "NOISE", "SPACING", "SUMMARY"}};
  for (const auto& s : samplers()) {
    const char* noise = s.stochastic ? "yes" : uses_eta(s.name) ? "with --eta" : "no";
    rows.push_back({std::string(s.name), std::to_string(s.order), noise, std::string(s.spacing),
                    std::string(s.summary)});
  }
  print_table(io.out, rows);
  io.out << "\n";
  rows = {{"SPACING", "SUMMARY"}};
  for (const auto& s : spacings()) rows.push_back({std::string(s.name), std::string(s.summary)});
  print_table(io.out, rows);
}

}  // namespace

const Command list_samplers{
    .name = "samplers", .summary = "list samplers and spacings", .run = run_samplers};

}  // namespace sfumato::cli
