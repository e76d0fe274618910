#include "sfumato/tensor/parallel.h"

#include <ATen/Parallel.h>
#include <omp.h>
#include <sched.h>

#include <algorithm>
#include <cmath>
#include <fstream>
#include <set>
#include <string>

// at::parallel_for is a template that silently turns into a plain loop without OpenMP; this is the
// one file that is compiled with it.
#ifndef _OPENMP
#error "compile this file with OpenMP"
#endif

namespace sfumato {
namespace {

// Two threads of one core share the units that matrix products keep busy.
int cores_allowed() {
  cpu_set_t allowed;
  if (::sched_getaffinity(0, sizeof allowed, &allowed) != 0) return omp_get_num_procs();
  std::set<std::string> cores;
  for (int cpu = 0; cpu < CPU_SETSIZE; ++cpu) {
    if (!CPU_ISSET(cpu, &allowed)) continue;
    const std::string name = "cpu" + std::to_string(cpu);
    std::ifstream file("/sys/devices/system/cpu/" + name + "/topology/thread_siblings_list");
    std::string siblings;
    cores.insert(std::getline(file, siblings) ? siblings : name);
  }
  return static_cast<int>(cores.size());
}

// What a container may use of the machine's time, in processors.
double processors_granted() {
  std::ifstream file("/sys/fs/cgroup/cpu.max");  // "200000 100000", or "max 100000"
  double quota = 0.0, period = 0.0;
  return file >> quota >> period && period > 0.0 ? quota / period : HUGE_VAL;
}

}  // namespace

void use_threads(int count) {
  const double granted = std::ceil(processors_granted());
  const int cores = granted < cores_allowed() ? static_cast<int>(granted) : cores_allowed();
  at::set_num_threads(std::max(count > 0 ? count : cores, 1));
}

void parallel_for(std::int64_t begin, std::int64_t end, std::int64_t grain,
                  const std::function<void(std::int64_t, std::int64_t)>& body) {
  at::parallel_for(begin, end, grain, [&](std::int64_t first, std::int64_t last) {
    // oneDNN plans for the number of threads it could have, even where a nested region gets one,
    // and then some of its convolutions wait for the others for ever.
    if (omp_in_parallel() != 0) {
      at::internal::lazy_init_num_threads();
      omp_set_num_threads(1);
    }
    body(first, last);
  });
}

int threads_here() {
  at::internal::lazy_init_num_threads();
  return omp_get_max_threads();
}

}  // namespace sfumato
