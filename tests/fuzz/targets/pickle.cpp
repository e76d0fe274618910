#include "sfumato/checkpoint/pickle.h"

#include <string>

#include "../target.h"

namespace sfumato::fuzz {
namespace {

void read_pickle_at_start(std::string_view bytes) { read_pickle(bytes, 0, "input"); }

}  // namespace

const Target pickle{.name = "pickle", .read = read_pickle_at_start};

}  // namespace sfumato::fuzz
