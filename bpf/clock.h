/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The clock of the flow table, as a variable. A helper call and its return cost 6 ns of a hit's 30, so the
 * time is not asked for but told: a timer in the kernel writes it once a tick, with or without a daemon.
 */
#ifndef CLOCK_H
#define CLOCK_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "xdirector.h"

#define CLOCK_MONOTONIC 1
#define CLOCK_INTERVAL_NS (1ULL << FLOW_TICK_SHIFT)

/* A section and so a cache line of its own: everybody reads it, hardly anybody writes it. */
__u64 flow_tick SEC(".data.clock") = 0;

struct ticker {
	struct bpf_timer timer;
};

/* Which timer advances the clock? */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct ticker);
} tickers SEC(".maps");

static __always_inline void read_clock(void)
{
	flow_tick = bpf_ktime_get_coarse_ns() >> FLOW_TICK_SHIFT & FLOW_TICK_MASK;
}

static int advance_clock(__attribute__((unused)) void *map, __attribute__((unused)) __u32 *key,
			 struct ticker *ticker)
{
	read_clock();
	bpf_timer_start(&ticker->timer, CLOCK_INTERVAL_NS, 0);
	return 0;
}

/*
 * Run once by whoever loads the program; again, it takes the timer over from the program that was loaded
 * before. 0, or why there is no timer.
 */
static __always_inline int start_clock(void)
{
	__u32 zero = 0;
	struct ticker *ticker = bpf_map_lookup_elem(&tickers, &zero);

	if (!ticker)
		return -1;
	read_clock();
	bpf_timer_init(&ticker->timer, &tickers,
		       CLOCK_MONOTONIC); /* fails when it is initialised: fine */
	if (bpf_timer_set_callback(&ticker->timer, advance_clock))
		return -2;
	return bpf_timer_start(&ticker->timer, CLOCK_INTERVAL_NS, 0);
}

#endif
