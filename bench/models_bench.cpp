// Times the parts of the scenes model as sampling and training use them. Run by `make bench`;
// items_per_second counts pictures.
#include <benchmark/benchmark.h>

#include "sfumato/family/load_model.h"
#include "sfumato/tasks/text_to_image.h"

namespace sfumato {
namespace {

void text_to_image_scenes(benchmark::State& state) {
  const Model model = load_model("scenes", {});
  PaintRequest request;
  request.prompt = "a large red circle to the left of a small blue square";
  request.seed = 1;
  request.count = static_cast<int>(state.range(0));
  for (auto _ : state) benchmark::DoNotOptimize(text_to_image(model, request, {}));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(text_to_image_scenes)->Arg(1)->Arg(8)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
}  // namespace sfumato

BENCHMARK_MAIN();
