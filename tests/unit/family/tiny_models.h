#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "sfumato/base/error.h"
#include "sfumato/family/family.h"
#include "sfumato/family/model.h"
#include "sfumato/text/bpe_trainer.h"

namespace sfumato {

/// A tokenizer file without merges: the bytes and the two special tokens, 514 ids.
inline std::string byte_tokenizer() { return tokenizer_file({}, 16); }

inline Model tiny_model(const std::string& family) {
  return make_model(find_family(family), byte_tokenizer(), 7);
}

inline std::filesystem::path fresh_folder(const std::string& name) {
  const auto folder = std::filesystem::path(testing::TempDir()) / ("sfumato_family_" + name);
  std::filesystem::remove_all(folder);
  return folder;
}

/// The error that `action` throws; fails the test when it throws none.
template <class Action>
Error error_of(Action action) {
  try {
    action();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "expected an Error";
  return Error(ErrorKind::Io, "none");
}

}  // namespace sfumato
