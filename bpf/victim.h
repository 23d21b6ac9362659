/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Which slot of a full bucket gives way to a new flow. */
#ifndef VICTIM_H
#define VICTIM_H

#include "config.h"
#include "flow_word.h"
#include "load_word.h"
#include "xdirector.h"

/*
 * In which order the slots of a line give way: the highest first, and among equals the oldest. What is half-open and
 * expired has both bits.
 */
enum flow_rank {
	RANK_LIVE = 0, /* never */
	RANK_CLOSING = 1,
	RANK_HALF_OPEN = 2,
	RANK_EXPIRED = 4,
	RANK_FREE = 8,
	RANK_SURPLUS = 16, /* half-open, where there are too many of them */
};

/* A candidate: rank, age in ticks, place in the bucket. */
#define CANDIDATE_AGE_BIT 3
#define CANDIDATE_RANK_BIT (CANDIDATE_AGE_BIT + 24)
#define CANDIDATE_HALF_OPEN ((__u64)RANK_HALF_OPEN << CANDIDATE_RANK_BIT)
#define CANDIDATE_EXPIRED ((__u64)RANK_EXPIRED << CANDIDATE_RANK_BIT)

_Static_assert(FLOW_PROTOCOL_MAX *FLOW_STATE_MAX == 1 << FLOW_KIND_BITS,
	       "every kind of flow has a rank");

/* The two low bits of a signature: 0 of a free slot, 1 of a claimed one, which is not to be had, 2 and 3 of flows. */
#define SIGNATURE_KINDS 4

#define RANKS_BY_STATE                                                                             \
	{                                                                                          \
		[FLOW_TCP] = { [TCP_STATE_NONE] = RANK_CLOSING,                                    \
			       [TCP_STATE_ESTABLISHED] = RANK_LIVE,                                \
			       [TCP_STATE_SYN_SENT] = RANK_HALF_OPEN,                              \
			       [TCP_STATE_SYN_RECV] = RANK_HALF_OPEN,                              \
			       [TCP_STATE_FIN_WAIT] = RANK_CLOSING,                                \
			       [TCP_STATE_TIME_WAIT] = RANK_CLOSING,                               \
			       [TCP_STATE_CLOSE] = RANK_CLOSING,                                   \
			       [TCP_STATE_CLOSE_WAIT] = RANK_CLOSING,                              \
			       [TCP_STATE_LAST_ACK] = RANK_CLOSING,                                \
			       [TCP_STATE_LISTEN] = RANK_CLOSING,                                  \
			       [TCP_STATE_SYNACK] = RANK_HALF_OPEN },                              \
		[FLOW_SCTP] = {                                                                    \
			[SCTP_STATE_NONE] = RANK_CLOSING,                                          \
			[SCTP_STATE_INIT1] = RANK_HALF_OPEN,                                       \
			[SCTP_STATE_INIT] = RANK_HALF_OPEN,                                        \
			[SCTP_STATE_COOKIE_SENT] = RANK_HALF_OPEN,                                 \
			[SCTP_STATE_COOKIE_REPLIED] = RANK_HALF_OPEN,                              \
			[SCTP_STATE_COOKIE_WAIT] = RANK_HALF_OPEN,                                 \
			[SCTP_STATE_COOKIE] = RANK_HALF_OPEN,                                      \
			[SCTP_STATE_COOKIE_ECHOED] = RANK_HALF_OPEN,                               \
			[SCTP_STATE_ESTABLISHED] = RANK_LIVE,                                      \
			[SCTP_STATE_SHUTDOWN_SENT] = RANK_CLOSING,                                 \
			[SCTP_STATE_SHUTDOWN_RECEIVED] = RANK_CLOSING,                             \
			[SCTP_STATE_SHUTDOWN_ACK_SENT] = RANK_CLOSING,                             \
			[SCTP_STATE_REJECTED] = RANK_CLOSING,                                      \
			[SCTP_STATE_CLOSED] = RANK_CLOSING,                                        \
		},                                                                                 \
	}

#define FREE_FOUR RANK_FREE, RANK_FREE, RANK_FREE, RANK_FREE
#define FREE_STATES                                                                                \
	{                                                                                          \
		FREE_FOUR, FREE_FOUR, FREE_FOUR, FREE_FOUR                                         \
	}

/* How readily what is in a slot gives way before it is expired, by its signature, protocol and state. */
static const __u8 ranks[SIGNATURE_KINDS][FLOW_PROTOCOL_MAX][FLOW_STATE_MAX] = {
	{ FREE_STATES, FREE_STATES, FREE_STATES, FREE_STATES },
	{},
	RANKS_BY_STATE,
	RANKS_BY_STATE,
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

/* Counts from FLOW_TICK_SKEW before, so that a tick from another CPU's future is not nearly the whole circle. */
static __always_inline __u64 tick_age(__u64 word, __u64 now)
{
	return (now + FLOW_TICK_SKEW - (word >> FLOW_TICK_BIT)) & FLOW_TICK_MASK;
}

/*
 * A slot as a candidate, were it not expired. Without a branch: four slots of five ranks each would be many paths for
 * the verifier to walk. The place is reversed: the first of equals is the highest.
 */
static __always_inline __u64 candidate_of(const struct flow_slot *slot, __u64 now, __u32 place)
{
	__u64 word = slot->word, kind = flow_kind(word) | slot->signature << FLOW_KIND_BITS;
	__u64 rank;

	barrier_var(kind); /* Linux 6.1 has to see the bounds of what it has become */
	rank = (&ranks[0][0][0])[kind & (sizeof(ranks) - 1)];
	return rank << CANDIDATE_RANK_BIT | tick_age(word, now) << CANDIDATE_AGE_BIT |
	       (FLOW_WAYS - 1 - place);
}

/* What an expired flow's candidate has besides. */
static __always_inline __u64 expired_bit(const struct flow_slot *slot, __u64 now)
{
	__u64 word = slot->word, is_flow = slot->signature >> 1 & 1;
	__u64 timeout = (&settings.timeout[0][0])[flow_kind(word)] + FLOW_TICK_SKEW;

	return ~if_negative(tick_age(word, now) - timeout) & CANDIDATE_EXPIRED & -is_flow;
}

/* The greater of two numbers below 2^63. */
static __always_inline __u64 greater(__u64 a, __u64 b)
{
	__u64 difference = a - b;

	return a - (difference & if_negative(difference));
}

static __always_inline __u32 rank_of(__u64 candidate)
{
	return candidate >> CANDIDATE_RANK_BIT;
}

/*
 * Which of a line's candidates gives way. Half-open flows may not hold more than FLOW_HALF_OPEN_WAYS of a line:
 * beyond that the oldest of them goes first for a half-open newcomer, however much is free, so a SYN flood
 * meets itself.
 */
static __always_inline __u64 best_of(__u64 candidate[FLOW_LINE_WAYS], bool half_open)
{
	__u64 count = 0, surplus;

	for (__u32 i = 0; i < FLOW_LINE_WAYS; i++)
		count += candidate[i] & CANDIDATE_HALF_OPEN;
	surplus = half_open ? CANDIDATE_HALF_OPEN : 0;
	surplus &= ~if_negative(count - FLOW_HALF_OPEN_WAYS * CANDIDATE_HALF_OPEN);
	for (__u32 i = 0; i < FLOW_LINE_WAYS; i++)
		candidate[i] |= (candidate[i] & surplus) * (RANK_SURPLUS / RANK_HALF_OPEN);
	return greater(greater(candidate[0], candidate[1]), greater(candidate[2], candidate[3]));
}

static __always_inline __u64 line_candidate(const struct flow_slot *line, bool half_open, __u64 now,
					    __u32 place)
{
	__u64 candidate[FLOW_LINE_WAYS];

	for (__u32 i = 0; i < FLOW_LINE_WAYS; i++)
		candidate[i] = candidate_of(&line[i], now, place + i) | expired_bit(&line[i], now);
	return best_of(candidate, half_open);
}

static __always_inline __u32 way_of(__u64 candidate, __u32 home)
{
	return ((FLOW_WAYS - 1 - (candidate & (FLOW_WAYS - 1))) ^ home) & (FLOW_WAYS - 1);
}

/*
 * The way of the bucket that gives way to a new flow, or FLOW_WAYS when none may. The other line is looked at only when
 * the flow's home line is full of flows worth keeping. A global function: verified once, for where a call is not too
 * dear.
 */
__noinline __u32 flow_victim(const struct flow_bucket *bucket, __u32 home, __u32 half_open,
			     __u64 now)
{
	__u64 best;

	if (!bucket)
		return FLOW_WAYS;
	home &= FLOW_LINE_WAYS;
	best = line_candidate(&bucket->way[home], half_open, now, 0);
	if (rank_of(best) < RANK_EXPIRED)
		best = greater(best, line_candidate(&bucket->way[home ^ FLOW_LINE_WAYS], half_open,
						    now, FLOW_LINE_WAYS));
	return rank_of(best) == RANK_LIVE ? FLOW_WAYS : way_of(best, home);
}

/* The same where it matters: nearly always there is a free slot or a surplus, and what is expired does not matter. */
static __always_inline __u32 find_victim(const struct flow_bucket *bucket, __u32 home,
					 bool half_open, __u64 now)
{
	__u64 candidate[FLOW_LINE_WAYS], best;

	home &= FLOW_LINE_WAYS;
	for (__u32 i = 0; i < FLOW_LINE_WAYS; i++)
		candidate[i] = candidate_of(&bucket->way[home + i], now, i);
	best = best_of(candidate, half_open);
	return rank_of(best) >= RANK_FREE ? way_of(best, home) :
					    flow_victim(bucket, home, half_open, now);
}

#endif
