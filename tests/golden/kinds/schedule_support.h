#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "golden/golden_case.h"
#include "sfumato/diffusion/noise_schedule.h"
#include "sfumato/sampling/diffusers_config.h"

namespace sfumato::golden {

at::Tensor floats(const std::vector<double>& values);    ///< float32 [N]
at::Tensor integers(const std::vector<double>& values);  ///< int64 [N]
std::vector<double> doubles(const at::Tensor& values);
/// As Python prints a number in a tensor's name: 1, 0.5, 7.5.
std::string shortest(double value);
/// True when the case's "source" mentions `text`.
bool made_by(const Case& c, const std::string& text);

/// The schedule of a case's config in CompVis or diffusers words; the usual one of Stable Diffusion
/// where the config says nothing.
NoiseSchedule schedule_of(const nlohmann::json& config);

void run_compvis_schedule(const Case& c, Report& report);
void run_kdiffusion_schedule(const Case& c, Report& report);
void run_webui_schedule(const Case& c, Report& report);
void run_diffusers_schedule(const Case& c, Report& report);
void run_sgm_schedule(const Case& c, Report& report);

/// The config of a diffusers case as scheduler_config.json spells it.
DiffusersConfig diffusers_config(const nlohmann::json& config);

}  // namespace sfumato::golden
