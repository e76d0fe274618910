#include "sfumato/diffusion/guidance.h"

#include <ATen/ATen.h>

#include "golden/golden_case.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/dynamic_threshold.h"
#include "sfumato/diffusion/inpaint_mask.h"

namespace sfumato::golden {
namespace {

void run_rescale(const Case& c, Report& report) {
  const at::Tensor &cond = c.input("cond"), &uncond = c.input("uncond");
  for (const double scale : c.config().at("scales")) {
    const at::Tensor guided = guide(cond, uncond, scale);
    report.expect("cfg_" + shortest(scale), guided);
    for (const double phi : c.config().at("guidance_rescale")) {
      const std::string name = "rescaled_" + shortest(scale) + "_phi" + shortest(phi);
      if (c.outputs.count(name)) report.expect(name, rescale_guidance(guided, cond, phi));
    }
  }
}

void run_projected(const Case& c, Report& report) {
  int index = 0;
  for (const auto& run : c.config().at("runs")) {
    ProjectedGuidanceOptions options;
    options.scale = c.config().at("guidance_scale");
    options.eta = run.value("eta", 1.0);
    options.norm_threshold = run.value("norm_threshold", 0.0);
    options.momentum = run.value("momentum", 0.0);
    options.from_cond = run.value("use_original_formulation", false);
    ProjectedGuidance guidance(options);
    at::Tensor guided;
    for (int k = 0; k < run.value("repeats", 1); ++k) {
      guided = guidance(c.input("cond") + k * 0.1 * c.input("uncond"), c.input("uncond"));
    }
    report.expect("run_" + std::to_string(index++), guided);
  }
}

void run_dynamic_threshold(const Case& c, Report& report) {
  int index = 0;
  for (const auto& run : c.config().at("runs")) {
    report.expect("run_" + std::to_string(index++),
                  dynamic_threshold(c.input("sample"), run.at("dynamic_thresholding_ratio"),
                                    run.at("sample_max_value")));
  }
}

void run_norm_threshold(const Case& c, Report& report) {
  for (const double limit : c.config().at("values")) {
    report.expect("norm_" + shortest(limit), norm_threshold(c.input("x0"), limit));
    report.expect("spatial_norm_" + shortest(limit), spatial_norm_threshold(c.input("x0"), limit));
  }
}

void run_text_and_image(const Case& c, Report& report) {
  const auto parts = c.input("outputs").chunk(3);
  int index = 0;
  for (const auto& run : c.config().at("runs")) {
    report.expect("run_" + std::to_string(index++),
                  guide_by_text_and_image(parts[0], parts[1], parts[2], run.at("text_cfg_scale"),
                                          run.at("image_cfg_scale")));
  }
}

void run_composition(const Case& c, Report& report) {
  const auto all = c.input("preds").unbind(0);
  const auto& weights = c.config().at("weights");
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const auto run = weights[i].get<std::vector<double>>();
    const std::vector<at::Tensor> conds(all.begin(), all.begin() + run.size());
    report.expect("run_" + std::to_string(i),
                  guide_by_all(conds, run, c.input("uncond"), c.config().at("scales")[i]));
  }
  report.expect("scale_one", guide_by_all({all[0]}, {1.0}, c.input("uncond"), 1.0));
}

void run_combine(const Case& c, Report& report) {
  const auto& config = c.config();
  const at::Tensor& x = c.input("x_out");
  const auto images = static_cast<std::int64_t>(config.at("conds_list").size());
  std::vector<at::Tensor> combined;
  for (std::int64_t image = 0; image < images; ++image) {
    std::vector<at::Tensor> conds;
    std::vector<double> weights;
    for (const auto& entry : config.at("conds_list")[image]) {
      conds.push_back(x[entry[0].get<std::int64_t>()]);
      weights.push_back(entry[1]);
    }
    const at::Tensor uncond = x[x.size(0) - images + image];
    combined.push_back(guide_by_all(conds, weights, uncond, config.at("cond_scale")));
  }
  report.expect("combined", at::stack(combined));
  report.expect(
      "edit", guide_by_text_and_image(x.narrow(0, 0, 1), x.narrow(0, 1, 1), x.narrow(0, 2, 1),
                                      config.at("edit_cond_scale"), config.at("image_cfg_scale")));
}

void run_inpaint(const Case& c, Report& report) {
  const Denoiser network = [&](const at::Tensor& x, double) {
    report.expect("x_in", x);
    return c.input("denoised");
  };
  const auto blend = keep_known(network, c.input("init_latent"), c.input("noise"), c.input("mask"));
  report.expect("blended", blend(c.input("x"), c.config().at("sigma")));
}

void run_padding(const Case& c, Report& report) {
  const at::Tensor& cond = c.input("cond");
  report.expect("cond", match_length(cond, cond.size(1)));
  report.expect("uncond", match_length(c.input("uncond"), cond.size(1)));
}

}  // namespace

void run_guidance(const Case& c, Report& report) {
  if (made_by(c, "rescale_noise_cfg")) return run_rescale(c, report);
  if (made_by(c, "adaptive_projected_guidance")) return run_projected(c, report);
  if (made_by(c, "_threshold_sample")) return run_dynamic_threshold(c, report);
  if (made_by(c, "norm_thresholding")) return run_norm_threshold(c, report);
  if (made_by(c, "instruct-pix2pix@")) return run_text_and_image(c, report);
  if (made_by(c, "sampling_function_inner")) return run_composition(c, report);
  if (made_by(c, "combine_denoised")) return run_combine(c, report);
  if (made_by(c, "CFGDenoiser.forward")) return run_inpaint(c, report);
  if (made_by(c, "pad_cond_uncond_v0")) return run_padding(c, report);
  throw Skip("guidance of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
