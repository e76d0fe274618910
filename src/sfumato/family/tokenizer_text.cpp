#include "sfumato/family/tokenizer_text.h"

#include "sfumato/base/files.h"
#include "sfumato/text/bpe_trainer.h"
#include "sfumato/text/hugging_face_tokenizer.h"

namespace sfumato {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLargestTokenizer = 1 << 26;  // bytes

}  // namespace

std::string tokenizer_file_of(const ModelConfig& config) {
  for (const auto& encoder : config.text_encoders) {
    if (!encoder.tokenizer_file.empty()) return encoder.tokenizer_file;
  }
  return "";
}

std::string tokenizer_text_of(const fs::path& checkpoint, const ModelConfig& config) {
  const std::string name = tokenizer_file_of(config);
  if (name.empty()) return "";
  const fs::path folder = fs::is_directory(checkpoint) ? checkpoint : checkpoint.parent_path();
  if (fs::exists(folder / name)) return read_file(folder / name, kLargestTokenizer);
  for (const char* part : {"tokenizer", "tokenizer_2"}) {
    const fs::path merges = folder / part / "merges.txt";
    if (!fs::exists(merges)) continue;
    const fs::path config_file = folder / part / "tokenizer_config.json";
    const std::string about =
        fs::exists(config_file) ? read_file(config_file, kLargestTokenizer) : "";
    const TokenizerFile tokenizer =
        read_hugging_face_tokenizer(read_file(merges, kLargestTokenizer), about, merges.string());
    return tokenizer_file(tokenizer.merges, tokenizer.context_length);
  }
  return "";
}

}  // namespace sfumato
