#pragma once

#include <span>
#include <vector>

namespace sfumato {

/// Noise levels optimised by others for a few steps, to be interpolated for any number of them.
/// All fall from 14.615; none ends in 0.

/// Align Your Steps (Sabour et al. 2024, arXiv:2404.14507) for Stable Diffusion 1.5 and SDXL.
std::span<const double> align_your_steps_sd1();
std::span<const double> align_your_steps_sdxl();
/// GITS (Chen et al. 2024, arXiv:2405.11326) as the web interface's table of that name.
std::span<const double> gits_sd1();
std::span<const double> gits_sdxl();

/// `count` levels along a falling table, linear in log σ; the first one when count is 1.
std::vector<double> interpolate_log(std::span<const double> table, int count);

}  // namespace sfumato
