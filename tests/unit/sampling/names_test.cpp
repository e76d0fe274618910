#include "sfumato/sampling/names.h"

#include <gtest/gtest.h>

#include <set>

#include "sfumato/sampling/sampler.h"
#include "sfumato/sampling/sigmas.h"

namespace sfumato {
namespace {

struct Expected {
  const char *name, *sampler, *spacing;
};

TEST(ResolveSampler, UnderstandsOtherPrograms) {
  for (const Expected& e : {Expected{"DPM++ 2M", "dpmpp_2m", ""},
                            {"k_dpmpp_2m", "dpmpp_2m", ""},
                            {"DPM++ 2M Karras", "dpmpp_2m", "karras"},
                            {"DPM++ 2M SDE Exponential", "dpmpp_2m_sde", "exponential"},
                            {"DPM++ SDE Karras", "dpmpp_sde", "karras"},
                            {"Euler a", "euler_ancestral", ""},
                            {"k_euler_a", "euler_ancestral", ""},
                            {"euler_ancestral", "euler_ancestral", ""},
                            {"DPM2 a Karras", "dpm_2_ancestral", "karras"},
                            {"k_dpm_2", "dpm_2", ""},
                            {"k_dpm_ad", "dpm_adaptive", ""},
                            {"DDIM CFG++", "ddim_cfg_pp", ""},
                            {"ddim_cfgpp", "ddim_cfg_pp", ""},
                            {"unipc", "uni_pc", ""},
                            {"uni_pc_bh2", "uni_pc_bh2", ""},
                            {"dpmpp_2m_sde_gpu", "dpmpp_2m_sde", ""},
                            {"dpm++2s_a", "dpmpp_2s_ancestral", ""},
                            {"dpm++2m_sde_bt", "dpmpp_2m_sde", ""},
                            {"euler_ge", "gradient_estimation", ""},
                            {"ddim_trailing", "ddim", "trailing"},
                            {"PNDMScheduler", "plms", "leading"},
                            {"DPMSolverMultistepScheduler", "dpmpp_2m", ""},
                            {"LCM", "lcm", ""}}) {
    const SamplerName found = resolve_sampler(e.name);
    EXPECT_EQ(found.sampler, e.sampler) << e.name;
    EXPECT_EQ(found.spacing.value_or(""), e.spacing) << e.name;
    EXPECT_NO_THROW(find_sampler(e.name));
  }
}

TEST(ResolveSampler, NamesTheNearOnes) {
  try {
    find_sampler("dpmpp_2n");
    FAIL() << "expected an Error";
  } catch (const Error& e) {
    EXPECT_EQ(e.kind(), ErrorKind::InvalidArgument);
    EXPECT_NE(e.hint().find("dpmpp_2m"), std::string::npos) << e.hint();
  }
  EXPECT_THROW(find_sampler(""), Error);
  EXPECT_THROW(find_sampler("Karras"), Error);
}

TEST(ResolveSampler, NeverMeansTwoThings) {
  std::set<std::string_view> names, labels;
  for (const auto& s : samplers()) {
    EXPECT_TRUE(names.insert(s.name).second) << s.name;
    EXPECT_TRUE(labels.insert(s.label).second) << s.label;
    EXPECT_EQ(resolve_sampler(s.name).sampler, s.name);
    EXPECT_EQ(resolve_sampler(s.label).sampler, s.name);
  }
}

TEST(ResolveSpacing, UnderstandsOtherPrograms) {
  EXPECT_EQ(resolve_spacing("SGM Uniform"), "sgm_uniform");
  EXPECT_EQ(resolve_spacing("SGMUniform"), "sgm_uniform");
  EXPECT_EQ(resolve_spacing("KL Optimal"), "kl_optimal");
  EXPECT_EQ(resolve_spacing("Align Your Steps GITS"), "gits");
  EXPECT_EQ(resolve_spacing("ays"), "align_your_steps");
  EXPECT_EQ(resolve_spacing("Polyexponential"), "exponential");
  EXPECT_EQ(resolve_spacing("Automatic"), "discrete");
}

}  // namespace
}  // namespace sfumato
