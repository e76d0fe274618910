// Times attention on the shapes of Stable Diffusion; items_per_second counts floating point
// operations.
#include <ATen/ATen.h>
#include <benchmark/benchmark.h>

#include "sfumato/ops/attention/attention.h"

namespace sfumato {
namespace {

// Heads (of both halves of a guided step), queries, keys, width of a head.
void attention_shapes(benchmark::internal::Benchmark* bench) {
  for (const bool bfloat16 : {true, false}) {
    bench->Args({16, 4096, 4096, 40, bfloat16})
        ->Args({16, 1024, 1024, 80, bfloat16})
        ->Args({16, 256, 256, 160, bfloat16})
        ->Args({16, 4096, 77, 40, bfloat16})
        ->Args({1, 4096, 4096, 512, bfloat16});
  }
}

void flash_attention(benchmark::State& state) {
  const at::NoGradGuard no_grad;
  const auto heads = state.range(0), queries = state.range(1), keys = state.range(2),
             width = state.range(3);
  const auto dtype = state.range(4) ? at::kBFloat16 : at::kFloat;
  const auto tokens = [&](int64_t count) {
    return at::randn({1, count, heads, width}).to(dtype).transpose(1, 2);
  };
  const auto q = tokens(queries), k = tokens(keys), v = tokens(keys);
  for (auto _ : state) benchmark::DoNotOptimize(ops::attention(q, k, v));
  state.SetItemsProcessed(state.iterations() * 4 * heads * queries * keys * width);
}
BENCHMARK(flash_attention)
    ->Apply(attention_shapes)
    ->ArgNames({"heads", "queries", "keys", "width", "bfloat16"})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

}  // namespace
}  // namespace sfumato
