#include "sfumato/tensor/parallel.h"

#include <ATen/Parallel.h>
#include <omp.h>

// at::parallel_for is a template that silently turns into a plain loop without OpenMP; this is the
// one file that is compiled with it.
#ifndef _OPENMP
#error "compile this file with OpenMP"
#endif

namespace sfumato {

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

}  // namespace sfumato
