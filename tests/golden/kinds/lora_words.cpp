#include <ATen/ATen.h>

#include "golden/kinds/lora_support.h"
#include "sfumato/adapters/textual_inversion.h"
#include "sfumato/models/token_vectors.h"

namespace sfumato::golden {

void run_textual_inversion(const Case& c, Report& report) {
  const auto& config = c.config();
  const auto read = read_textual_inversion(c.folder / config.at("file").get<std::string>());
  std::int64_t widths = 0;
  for (const auto& vectors : read.vectors) widths += vectors.size(1);
  report.expect_equal("vectors", read.vectors.at(0).size(0), config.at("vectors"));
  report.expect_equal("shape", widths, config.at("shape"));
  if (!config.at("step").is_null()) {
    const auto step = read.facts.find("step");
    report.expect_equal("step", step == read.facts.end() ? "" : step->second,
                        std::to_string(config.at("step").get<int>()));
  }
  for (const auto& [name, wanted] : c.outputs) {
    for (const auto& vectors : read.vectors) {
      if (vectors.size(1) == wanted.size(1)) report.expect(name, vectors);
    }
  }
}

void run_token_vectors(const Case& c, Report& report) {
  std::vector<TokenVectors> words;
  const auto& fixes = c.config().at("fixes");
  for (std::size_t row = 0; row < fixes.size(); ++row) {
    for (const auto& fix : fixes.at(row)) {
      // The original counts from the token after the start token.
      words.push_back({static_cast<std::int64_t>(row), fix.at(0).get<std::int64_t>() + 1,
                       c.input(fix.at(1).get<std::string>())});
    }
  }
  const at::Tensor embedded = at::embedding(c.weights.at("weight"), c.input("ids"));
  report.expect("out", with_token_vectors(embedded, words));
}

}  // namespace sfumato::golden
