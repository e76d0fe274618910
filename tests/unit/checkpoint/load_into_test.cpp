#include "sfumato/checkpoint/load_into.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "sfumato/base/error.h"

namespace sfumato {
namespace {

struct BlockImpl : torch::nn::Module {
  BlockImpl() {
    first = register_module("first_layer", torch::nn::Linear(4, 8));
    second = register_module("second", torch::nn::Linear(8, 8));
    register_buffer("count", at::zeros({1}));
  }
  torch::nn::Linear first{nullptr}, second{nullptr};
};

TensorMap copy_of(const TensorMap& tensors) {
  TensorMap copy;
  for (const auto& [name, tensor] : tensors) copy[name] = tensor.detach().clone();
  return copy;
}

TEST(LoadInto, CopiesParametersAndBuffersAndConvertsTheirType) {
  BlockImpl from, to;
  from.named_buffers()["count"].fill_(3);
  TensorMap file;
  for (const auto& [name, tensor] : tensors_of(from)) file[name] = tensor.detach().to(at::kDouble);
  load_into(to, file);
  for (const auto& [name, tensor] : tensors_of(to)) {
    EXPECT_EQ(tensor.scalar_type(), at::kFloat);
    EXPECT_TRUE(at::equal(tensor, file.at(name).to(at::kFloat))) << name;
  }
}

TEST(LoadInto, SaysWhatIsWrongAndChangesNothing) {
  BlockImpl model;
  const TensorMap before = copy_of(tensors_of(model));
  TensorMap file = copy_of(before);
  for (auto& [name, tensor] : file) tensor.add_(1);
  file["first_layer.gamma"] = file.extract("first_layer.weight").mapped();
  file["second.weight"] = at::zeros({4, 8});

  try {
    load_into(model, file);
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::Corrupt);
    EXPECT_STREQ(e.what(),
                 "checkpoint does not fit the model: 1 missing, 1 misshapen, 1 unexpected\n"
                 "  missing    first_layer.weight  (file has first_layer.gamma)\n"
                 "  misshapen  second.weight  file [4, 8], model [8, 8]\n"
                 "  unexpected first_layer.gamma");
  }
  for (const auto& [name, tensor] : tensors_of(model)) {
    EXPECT_TRUE(at::equal(tensor, before.at(name))) << name;
  }
}

TEST(LoadInto, ListsAtMostFiveNamesOfAKind) {
  BlockImpl model;
  TensorMap file = copy_of(tensors_of(model));
  for (int i = 0; i < 7; ++i) file["zz" + std::to_string(i)] = at::zeros({1});
  try {
    load_into(model, file);
    FAIL();
  } catch (const Error& e) {
    const std::string what = e.what();
    EXPECT_NE(what.find("0 missing, 0 misshapen, 7 unexpected"), std::string::npos);
    EXPECT_NE(what.find("zz4"), std::string::npos);
    EXPECT_EQ(what.find("zz5"), std::string::npos);
    EXPECT_NE(what.find("... and 2 more"), std::string::npos);
  }
}

TEST(LoadInto, PrefixesAreRemoved) {
  const TensorMap file{{"a", at::ones({1})}, {"m.b", at::ones({2})}, {"mm.c", at::ones({3})}};
  const TensorMap inner = with_prefix_removed(file, "m.");
  ASSERT_EQ(inner.size(), 1u);
  EXPECT_EQ(inner.at("b").size(0), 2);
}

TEST(MoveInto, TakesMemoryOverAndLetsGoOfTheRest) {
  const at::NoGradGuard no_grad;
  BlockImpl model;
  TensorMap file = copy_of(tensors_of(model));
  file["second.bias"] = file["second.bias"].to(at::kDouble) + 1.0;
  const TensorMap wanted = copy_of(file);
  const void* weight = file["second.weight"].data_ptr();
  move_into(tensors_of(model), std::move(file));
  EXPECT_EQ(model.second->weight.data_ptr(), weight) << "copied";
  for (const auto& [name, tensor] : tensors_of(model)) {
    EXPECT_TRUE(at::equal(tensor, wanted.at(name).to(at::kFloat))) << name;
  }
}

// Two weights of one memory stay two, and a view of what is not ours is copied.
TEST(MoveInto, CopiesWhatIsShared) {
  const at::NoGradGuard no_grad;
  BlockImpl model;
  TensorMap file = copy_of(tensors_of(model));
  std::vector<float> elsewhere(8, 2.0f);
  file["second.bias"] = at::from_blob(elsewhere.data(), {8});
  const at::Tensor both = at::randn({2, 8, 8});
  file["second.weight"] = both[1];
  move_into(tensors_of(model), std::move(file));
  elsewhere.assign(8, 3.0f);
  EXPECT_EQ(model.second->bias[0].item<float>(), 2.0f);
  EXPECT_NE(model.second->weight.data_ptr(), both[1].data_ptr());
}

TEST(MoveInto, RefusesWhatIsNotFiniteOrTooLarge) {
  const at::NoGradGuard no_grad;
  const auto refusal = [](double value, at::ScalarType dtype) {
    BlockImpl model;
    TensorMap file = copy_of(tensors_of(model)), own;
    file["second.weight"].view({-1})[5] = value;
    for (const auto& [name, tensor] : tensors_of(model)) own[name] = tensor.detach().to(dtype);
    try {
      move_into(own, std::move(file));
    } catch (const Error& e) {
      return e;
    }
    return Error(ErrorKind::Io, "accepted");
  };
  EXPECT_EQ(refusal(NAN, at::kFloat).kind(), ErrorKind::Corrupt);
  EXPECT_EQ(std::string(refusal(NAN, at::kFloat).what()),
            "tensor 'second.weight' has 1 NaN or infinite values of 64");
  EXPECT_EQ(refusal(1e6, at::kHalf).kind(), ErrorKind::Unsupported);
  EXPECT_EQ(refusal(3.4e38, at::kBFloat16).kind(), ErrorKind::Unsupported);
  EXPECT_EQ(refusal(1e6, at::kBFloat16).kind(), ErrorKind::Io);
}

}  // namespace
}  // namespace sfumato
