/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which slot of a full bucket gives way to a new flow. */
#ifndef VICTIM_H
#define VICTIM_H

#include "config.h"
#include "flow_word.h"
#include "load_word.h"
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
	[FLOW_SCTP] = { [SCTP_STATE_NONE] = RANK_CLOSING,
			[SCTP_STATE_INIT1] = RANK_HALF_OPEN,
			[SCTP_STATE_INIT] = RANK_HALF_OPEN,
			[SCTP_STATE_COOKIE_SENT] = RANK_HALF_OPEN,
			[SCTP_STATE_COOKIE_REPLIED] = RANK_HALF_OPEN,
			[SCTP_STATE_COOKIE_WAIT] = RANK_HALF_OPEN,
			[SCTP_STATE_COOKIE] = RANK_HALF_OPEN,
			[SCTP_STATE_COOKIE_ECHOED] = RANK_HALF_OPEN,
			[SCTP_STATE_ESTABLISHED] = RANK_LIVE,
			[SCTP_STATE_SHUTDOWN_SENT] = RANK_CLOSING,
			[SCTP_STATE_SHUTDOWN_RECEIVED] = RANK_CLOSING,
			[SCTP_STATE_SHUTDOWN_ACK_SENT] = RANK_CLOSING,
			[SCTP_STATE_REJECTED] = RANK_CLOSING,
			[SCTP_STATE_CLOSED] = RANK_CLOSING },
};

/*
 * All ones when x is negative. The compiler must see neither in nor through it, or it makes a branch of it,
 * and nobody predicts what a flood leaves in a bucket.
 */
static __always_inline __u64 if_negative(__u64 x)
{
	asm volatile("" : "+r"(x));
	x = (__s64)x >> 63;
	asm volatile("" : "+r"(x));
	return x;
}

/*
 * How readily a slot gives way: rank, then age. Ages count from FLOW_TICK_SKEW before, so that a tick from
 * another CPU's future is not nearly the whole circle. Without a branch: four slots of five ranks each
 * would be many paths for the verifier to walk.
 */
static __always_inline __u64 flow_score(const struct flow_slot *slot, __u64 now)
{
	__u64 signature = slot->signature, word = slot->word;
	__u32 kind = flow_kind(word);
	__u64 age = (now + FLOW_TICK_SKEW - (word >> FLOW_TICK_BIT)) & FLOW_TICK_MASK;
	__u64 timeout = (&settings.timeout[0][0])[kind] + FLOW_TICK_SKEW;
	__u64 rank = (&live_ranks[0][0])[kind] | (RANK_EXPIRED & ~if_negative(age - timeout));
	/* signature 0, or FLOW_CLAIMED, which is not to be had */
	__u64 vacant = if_negative((signature >> 1) - 1);

	return (~vacant & (rank << SCORE_RANK_BIT | age)) |
	       (vacant & (signature - 1) & RANK_FREE << SCORE_RANK_BIT);
}

/* The greater of two numbers below 2^63. */
static __always_inline __u64 greater(__u64 a, __u64 b)
{
	return a ^ ((a ^ b) & if_negative(a - b));
}

static __always_inline enum flow_rank rank_of(__u64 candidate)
{
	return candidate >> (SCORE_RANK_BIT + SCORE_PLACE_BITS);
}

/*
 * Which slot of a line gives way. Half-open flows may not hold more than FLOW_HALF_OPEN_WAYS of it:
 * beyond that the oldest of them counts as expired for a half-open newcomer, however much is free, so a
 * SYN flood meets itself. The place rides along in the low bits, reversed: the first of equals is the
 * highest.
 */
static __always_inline __u64 line_candidate(const struct flow_slot *line, __u32 half_open,
					    __u64 now, __u32 place)
{
	__u64 best = 0, best_half_open = 0, half_open_count = 0;

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < FLOW_LINE_WAYS; i++) {
		__u64 score = flow_score(&line[i], now);
		__u64 candidate = score << SCORE_PLACE_BITS | (FLOW_WAYS - 1 - place - i);
		__u64 is_half_open = if_negative((rank_of(candidate) ^ RANK_HALF_OPEN) - 1ULL);

		best = greater(best, candidate);
		best_half_open = greater(best_half_open, candidate & is_half_open);
		half_open_count -= is_half_open;
	}
	if (half_open && half_open_count >= FLOW_HALF_OPEN_WAYS)
		return best_half_open | (__u64)RANK_EXPIRED << (SCORE_RANK_BIT + SCORE_PLACE_BITS);
	return best;
}

/*
 * The way of the bucket that gives way to a new flow, or FLOW_WAYS when none may. Only when the flow's
 * home line is full of flows worth keeping the other one is looked at.
 */
static __always_inline __u32 find_victim(const struct flow_bucket *bucket, __u32 home,
					 __u32 half_open, __u64 now)
{
	__u64 best;

	home &= FLOW_LINE_WAYS;
	best = line_candidate(&bucket->way[home], half_open, now, 0);
	if (rank_of(best) < RANK_EXPIRED)
		best = greater(best, line_candidate(&bucket->way[home ^ FLOW_LINE_WAYS], half_open,
						    now, FLOW_LINE_WAYS));
	if (rank_of(best) == RANK_LIVE)
		return FLOW_WAYS;
	return ((FLOW_WAYS - 1 - (best & (FLOW_WAYS - 1))) ^ home) & (FLOW_WAYS - 1);
}

/* The same as a global function: verified once, for where a call is not too dear. */
__noinline __u32 flow_victim(const struct flow_bucket *bucket, __u32 home, __u32 half_open,
			     __u64 now)
{
	return bucket ? find_victim(bucket, home, half_open, now) : FLOW_WAYS;
}

#endif
