#include "sfumato/diffusion/guidance.h"

#include <ATen/ATen.h>

#include <map>

#include "golden/golden_case.h"
#include "golden/kinds/schedule_support.h"
#include "sfumato/diffusion/dynamic_threshold.h"
#include "sfumato/diffusion/guide_frames.h"
#include "sfumato/diffusion/guide_regions.h"
#include "sfumato/diffusion/inpaint_mask.h"
#include "sfumato/diffusion/mimic_guidance.h"

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

ScaleMode scale_mode(const std::string& name) {
  static const std::map<std::string, ScaleMode> modes{
      {"Constant", ScaleMode::Constant},
      {"Linear Down", ScaleMode::LinearDown},
      {"Cosine Down", ScaleMode::CosineDown},
      {"Half Cosine Down", ScaleMode::HalfCosineDown},
      {"Linear Up", ScaleMode::LinearUp},
      {"Cosine Up", ScaleMode::CosineUp},
      {"Half Cosine Up", ScaleMode::HalfCosineUp},
      {"Power Up", ScaleMode::PowerUp},
      {"Power Down", ScaleMode::PowerDown},
      {"Linear Repeating", ScaleMode::LinearRepeating},
      {"Cosine Repeating", ScaleMode::CosineRepeating},
      {"Sawtooth", ScaleMode::Sawtooth}};
  return modes.at(name);
}

void run_mimic(const Case& c, Report& report) {
  int index = -1;
  for (const auto& run : c.config().at("runs")) {
    ++index;
    const double steps = run.at("max_steps").get<double>() - 1.0;
    const double progress = run.at("step").get<double>() / steps, shape = run.at("sched_val");
    const double mimic = scheduled_scale(run.at("mimic_scale"), run.at("mimic_scale_min"),
                                         scale_mode(run.at("mimic_mode")), shape, progress);
    const double scale = scheduled_scale(run.at("cfg_scale"), run.at("cfg_scale_min"),
                                         scale_mode(run.at("cfg_mode")), shape, progress);
    const std::string name = "run_" + std::to_string(index);
    report.expect_equal(name + " mimic scale", mimic, run.at("expected_mimic"));
    report.expect_equal(name + " scale", scale, run.at("expected_cfg"));
    if (!c.outputs.count(name)) continue;
    const MimicOptions options{.percentile = run.at("threshold_percentile"),
                               .per_channel = run.at("separate_feature_channels"),
                               .from_zero = run.at("scaling_startpoint") == "ZERO",
                               .by_deviation = run.at("variability_measure") == "STD",
                               .share = run.at("interpolate_phi")};
    report.expect(name, guide_mimicking(c.input("cond"), c.input("uncond"), scale, mimic, options));
  }
}

void run_frames(const Case& c, Report& report) {
  const auto halves = c.input("x").chunk(2);
  const auto expect = [&](const std::string& name, const std::vector<double>& scales) {
    report.expect(name + "_scale", floats(scales).unsqueeze(0));
    report.expect(name, guide_frames(halves[1], halves[0], scales));
  };
  const auto& linear = c.config().at("linear");
  expect("linear", linear_frame_scales(linear.at("num_frames"), linear.at("max_scale")));
  const auto& triangle = c.config().at("triangle");
  expect("triangle", triangle_frame_scales(triangle.at("num_frames"), triangle.at("max_scale"),
                                           triangle.at("period").get<std::vector<double>>()));
  const auto& trapezoid = c.config().at("trapezoid");
  expect("trapezoid", trapezoid_frame_scales(trapezoid.at("num_frames"), trapezoid.at("max_scale"),
                                             trapezoid.at("edge_perc")));
}

void run_regions(const Case& c, Report& report) {
  const auto& config = c.config();
  const auto all = c.input("preds").unbind(0);
  std::vector<Region> regions;
  for (std::size_t i = 0; i < config.at("area_strengths").size(); ++i) {
    Region region{.prediction = all[i], .strength = config.at("area_strengths")[i]};
    if (config.at("areas").contains(std::to_string(i))) {
      const auto a = config.at("areas").at(std::to_string(i)).get<std::vector<std::int64_t>>();
      region.area = Region::Area{.y = a[2], .x = a[3], .height = a[0], .width = a[1]};
      region.prediction = all[i].narrow(2, a[2], a[0]).narrow(3, a[3], a[1]);
    }
    regions.push_back(region);
  }
  report.expect("areas", guide_regions(regions, c.input("uncond"), config.at("scale")));

  const at::Tensor mask = c.input("mask").unsqueeze(1) * config.at("mask_strength").get<double>();
  const std::vector<Region> masked{
      {.prediction = all[0]},
      {.prediction = all[3], .strength = config.at("mask_cond_strength"), .mask = mask}};
  report.expect("mask", guide_regions(masked, c.input("uncond"), config.at("scale")));
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
  if (made_by(c, "DynThresh.dynthresh")) return run_mimic(c, report);
  if (made_by(c, "guiders.py")) return run_frames(c, report);
  if (made_by(c, "get_area_and_mult")) return run_regions(c, report);
  throw Skip("guidance of " + c.meta.at("source").get<std::string>());
}

}  // namespace sfumato::golden
