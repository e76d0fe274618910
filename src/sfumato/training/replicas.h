#pragma once

#include <ATen/core/Tensor.h>
#include <torch/nn/module.h>

#include <functional>
#include <memory>
#include <vector>

namespace sfumato {

/// A network and copies of it that share its weights; each computes its part of a batch on a thread
/// of its own, forward and backward. Small networks leave most of several threads idle inside
/// their operators, but not between samples.
class Replicas {
 public:
  /// A replica's forward pass: inputs [b, ...] -> output [b, ...].
  using Forward = std::function<at::Tensor(const std::vector<at::Tensor>& inputs)>;
  struct Replica {
    std::shared_ptr<torch::nn::Module> module;
    Forward forward;
  };

  /// At least one. The first is the network that is trained; the others, built alike, come to share
  /// its weights.
  explicit Replicas(std::vector<Replica> replicas);

  /// The output for the whole batch. In backward the gradients of all parts are added, in a fixed
  /// order, to those of the first module's parameters; the inputs get none. What comes out depends
  /// on the number of replicas in its last bits, never on the number of threads.
  ///   inputs  each [B, ...]
  at::Tensor forward(const std::vector<at::Tensor>& inputs) const;

 private:
  void add_gradients() const;

  std::vector<Replica> replicas_;
  std::vector<std::vector<at::Tensor>> parameters_;  // of each replica, in one order
};

}  // namespace sfumato
