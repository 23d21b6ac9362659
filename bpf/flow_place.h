/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where a flow lives in the flow table: its bucket, its slot, and what belongs to the slot. */
#ifndef FLOW_PLACE_H
#define FLOW_PLACE_H

#include "config.h"
#include "flow_home.h"
#include "maps.h"
#include "merge.h"
#include "packet.h"
#include "signature.h"
#include "xdirector.h"

/* Where a flow is, or would be. */
struct flow_place {
	struct flow_bucket *bucket;
	__u32 index; /* of the bucket */
	__u64 signature;
};

static __always_inline bool flow_locate(const struct flow_key *flow, struct flow_place *place)
{
	place->signature = flow_signature(flow);
	place->index = (place->signature >> 32) * flow_buckets >> 32;
	place->bucket = bpf_map_lookup_elem(&flow_table, &place->index);
	return place->bucket;
}

static __always_inline struct flow_key flow_of_ipv4(const struct packet *packet)
{
	return (struct flow_key){ &packet->ipv4->saddr, &packet->ipv4->daddr, packet->cport,
				  packet->vport,        packet->protocol,     true };
}

static __always_inline struct flow_key flow_of_ipv6(const struct packet *packet)
{
	return (struct flow_key){ packet->ipv6->saddr.s6_addr32,
				  packet->ipv6->daddr.s6_addr32,
				  packet->cport,
				  packet->vport,
				  packet->protocol,
				  false };
}

/* Each family on a path of its own: a pointer to either would cost the hot path 5 ns. */
static __always_inline bool flow_locate_packet(const struct packet *packet,
					       struct flow_place *place)
{
	struct flow_key flow;

	if (packet->is_ipv4) {
		flow = flow_of_ipv4(packet);
		return flow_locate(&flow, place);
	}
	flow = flow_of_ipv6(packet);
	return flow_locate(&flow, place);
}

/* The slot of this line that the flow is in, or NULL. */
static __always_inline struct flow_slot *flow_find_in_line(const struct flow_place *place,
							   __u32 line)
{
	struct flow_slot *slot = &place->bucket->way[line];

#pragma clang loop unroll(full)
	for (int way = 0; way < FLOW_LINE_WAYS; way++)
		if (slot[way].signature == place->signature)
			return &place->bucket->way[any_of(line + way, FLOW_WAYS, place->signature)];
	return NULL;
}

/* The slot of the flow, or NULL. The other line is one more wait for memory: only while a flow is away from home. */
static __always_inline struct flow_slot *flow_find(const struct flow_place *place)
{
	__u32 home = flow_home(place->signature);
	struct flow_slot *slot = flow_find_in_line(place, home);

	if (slot || !(place->bucket->way[home].word & FLOW_AWAY_MASK))
		return slot;
	return flow_find_in_line(place, home ^ FLOW_LINE_WAYS);
}

static __always_inline __u32 flow_number(const struct flow_place *place,
					 const struct flow_slot *slot)
{
	return place->index * FLOW_WAYS +
	       ((const void *)slot - (const void *)place->bucket) / sizeof(*slot);
}

static __always_inline struct flow_slot *flow_slot_at(__u32 number)
{
	__u32 index = number / FLOW_WAYS;
	struct flow_bucket *bucket = bpf_map_lookup_elem(&flow_table, &index);

	return bucket ? &bucket->way[number % FLOW_WAYS] : NULL;
}

static __always_inline union flow_near *flow_near(const struct flow_slot *slot)
{
	return (union flow_near *)(slot + FLOW_WAYS);
}

static __always_inline union flow_far *flow_far_at(__u32 number)
{
	return bpf_map_lookup_elem(&flow_far, &number);
}

/* Reads and forgets: nothing else makes the processor fetch a line that will be written soon. */
static __always_inline void fetch_line(const void *at)
{
	asm volatile("" : : "r"(*(const volatile __u8 *)at));
}

/*
 * A flow that begins writes what is near, most likely of a slot in its home line. Fetched together with the
 * slots it costs one wait for memory, afterwards a second one.
 */
static __always_inline void flow_fetch_near(const struct flow_place *place)
{
	__u32 home = flow_home(place->signature);

	fetch_line(&place->bucket->near[home]);
	if (settings.is_crowded)
		fetch_line(&place->bucket->way[home ^ FLOW_LINE_WAYS]);
}

/* The same of what is far. Four of them are two lines. */
static __always_inline void flow_fetch_far(const struct flow_place *place)
{
	__u32 first = place->index * FLOW_WAYS + flow_home(place->signature);
	const union flow_far *far = flow_far_at(first), *last = flow_far_at(first + 3);

	if (far)
		fetch_line(far);
	if (last)
		fetch_line((const void *)(last + 1) - 1);
}

/* A flow comes or goes: FLOW_AWAY_ONE more or less. Its slot is claimed, so nobody else counts it. */
static __always_inline void flow_count_away(__u32 number, __u64 signature, __u64 difference)
{
	struct flow_slot *home;

	if (!flow_is_away(number, signature))
		return;
	home = flow_slot_at(number - number % FLOW_WAYS + flow_home(signature));
	if (home)
		__sync_fetch_and_add(&home->word, difference);
}

#endif
