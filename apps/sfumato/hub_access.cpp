#include "hub_access.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>

#include "sfumato/base/error.h"
#include "sfumato/base/files.h"

namespace sfumato::cli {
namespace {
namespace fs = std::filesystem;

constexpr const char* kPublicHub = "https://huggingface.co";
constexpr std::size_t kLongestToken = 4096;

std::string hub_variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// Where the hub's own tools put the token of `login`.
fs::path usual_token_file() {
  if (const auto home = hub_variable("HF_HOME"); !home.empty()) return fs::path(home) / "token";
  if (const auto cache = hub_variable("XDG_CACHE_HOME"); !cache.empty()) {
    return fs::path(cache) / "huggingface" / "token";
  }
  const auto home = hub_variable("HOME");
  return home.empty() ? fs::path() : fs::path(home) / ".cache" / "huggingface" / "token";
}

/// Without the white space around it. It goes into a header: nothing may stand inside.
std::string expect_token(const std::string& text, const std::string& where) {
  constexpr const char* kSpace = " \t\r\n";
  const auto begin = text.find_first_not_of(kSpace);
  if (begin == text.npos) return "";
  const std::string token = text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
  if (std::all_of(token.begin(), token.end(), [](char c) { return c > 0x20 && c < 0x7F; })) {
    return token;
  }
  throw Error(ErrorKind::InvalidArgument, where + ": this is no token",
              "a token is one word, as the hub's settings page shows it");
}

}  // namespace

Url hub_address(const std::string& flag) {
  for (const auto& text : {flag, hub_variable("SFUMATO_HUB"), hub_variable("HF_ENDPOINT")}) {
    if (!text.empty()) return parse_url(text);
  }
  return parse_url(kPublicHub);
}

HubSecret find_hub_secret(const std::string& file) {
  if (!file.empty()) {
    const std::string token = expect_token(read_file(file, kLongestToken), file);
    if (!token.empty()) return {token, true};
    throw Error(ErrorKind::InvalidArgument, "--token-file: " + file + " is empty");
  }
  for (const char* name : {"HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"}) {
    if (const auto token = expect_token(hub_variable(name), name); !token.empty()) return {token};
  }
  const fs::path usual = usual_token_file();
  std::error_code unreadable;
  if (usual.empty() || !fs::is_regular_file(usual, unreadable)) return {};
  return {expect_token(read_file(usual, kLongestToken), usual.string())};
}

}  // namespace sfumato::cli
