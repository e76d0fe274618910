#include <gtest/gtest.h>

#include "sfumato/request/web_ui_samplers.h"
#include "sfumato/request/web_ui_version.h"

namespace sfumato {
namespace {

WebUiVersion version(std::string_view text) {
  const auto parsed = parse_web_ui_version(text);
  EXPECT_TRUE(parsed) << text;
  return parsed.value_or(WebUiVersion{});
}

TEST(WebUiVersion, OrdersAsPythonDoes) {
  const char* ascending[] = {"1.6.0.dev3", "1.6.0a1",     "1.6.0-rc1", "v1.6.0",
                             "1.6.0-5",    "1.6.0-12-g1", "1.6.1",     "1.10"};
  for (std::size_t i = 0; i + 1 < std::size(ascending); ++i) {
    EXPECT_LT(version(ascending[i]), version(ascending[i + 1])) << ascending[i];
  }
  EXPECT_EQ(version("1.6"), version("1.6.0"));
  EXPECT_EQ(version(" v1.7.0-225-gabc ").text(), "1.7.0.post225");
}

TEST(WebUiVersion, RefusesOtherTexts) {
  for (const char* text :
       {"", "v", "x1", "1.", "1..2", "-1", "1.0-", "1.0 2", "1.0rc1x", "99999999999.0", "-1-2-3"}) {
    EXPECT_FALSE(parse_web_ui_version(text)) << text;
  }
  EXPECT_FALSE(parse_web_ui_version(std::string(100000, '1')));
}

TEST(WebUiSampling, TakesTheScheduleOffOldNames) {
  const auto old = resolve_web_ui_sampling("DPM++ 2M SDE Heun Karras", "Simple");
  ASSERT_NE(old.sampler, nullptr);
  EXPECT_EQ(old.sampler->name, "dpmpp_2m_sde_heun");
  EXPECT_EQ(old.schedule->label, "Karras");
  EXPECT_EQ(resolve_web_ui_sampling("no such", "Karras").sampler, nullptr);
  EXPECT_EQ(resolve_web_ui_sampling("Euler", "no such").schedule->label, "Automatic");
  EXPECT_EQ(resolve_web_ui_sampling("Euler SGMUniform", "").schedule->label, "SGM Uniform");
}

TEST(WebUiSampling, EveryDefaultScheduleExists) {
  for (const auto& sampler : web_ui_samplers()) {
    if (sampler.schedule.empty()) continue;
    EXPECT_EQ(resolve_web_ui_sampling("", sampler.schedule).schedule->label, sampler.schedule);
  }
}

}  // namespace
}  // namespace sfumato
