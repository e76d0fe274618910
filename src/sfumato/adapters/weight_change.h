#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "sfumato/adapters/adapter.h"

namespace sfumato {

// What one module of an adapter does to a layer. `weight` is [out, in], [out, in, k, k] or [C] in
// any floating-point type; the arithmetic is float32.

/// "LoRA", "LoHa", "LoKr", "GLoRA", "OFT", "full", "norm", "IA3", with "DoRA" for a LoRA whose
/// columns or rows are rescaled; "bias" when only the bias changes and "" for no known kind.
std::string adapter_kind(const AdapterModule& module);

bool changes_weight(const AdapterModule& module);
bool changes_bias(const AdapterModule& module);

/// The module's keys that weight_change() and bias_change() do not look at; all of them when its
/// kind is not known.
std::vector<std::string> unused_keys(const AdapterModule& module);

/// Throws Corrupt, naming the shapes, unless the module's factors are consistent and make a change
/// of a weight and bias of these shapes (no bias: nullopt). Bounds what weight_change() allocates
/// by the size of the weight.
void expect_fit(const AdapterModule& module, at::IntArrayRef weight,
                const std::optional<at::IntArrayRef>& bias);

/// What to add to `weight`, float32 and of its shape, when the adapter has this strength: strength
/// times the change that its trainer intended.
///   LoRA   alpha/r up down, with a core tensor between them for LoCon's CP form (Hu et al. 2021)
///   LoHa   alpha/r (a1 b1) * (a2 b2), element by element (Hyeon-Woo et al. 2021, FedPara)
///   LoKr   kron(w1, w2), times alpha/r if a factor is itself a product (Yeh et al. 2023, LyCORIS)
///   GLoRA  alpha/r (b2 b1 + W a2 a1) (Chavan et al. 2023)
///   OFT    R W - W, blocks R = (I + Q)(I - Q)^-1 of a skew-symmetric Q (Qiu et al. 2023)
///   DoRA   the changed weight is rescaled to given norms of its rows or columns (Liu et al. 2024)
///   IA3    W times a number per row or column (Liu et al. 2022)
///   full, norm: the difference itself
/// The norms of DoRA are those of the changed weight along the axis that dora_scale varies on,
/// as its trainers take them; programs that take the original's, or always the columns', get other
/// pictures. Half the strength is half the way from the original to the rescaled weight.
/// Only for a module that changes_weight() and passed expect_fit().
at::Tensor weight_change(const AdapterModule& module, const at::Tensor& weight, double strength);

/// The module with only the first `rank` directions of a LoRA, scaled as before ("dyn" of A1111's
/// <lora:name:te:unet:dyn>). Other kinds, and LoRAs of no higher rank, stay as they are.
AdapterModule with_rank(const AdapterModule& module, std::int64_t rank);

/// What to add to the bias, float32 [out]; only for a module that changes_bias().
at::Tensor bias_change(const AdapterModule& module, double strength);

}  // namespace sfumato
