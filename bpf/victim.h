/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which slot of a full bucket gives way to a new flow. */
#ifndef VICTIM_H
#define VICTIM_H

#include "config.h"
#include "flow_word.h"
#include "xdirector.h"

/* Slots of a bucket in the order in which they may give way; higher first. */
enum flow_rank {
	RANK_LIVE, /* never */
	RANK_CLOSING,
	RANK_HALF_OPEN,
	RANK_EXPIRED,
	RANK_FREE,
};

#define SCORE_RANK_BIT 24 /* above an age in ticks */
#define SCORE_PLACE_BITS 3

/* How readily a live flow gives way, by protocol and state. */
static const __u8 live_ranks[FLOW_PROTOCOL_MAX][FLOW_STATE_MAX] = {
	[FLOW_TCP] = { [TCP_STATE_NONE] = RANK_CLOSING,
		       [TCP_STATE_ESTABLISHED] = RANK_LIVE,
		       [TCP_STATE_SYN_SENT] = RANK_HALF_OPEN,
		       [TCP_STATE_SYN_RECV] = RANK_HALF_OPEN,
		       [TCP_STATE_FIN_WAIT] = RANK_CLOSING,
		       [TCP_STATE_TIME_WAIT] = RANK_CLOSING,
		       [TCP_STATE_CLOSE] = RANK_CLOSING,
		       [TCP_STATE_CLOSE_WAIT] = RANK_CLOSING,
		       [TCP_STATE_LAST_ACK] = RANK_CLOSING,
		       [TCP_STATE_LISTEN] = RANK_CLOSING,
		       [TCP_STATE_SYNACK] = RANK_HALF_OPEN },
};

/* All ones when x is not 0. The compiler must not see through it, or it makes a branch of it. */
static __always_inline __u64 if_not_zero(__u64 x)
{
	x |= -x;
	asm volatile("" : "+r"(x));
	return (__s64)x >> 63;
}

/*
 * How readily a slot gives way: rank, then age; 0 for never. Without a branch: eight slots of five ranks
 * each are more paths than the verifier walks, and eight calls cost more than all of this.
 */
static __always_inline __u64 flow_score(__u64 signature, __u64 word, __u64 now)
{
	__u32 protocol = flow_protocol(word), state = flow_state(word);
	__u64 age = (now - (word >> FLOW_TICK_BIT)) & FLOW_TICK_MASK;
	/* a tick from another CPU's future: nearly the whole circle */
	__u64 live = if_not_zero((FLOW_TICK_MASK - FLOW_TICK_SKEW - age) >> 63 ^ 1);
	__u64 taken = if_not_zero(signature), claimed = ~if_not_zero(signature ^ FLOW_CLAIMED);
	__u64 expired, rank;

	age &= live;
	expired = if_not_zero((age - settings.timeout[protocol][state]) >> 63 ^ 1);
	rank = live_ranks[protocol][state];
	rank = (RANK_EXPIRED & expired) | (rank & ~expired);
	rank = (rank & taken) | (RANK_FREE & ~taken);
	rank &= ~claimed;
	return (rank << SCORE_RANK_BIT | (age & taken)) & if_not_zero(rank);
}

/* The greater of two numbers below 2^63, so that the verifier learns nothing from a comparison. */
static __always_inline __u64 greater(__u64 a, __u64 b)
{
	__u64 less = (a - b) >> 63;

	return a ^ ((a ^ b) & -less);
}

/*
 * The way of the bucket that gives way to a new flow, or FLOW_WAYS when none may. Half-open flows
 * may not hold more than FLOW_HALF_OPEN_WAYS: beyond that a half-open newcomer replaces the oldest
 * of them, however much is free, so a SYN flood meets itself. Of equals the home line comes first.
 */
__noinline __u32 flow_victim(const struct flow_bucket *bucket, __u32 home, __u32 half_open,
			     __u64 now)
{
	__u64 best = 0, best_half_open = 0, half_open_count = 0;

	if (!bucket)
		return FLOW_WAYS;
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < FLOW_WAYS; i++) {
		const struct flow_slot *slot = &bucket->way[(i ^ home) & (FLOW_WAYS - 1)];
		__u64 score = flow_score(slot->signature, slot->word, now);
		__u64 is_half_open = ~if_not_zero(score >> SCORE_RANK_BIT ^ RANK_HALF_OPEN);
		/* the place rides along in the low bits, reversed: the first of equals is the highest */
		__u64 candidate = score << SCORE_PLACE_BITS | (FLOW_WAYS - 1 - i);

		best = greater(best, candidate);
		best_half_open = greater(best_half_open, candidate & is_half_open);
		half_open_count += is_half_open & 1;
	}
	if (half_open && half_open_count >= FLOW_HALF_OPEN_WAYS)
		best = best_half_open;
	if (best < FLOW_WAYS)
		return FLOW_WAYS;
	return ((FLOW_WAYS - 1 - (best & (FLOW_WAYS - 1))) ^ home) & (FLOW_WAYS - 1);
}

#endif
