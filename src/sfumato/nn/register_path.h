#pragma once

#include <torch/nn/module.h>

#include <memory>
#include <string>

namespace sfumato::nn {

/// Registers `child` under a dotted checkpoint path ("in_layers.0"), creating the anonymous nodes
/// in between, so that C++ members keep speaking names while parameters keep the names found in
/// the checkpoint. LibTorch itself refuses dots in names.
template <class Holder>
Holder register_path(torch::nn::Module& root, const std::string& path, Holder child) {
  std::shared_ptr<torch::nn::Module> node;
  torch::nn::Module* at = &root;
  std::size_t begin = 0;
  for (std::size_t dot = path.find('.'); dot != std::string::npos; dot = path.find('.', begin)) {
    const std::string name = path.substr(begin, dot - begin);
    const auto children = at->named_children();
    const auto* known = children.find(name);
    node = known ? *known : at->register_module(name, std::make_shared<torch::nn::Module>());
    at = node.get();
    begin = dot + 1;
  }
  return at->register_module(path.substr(begin), child);
}

}  // namespace sfumato::nn
