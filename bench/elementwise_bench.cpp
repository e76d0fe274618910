// Times the passes that only move memory, on shapes of Stable Diffusion 1.5 at 512x512 with
// guidance; bytes_per_second counts what has to be read and written.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "sfumato/ops/geglu/geglu.h"
#include "sfumato/ops/group_norm_silu/group_norm_silu.h"
#include "sfumato/ops/layer_norm/layer_norm.h"

namespace sfumato {
namespace {

at::ScalarType dtype_of(const benchmark::State& state) {
  return state.range(0) ? at::kBFloat16 : at::kFloat;
}

void geglu(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const auto in = at::randn({2, 4096, 2560}).to(dtype_of(state));
  for (auto _ : state) benchmark::DoNotOptimize(ops::geglu(in));
  state.SetBytesProcessed(state.iterations() * in.nbytes() * 3 / 2);
}

void layer_norm(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const auto x = at::randn({2, 4096, 320}).to(dtype_of(state));
  const auto weight = at::ones({320}), bias = at::zeros({320});
  for (auto _ : state) benchmark::DoNotOptimize(ops::layer_norm(x, weight, bias, 1e-5));
  state.SetBytesProcessed(state.iterations() * x.nbytes() * 2);
}

void group_norm_silu(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const auto x =
      at::randn({2, 320, 64, 64}).to(dtype_of(state), false, false, at::MemoryFormat::ChannelsLast);
  const auto weight = at::ones({320}), bias = at::zeros({320});
  for (auto _ : state) {
    benchmark::DoNotOptimize(ops::group_norm_silu(x, 32, weight, bias, 1e-5));
  }
  state.SetBytesProcessed(state.iterations() * x.nbytes() * 2);
}

void both_types(benchmark::internal::Benchmark* bench) {
  bench->ArgName("bfloat16")->Arg(1)->Arg(0)->Unit(benchmark::kMillisecond)->UseRealTime();
}
BENCHMARK(geglu)->Apply(both_types);
BENCHMARK(layer_norm)->Apply(both_types);
BENCHMARK(group_norm_silu)->Apply(both_types);

}  // namespace
}  // namespace sfumato
