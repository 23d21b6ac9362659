/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: a set-associative table in shared memory, without locks. Kernel hash and LRU maps
 * cost three dependent cache misses per look-up and LRU maps evict silently; here a hit costs one
 * line, and it is we who choose what gives way: never an established flow.
 */
#ifndef FLOW_H
#define FLOW_H

#include "config.h"
#include "maps.h"
#include "packet.h"
#include "tcp.h"

/* A busy flow writes its time at most this often, so that its line stays clean between. */
#define FLOW_REFRESH_TICKS 4
/* Another CPU may have stamped a tick that this one has not seen yet. */
#define FLOW_TICK_SKEW 16

/* Where a flow lives, or would. */
struct flow_place {
	struct flow_bucket *bucket;
	__u32 index; /* of the bucket */
	__u64 signature;
};

/* Slots of a bucket in the order in which they may give way; higher first. */
enum flow_rank {
	RANK_LIVE, /* never */
	RANK_CLOSING,
	RANK_HALF_OPEN,
	RANK_EXPIRED,
	RANK_FREE,
};

#define SCORE_RANK_BIT 24 /* above an age in ticks */
#define SCORE_HALF_OPEN_BIT 32
#define SCORE_PLACE_BITS 3

static __always_inline __u64 flow_now(void)
{
	return bpf_ktime_get_coarse_ns() >> FLOW_TICK_SHIFT & FLOW_TICK_MASK;
}

static __always_inline __u32 flow_server(__u64 word)
{
	return word & FLOW_SERVER_MASK;
}

static __always_inline __u32 flow_state(__u64 word)
{
	return word >> FLOW_STATE_BIT & FLOW_STATE_MASK;
}

static __always_inline __u32 flow_protocol(__u64 word)
{
	return word >> FLOW_PROTOCOL_BIT & FLOW_PROTOCOL_MASK;
}

static __always_inline __u64 flow_age(__u64 word, __u64 now)
{
	__u64 age = (now - (word >> FLOW_TICK_BIT)) & FLOW_TICK_MASK;

	return age > FLOW_TICK_MASK - FLOW_TICK_SKEW ? 0 : age;
}

static __always_inline bool flow_is_expired(__u64 word, __u64 now)
{
	return flow_age(word, now) >= settings.timeout[flow_protocol(word)][flow_state(word)];
}

static __always_inline __u64 flow_stamp(__u64 word, __u32 state, __u64 now)
{
	word &= ~(FLOW_TICK_MASK << FLOW_TICK_BIT | FLOW_STATE_MASK << FLOW_STATE_BIT);
	return word | now << FLOW_TICK_BIT | (__u64)state << FLOW_STATE_BIT;
}

/*
 * NH (Black et al., UMAC, CRYPTO '99): for a secret key, two different tuples collide with
 * probability 2^-32 whatever the sender chooses, at the price of a multiplication per 64 bits.
 */
static __always_inline __u64 nh(__u64 message, const __u32 *key)
{
	return (__u64)((__u32)message + key[0]) * ((__u32)(message >> 32) + key[1]);
}

/*
 * The 64-bit name of a flow: two NH values under overlapping keys (UMAC's Toeplitz construction),
 * so that tuples collide with probability 2^-64. Never 0 or FLOW_CLAIMED.
 */
static __always_inline __u64 flow_signature(const struct packet *packet)
{
	const __u32 *key = settings.hash_key;
	__u64 ports = (__u64)packet->vport << 16 | packet->cport | (__u64)packet->protocol << 32 |
		      (__u64)packet->is_ipv4 << 40;
	__u64 high = nh(ports, key), low = nh(ports, key + 2);

	if (packet->is_ipv4) {
		const struct iphdr *ip = packet->ipv4;
		__u64 addresses = (__u64)ip->daddr << 32 | ip->saddr;

		high += nh(addresses, key + 2);
		low += nh(addresses, key + 4);
	} else {
		/* source and destination are neighbours: four 64-bit words */
		const __u32 *words = packet->ipv6->saddr.s6_addr32;

#pragma clang loop unroll(full)
		for (int i = 0; i < 8; i += 2) {
			__u64 pair = (__u64)words[i + 1] << 32 | words[i];

			high += nh(pair, key + 2 + i);
			low += nh(pair, key + 4 + i);
		}
	}
	return (high ^ (low << 32 | low >> 32)) | 2;
}

static __always_inline bool flow_locate(const struct packet *packet, struct flow_place *place)
{
	place->signature = flow_signature(packet);
	place->index = (place->signature >> 32) * flow_buckets >> 32;
	place->bucket = bpf_map_lookup_elem(&flow_table, &place->index);
	return place->bucket;
}

/* The slot of the flow, or NULL. Its home line first, then the neighbour. */
static __always_inline struct flow_slot *flow_find(const struct flow_place *place)
{
	__u32 home = place->signature & FLOW_LINE_WAYS;

#pragma clang loop unroll(full)
	for (int line = 0; line < FLOW_WAYS; line += FLOW_LINE_WAYS) {
		struct flow_slot *slot = &place->bucket->way[home ^ line];

#pragma clang loop unroll(full)
		for (int way = 0; way < FLOW_LINE_WAYS; way++)
			if (slot[way].signature == place->signature)
				return &slot[way];
	}
	return NULL;
}

static __always_inline void flow_free(struct flow_slot *slot, __u64 signature)
{
	__sync_val_compare_and_swap(&slot->signature, signature, 0);
}

/*
 * Notes a packet of a known flow: state and time. False when the flow is over (expired, or a new
 * SYN on a finished connection) and the packet is to be treated as the first of a new one.
 */
static __always_inline bool flow_touch(struct flow_slot *slot, const struct flow_place *place,
				       __u64 word, const struct packet *packet)
{
	__u32 state = flow_state(word), next = state;
	__u64 now = flow_now();
	__u64 age = flow_age(word, now);

	if (packet->protocol == IPPROTO_TCP)
		next = tcp_next_state(state, packet->tcp_flags);
	if (next == state && age < FLOW_REFRESH_TICKS)
		return true;

	if (flow_is_expired(word, now) ||
	    (packet->protocol == IPPROTO_TCP && tcp_opens(packet->tcp_flags) &&
	     tcp_is_reusable(state))) {
		flow_free(slot, place->signature);
		return false;
	}
	/* When another CPU was faster, its view is as good as ours. */
	__sync_val_compare_and_swap(&slot->word, word, flow_stamp(word, next, now));
	return true;
}

static __always_inline enum flow_rank flow_rank(__u64 signature, __u64 word, __u64 now)
{
	if (!signature)
		return RANK_FREE;
	if (signature == FLOW_CLAIMED)
		return RANK_LIVE;
	if (flow_is_expired(word, now))
		return RANK_EXPIRED;
	if (flow_protocol(word) != FLOW_TCP || flow_state(word) == TCP_STATE_ESTABLISHED)
		return RANK_LIVE;
	return tcp_is_half_open(flow_state(word)) ? RANK_HALF_OPEN : RANK_CLOSING;
}

/*
 * How readily a slot gives way: rank, then age; 0 for never. A global function, here and below, is
 * verified on its own: inlined, eight slots of five ranks each exceed the verifier's million steps.
 */
__noinline __u64 flow_score(__u64 signature, __u64 word, __u64 now)
{
	enum flow_rank rank = flow_rank(signature, word, now);

	if (rank == RANK_LIVE)
		return 0;
	if (rank == RANK_FREE)
		return (__u64)RANK_FREE << SCORE_RANK_BIT;
	return (__u64)rank << SCORE_RANK_BIT | flow_age(word, now) |
	       (__u64)(rank == RANK_HALF_OPEN) << SCORE_HALF_OPEN_BIT;
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
		__u64 is_half_open = score >> SCORE_HALF_OPEN_BIT & 1;
		/* the place rides along in the low bits, reversed: the first of equals is the highest */
		__u64 candidate = score << SCORE_PLACE_BITS | (FLOW_WAYS - 1 - i);

		candidate &= ~(1ULL << (SCORE_HALF_OPEN_BIT + SCORE_PLACE_BITS));
		best = greater(best, candidate);
		best_half_open = greater(best_half_open, candidate & -is_half_open);
		half_open_count += is_half_open;
	}
	if (half_open && half_open_count >= FLOW_HALF_OPEN_WAYS)
		best = best_half_open;
	if (best < FLOW_WAYS)
		return FLOW_WAYS;
	return ((FLOW_WAYS - 1 - (best & (FLOW_WAYS - 1))) ^ home) & (FLOW_WAYS - 1);
}

static __always_inline void flow_write_tuple(const struct flow_place *place, __u32 way,
					     const struct packet *packet)
{
	__u32 index = place->index * FLOW_WAYS + way;
	struct flow_tuple *tuple = bpf_map_lookup_elem(&flow_tuples, &index);

	if (tuple)
		*tuple = (struct flow_tuple){ .cip = packet_cip(packet),
					      .vip = packet_vip(packet),
					      .cport = packet->cport,
					      .vport = packet->vport,
					      .protocol = packet->protocol };
}

/*
 * Remembers that this flow goes to this server. False when every slot of the bucket holds a live
 * flow or another CPU took the slot: the caller forwards without state.
 */
static __always_inline bool flow_create(const struct flow_place *place, const struct packet *packet,
					__u32 server)
{
	bool tcp = packet->protocol == IPPROTO_TCP;
	__u32 state = tcp ? tcp_next_state(TCP_STATE_NONE, packet->tcp_flags) : UDP_STATE_NORMAL;
	__u64 now = flow_now();
	__u32 way = flow_victim(place->bucket, place->signature & FLOW_LINE_WAYS,
				tcp && tcp_is_half_open(state), now);
	struct flow_slot *slot;
	__u64 seen;

	if (way >= FLOW_WAYS)
		return false;
	slot = &place->bucket->way[way];
	seen = slot->signature;
	if (seen == FLOW_CLAIMED ||
	    __sync_val_compare_and_swap(&slot->signature, seen, FLOW_CLAIMED) != seen)
		return false;

	flow_write_tuple(place, way, packet);
	slot->word = (slot->word & FLOW_OVERFLOWED) | server | now << FLOW_TICK_BIT |
		     (__u64)state << FLOW_STATE_BIT |
		     (__u64)(tcp ? FLOW_TCP : FLOW_UDP) << FLOW_PROTOCOL_BIT;
	/* Full barrier: whoever sees the signature sees the word and the tuple. */
	__sync_lock_test_and_set(&slot->signature, place->signature);
	return true;
}

/* The bucket could not hold a flow once, so packets of unknown flows may belong to that one. */
static __always_inline bool flow_overflowed(const struct flow_place *place)
{
	return place->bucket->way[0].word & FLOW_OVERFLOWED;
}

static __always_inline void flow_note_overflow(const struct flow_place *place)
{
	if (!flow_overflowed(place))
		__sync_fetch_and_or(&place->bucket->way[0].word, FLOW_OVERFLOWED);
}

#endif
