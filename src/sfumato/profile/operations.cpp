#include "sfumato/profile/operations.h"

#include <ATen/ATen.h>
#include <ATen/record_function.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <utility>

namespace sfumato {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

struct Running {
  OperationCost cost;
  Clock::time_point begin;
  double of_inner = 0.0;  // seconds of the operations it called
};

struct Timer {
  std::vector<Running> running;  // the innermost last
  std::map<std::pair<std::string, std::string>, OperationCost> done;
};

thread_local Timer* g_timer = nullptr;

template <class Values>
std::vector<at::Tensor> tensors_in(const Values& values) {
  std::vector<at::Tensor> tensors;
  for (const auto& value : values) {
    if (value.isTensor() && value.toTensor().defined()) tensors.push_back(value.toTensor());
  }
  return tensors;
}

std::string joined(at::IntArrayRef sizes) {
  std::string text;
  for (const auto size : sizes) text += (text.empty() ? "" : "x") + std::to_string(size);
  return text;
}

// Ours announce themselves with the tensors they read and write, in an order of their own.
void measure_own(OperationCost& cost, const std::vector<at::Tensor>& tensors) {
  if (tensors.empty()) return;
  cost.shape = joined(tensors[0].sizes());
  if (tensors.size() < 2) return;
  const at::Tensor &first = tensors[0], &second = tensors[1];
  if (cost.name == "sfumato::linear") {  // x, weight
    cost.shape += " to " + std::to_string(second.size(0));
    cost.flop = 2.0 * double(first.numel()) * double(second.size(0));
  } else if (cost.name == "sfumato::convolution") {  // y, weight
    cost.shape = joined(second.sizes()) + " at " + joined(first.sizes().slice(2)) + ", batch " +
                 std::to_string(first.size(0));
    cost.flop = 2.0 * double(first.numel()) * double(second.numel()) / double(second.size(0));
  } else if (cost.name == "sfumato::attention") {  // q, k
    cost.shape += " to " + std::to_string(second.size(2));
    cost.flop = 4.0 * double(first.numel()) * double(second.size(2));
  }
}

std::unique_ptr<at::ObserverContext> begin(const at::RecordFunction& function) {
  Running started{.cost = {.name = function.name()}, .begin = {}};
  const auto tensors = tensors_in(function.inputs());
  for (const auto& tensor : tensors) started.cost.bytes += double(tensor.nbytes());
  if (started.cost.name.starts_with("sfumato::")) measure_own(started.cost, tensors);
  started.begin = Clock::now();
  g_timer->running.push_back(std::move(started));
  return nullptr;
}

void end(const at::RecordFunction& function, at::ObserverContext*) {
  Running ended = std::move(g_timer->running.back());
  g_timer->running.pop_back();
  const double seconds = seconds_since(ended.begin);
  if (!g_timer->running.empty()) g_timer->running.back().of_inner += seconds;
  OperationCost& sum = g_timer->done[{ended.cost.name, ended.cost.shape}];
  sum.name = ended.cost.name;
  sum.shape = ended.cost.shape;
  sum.calls += 1;
  sum.seconds += seconds - ended.of_inner;
  sum.flop += ended.cost.flop;
  sum.bytes += ended.cost.bytes;
  for (const auto& tensor : tensors_in(function.outputs())) sum.bytes += double(tensor.nbytes());
}

}  // namespace

double flop(const std::vector<OperationCost>& operations) {
  double sum = 0.0;
  for (const auto& operation : operations) sum += operation.flop;
  return sum;
}

std::vector<OperationCost> time_operations(const std::function<void()>& work) {
  Timer timer;
  Timer* const before = std::exchange(g_timer, &timer);
  const auto handle = at::addThreadLocalCallback(
      at::RecordFunctionCallback(&begin, &end).needsInputs(true).needsOutputs(true));
  struct Restore {
    at::CallbackHandle handle;
    Timer* before;
    ~Restore() {
      at::removeCallback(handle);
      g_timer = before;
    }
  } const restore{handle, before};

  work();
  std::vector<OperationCost> operations;
  for (auto& [key, cost] : timer.done) operations.push_back(std::move(cost));
  std::sort(operations.begin(), operations.end(),
            [](const auto& a, const auto& b) { return a.seconds > b.seconds; });
  return operations;
}

}  // namespace sfumato
