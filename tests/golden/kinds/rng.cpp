#include <ATen/ATen.h>

#include "golden/golden_case.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/tensor/random/brownian.h"
#include "sfumato/tensor/random/philox.h"
#include "sfumato/tensor/random/seed_sequence.h"
#include "sfumato/tensor/random/torch_cpu.h"
#include "sfumato/tensor/random/variation.h"

namespace sfumato::golden {
namespace {

using nlohmann::json;

std::uint64_t seed_of(const json& value) {
  return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
}

void run_torch_cpu(const Case& c, Report& report) {
  for (const auto& seed : c.config().at("seeds")) {
    TorchCpuGenerator generator(seed_of(seed));
    const std::string prefix = seed.get<std::string>() + "_";
    int index = 0;
    for (const std::int64_t size : c.config().at("sizes")) {
      report.expect(prefix + std::to_string(index++), generator.randn({size}));
    }
    report.expect(prefix + "latent", generator.randn(c.output(prefix + "latent").sizes()));
    report.expect(prefix + "rand", generator.rand(c.output(prefix + "rand").sizes()));
    report.expect(prefix + "randint",
                  generator.randint(0, 1000, c.output(prefix + "randint").sizes()));
  }
}

void run_philox(const Case& c, Report& report) {
  for (const auto& seed : c.config().at("seeds")) {
    PhiloxGenerator generator(seed_of(seed));
    const std::string prefix = seed.get<std::string>() + "_";
    for (const std::string draw : {"first", "second", "third_small"}) {
      report.expect(prefix + draw, generator.randn(c.output(prefix + draw).sizes()));
    }
  }
}

void run_seed_sequence(const Case& c, Report& report) {
  for (const auto& line : c.lines) {
    const auto path = line.at("spawn_key").get<std::vector<std::uint64_t>>();
    const auto words = seed_sequence(seed_of(line.at("entropy")), path, line.at("pool_size"),
                                     static_cast<int>(line.at("expected").size()));
    report.expect_equal(line.at("entropy").dump() + line.at("spawn_key").dump(), words,
                        line.at("expected"));
  }
}

void run_slerp(const Case& c, Report& report) {
  const at::Tensor &low = c.input("low"), &high = c.input("high");
  for (const auto& [name, want] : c.outputs) {
    if (name.rfind("s_", 0) == 0) report.expect(name, slerp(std::stod(name.substr(2)), low, high));
  }
  // The case does not state how far the parallel pair is mixed; the result tells. What remains to
  // be checked is that nearly parallel inputs are mixed linearly, in the order of the original.
  if (c.outputs.count("parallel")) {
    const at::Tensor& want = c.output("parallel");
    const double factor = (want / low).median().item<double>();
    report.expect("parallel", slerp((1.01 - factor) / 0.01, low, 1.01 * low));
  }
}

void run_image_noise(const Case& c, Report& report) {
  const auto shape = c.config().at("shape").get<std::vector<std::int64_t>>();
  for (const auto& run : c.config().at("runs")) {
    std::vector<ImageNoise> streams;
    const auto& seeds = run.at("seeds");
    for (std::size_t i = 0; i < seeds.size(); ++i) {
      ImageNoiseOptions options;
      options.source = run.at("source") == "NV" ? "philox" : "torch_cpu";
      options.seed = seed_of(seeds[i]);
      options.variation_strength = run.value("subseed_strength", 0.0);
      if (run.contains("subseeds")) {
        const auto& others = run.at("subseeds");
        options.variation_seed = i < others.size() ? seed_of(others[i]) : 0;
      }
      const int height = run.value("seed_resize_from_h", 0);
      const int width = run.value("seed_resize_from_w", 0);
      if (height > 0 && width > 0) options.resize_from = {height / 8, width / 8};
      options.seed_delta = run.value("ensd", std::uint64_t{0});
      streams.emplace_back(options, shape);
    }
    for (const std::string draw : {"_first", "_next1", "_next2"}) {
      std::vector<at::Tensor> images;
      for (auto& stream : streams) images.push_back(stream.next());
      report.expect(run.at("id").get<std::string>() + draw, at::stack(images));
    }
  }
}

// One tree for the whole tensor, or one per image.
void run_brownian(const Case& c, Report& report) {
  const auto shape = c.config().at("shape").get<std::vector<std::int64_t>>();
  const double low = c.config().at("sigma_min"), high = c.config().at("sigma_max");
  for (const auto& run : c.config().at("runs")) {
    const std::string source = run.at("source") == "NV" ? "philox" : "torch_cpu";
    const bool batched = run.at("seed").is_array();
    std::vector<BrownianNoise> paths;
    if (batched) {
      const at::IntArrayRef one = at::IntArrayRef(shape).slice(1);
      for (const auto& seed : run.at("seed")) {
        paths.emplace_back(source, seed_of(seed), one, low, high);
      }
    } else {
      paths.emplace_back(source, seed_of(run.at("seed")), shape, low, high);
    }
    std::vector<at::Tensor> queries;
    for (const auto& pair : c.config().at("pairs")) {
      std::vector<at::Tensor> images;
      for (const auto& path : paths) images.push_back(path(pair[0], pair[1]));
      queries.push_back(batched ? at::stack(images) : images[0]);
    }
    report.expect(run.at("id"), at::stack(queries));
  }
}

}  // namespace

void run_rng(const Case& c, Report& report) {
  if (made_by(c, "torch.randn on the CPU")) return run_torch_cpu(c, report);
  if (made_by(c, "rng_philox")) return run_philox(c, report);
  if (made_by(c, "SeedSequence")) return run_seed_sequence(c, report);
  if (made_by(c, "rng.py slerp")) return run_slerp(c, report);
  if (made_by(c, "ImageRNG")) return run_image_noise(c, report);
  if (made_by(c, "BrownianTreeNoiseSampler")) return run_brownian(c, report);
  throw Skip("random numbers of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
