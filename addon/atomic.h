// SPDX-License-Identifier: MIT
// Words of tables that XDP programs change at the same time, and the tables' clock.

#pragma once

#define _Static_assert static_assert
#include "../bpf/xdirector.h"
#undef _Static_assert

#include <cstdint>

namespace bpf {

inline uint64_t Read(const __u64 &word) {
  return __atomic_load_n(&word, __ATOMIC_ACQUIRE);
}

inline bool Replace(__u64 &word, uint64_t expected, uint64_t desired) {
  __u64 seen = expected;
  return __atomic_compare_exchange_n(&word, &seen, desired, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED);
}

/**
 * Ticks from `tick` to `now`. The reader's clock is read once a walk and other CPUs go on meanwhile: a tick so
 * little ahead of it is no age of months but this moment.
 */
inline uint32_t TicksSince(uint32_t tick, uint32_t now) {
  constexpr uint32_t kTicksAhead = 16;
  uint32_t age = (now - tick) & FLOW_TICK_MASK;
  return age >= FLOW_TICK_MASK - kTicksAhead ? 0 : age;
}

} // namespace bpf
