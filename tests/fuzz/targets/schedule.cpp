#include "../target.h"
#include "sfumato/text/prompt_schedule.h"

namespace sfumato::fuzz {
namespace {

void read_schedule(std::string_view bytes) {
  schedule_prompt(bytes, {.steps = 20});
  schedule_prompt(bytes, {.steps = 20, .hires_steps = 10});
  schedule_prompt(bytes, {.steps = 20, .old_timeline = true});
}

}  // namespace

const Target schedule{.name = "schedule", .read = read_schedule};

}  // namespace sfumato::fuzz
