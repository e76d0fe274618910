#include "sfumato/diffusion/prediction.h"

#include <string>

#include "sfumato/base/error.h"

namespace sfumato {

Prediction parse_prediction(std::string_view name) {
  for (const auto p : {Prediction::Epsilon, Prediction::V, Prediction::Sample}) {
    if (name == prediction_name(p)) return p;
  }
  throw Error(ErrorKind::InvalidArgument, "unknown prediction '" + std::string(name) + "'",
              "one of: eps, v, x0");
}

std::string_view prediction_name(Prediction prediction) {
  switch (prediction) {
    case Prediction::Epsilon:
      return "eps";
    case Prediction::V:
      return "v";
    case Prediction::Sample:
      return "x0";
  }
  return "";  // unreachable: -Wswitch keeps the list complete
}

}  // namespace sfumato
