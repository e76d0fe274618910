#include "golden/golden_case.h"
#include "sfumato/text/clip_tokenizer.h"

namespace sfumato::golden {

void run_tokenizer(const Case& c, Report& report) {
  const auto& config = c.config();
  // Only OpenCLIP's case spells out its special tokens.
  const bool open_clip = config.contains("special_tokens") &&
                         config["special_tokens"].at(0).get<std::string>() == "<start_of_text>";
  const auto tokenizer =
      ClipTokenizer::original(open_clip ? SpecialTokens::OpenClip : SpecialTokens::OpenAi);
  report.expect_equal("vocab_size", tokenizer.vocabulary(), config.at("vocab_size"));
  report.expect_equal("bos", tokenizer.bos(), config.at("bos"));
  report.expect_equal("eos", tokenizer.eos(), config.at("eos"));

  const int length = config.value("context_length", 77);
  const int pad = config.value("pad_in_ids77", 0);
  for (const auto& line : c.lines) {
    const auto& text = line.at("text").get_ref<const std::string&>();
    const std::string name = "'" + text.substr(0, 60) + "'";
    report.expect_equal(name + " ids", tokenizer.encode(text), line.at("ids"));
    report.expect_equal(name + " ids77", tokenizer.encode_padded(text, length, pad),
                        line.at("ids77"));
  }
}

}  // namespace sfumato::golden
