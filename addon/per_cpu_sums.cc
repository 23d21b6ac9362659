// SPDX-License-Identifier: MIT

#include "per_cpu_sums.h"

#include <bpf/bpf.h>

#include <algorithm>
#include <cerrno>

namespace bpf {

namespace {

/** Elements of one system call: enough to forget it, few enough for the buffer to stay in the cache. */
constexpr uint32_t kBatch = 512;

} // namespace

PerCpuSums SumPerCpu(int fd, uint32_t count, size_t words, size_t cpus) {
  PerCpuSums sums;
  sums.words.resize(size_t{count} * words);
  std::vector<uint32_t> keys(kBatch);
  std::vector<uint64_t> values(kBatch * words * cpus);
  uint32_t cursor = 0;
  for (uint32_t done = 0; done < count;) {
    uint32_t read = std::min(kBatch, count - done);
    int result =
        bpf_map_lookup_batch(fd, done == 0 ? nullptr : &cursor, &cursor, keys.data(), values.data(), &read, nullptr);
    if (result < 0 && result != -ENOENT) { // ENOENT: these were the last ones
      sums.result = result;
      return sums;
    }
    const uint64_t *value = values.data();
    for (uint32_t element = 0; element < read; element++)
      for (size_t cpu = 0; cpu < cpus; cpu++)
        for (size_t word = 0; word < words; word++)
          sums.words[size_t{keys[element]} * words + word] += static_cast<double>(*value++);
    done += read;
    if (read == 0 || result == -ENOENT)
      break;
  }
  return sums;
}

} // namespace bpf
