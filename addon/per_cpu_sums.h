// SPDX-License-Identifier: MIT
// Counters that every CPU keeps for itself, as one number each. No JavaScript here.

#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace bpf {

struct PerCpuSums {
  std::vector<double> words; // exact below 2^53; those of one element after the other's
  int result = 0;            // -errno where the kernel refused
};

/** Of the first `count` elements of a BPF_MAP_TYPE_PERCPU_ARRAY whose values are `words` 64-bit words. */
PerCpuSums SumPerCpu(int fd, uint32_t count, size_t words, size_t cpus);

} // namespace bpf
