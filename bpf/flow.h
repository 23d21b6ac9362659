/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The flow table: a set-associative table in shared memory, without locks. Kernel hash and LRU maps
 * cost three dependent cache misses per look-up and LRU maps evict silently; here a hit costs one
 * line, and it is we who choose what gives way: never an established flow.
 */
#ifndef FLOW_H
#define FLOW_H

#include "config.h"
#include "flow_end.h"
#include "flow_home.h"
#include "flow_place.h"
#include "flow_word.h"
#include "load.h"
#include "maps.h"
#include "packet.h"
#include "template.h"
#include "transport.h"
#include "victim.h"

/* One fails only when a flow came or went, away from home, at that very moment. */
#define RESTAMP_ATTEMPTS 3

/*
 * When another CPU was faster, its view of the flow is as good as ours, or the flow has given way: false. When only what
 * is not the flow's own has changed, ours still counts.
 */
static __always_inline bool flow_restamp(struct flow_slot *slot, __u64 word, __u32 state, __u64 now)
{
#pragma clang loop unroll(disable)
	for (int attempt = 0; attempt < RESTAMP_ATTEMPTS; attempt++) {
		__u64 stamped = flow_stamp(word, state, now);
		__u64 seen = __sync_val_compare_and_swap(&slot->word, word, stamped);

		if (seen == word)
			load_move(word, stamped);
		if (seen == word || (seen ^ word) & FLOW_OWN_MASK)
			return seen == word;
		word = seen;
	}
	return false;
}

/* The same of the other slot, unless it is being written or emptied; see flow_publish(). False when there is none any more. */
__noinline int flow_stamp_peer(__u32 number, __u64 signature, __u32 state, __u64 now)
{
	const struct flow_slot *own = flow_slot_at(number);
	__u32 peer_number = own ? *(volatile __u32 *)&flow_near(own)->tuple.peer : 0;
	struct flow_slot *peer = flow_slot_at(peer_number);
	__u64 word = peer ? *(volatile __u64 *)&peer->word : FLOW_ENDED;

	if (!own || !peer)
		return false;
	if (*(const volatile __u64 *)&own->signature != signature)
		return true; /* gone, and what is named here is another flow's peer */
	if (flow_lacks_peer(peer, number))
		return false;
	if (!(word & FLOW_ENDED) && flow_is_peer(peer, number))
		flow_restamp(peer, word, state, now);
	return true;
}

static __always_inline bool flow_is_established(__u64 word, __u32 state)
{
	return flow_protocol(word) == FLOW_SCTP ? state == SCTP_STATE_ESTABLISHED :
						  state == TCP_STATE_ESTABLISHED;
}

/* What is dropped because the server is gone leaves the flow as it is, to run out of time (ip_vs_in). */
static __always_inline bool flow_is_stranded(__u64 word)
{
	__u32 slot = flow_server(word);
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);

	return !(word & FLOW_REPLY) && (!server || server->method == METHOD_NONE);
}

/*
 * Whether a packet that found its flow in this state tells nothing new of it. A masqueraded flow that is half-open may
 * have become an orphan at any moment: a SYN that comes again is to begin a new one, not to go on in half of that.
 */
static __always_inline bool is_no_news(const struct packet *packet, __u64 word, __u32 next,
				       __u64 now)
{
	__u32 state = flow_state(word);

	return next == state && flow_age(word, now) < FLOW_REFRESH_TICKS &&
	       !(word & FLOW_MASQUERADE && is_half_open(packet, state));
}

/*
 * Notes state and time in both slots of a flow. The slot that the packet found first: once that is established it does
 * not give way, and its peer never gets established without it. False when the peer is gone.
 */
static __always_inline bool flow_note(struct flow_slot *slot, const struct flow_place *place,
				      __u64 word, __u32 next, __u64 now)
{
	if (!flow_restamp(slot, word, next, now))
		return true;
	return !(word & FLOW_MASQUERADE) ||
	       flow_stamp_peer(flow_number(place, slot), place->signature, next, now);
}

/*
 * Notes a packet of a known flow: state and time. False when the flow is over (expired, reused or an orphan) and the
 * packet is to be treated as the first of a new one.
 */
static __always_inline bool flow_touch(struct flow_slot *slot, const struct flow_place *place,
				       __u64 word, struct packet *packet)
{
	__u32 state = flow_state(word), next = next_state(packet, state, flow_direction(word));
	__u64 now = flow_now();
	bool is_over;

	if (is_no_news(packet, word, next, now))
		return true;
	packet->moves_load = true;

	is_over = word & FLOW_ENDED || flow_is_expired(word, now) || is_reuse(packet, word);
	if (!is_over && flow_is_stranded(word))
		return true;
	if (is_over || !flow_note(slot, place, word, next, now)) {
		flow_free(slot, place, word);
		return false;
	}
	if (word & FLOW_PERSISTENT && next != state && flow_is_established(word, next))
		flow_assure_template(flow_number(place, slot));
	return true;
}

/* The first reply over UDP is told to the flow's template; the next one is as well if the word has changed meanwhile. */
static __always_inline void flow_note_reply(struct flow_slot *slot, __u32 number, __u64 word)
{
	if (flow_protocol(word) != FLOW_UDP)
		return;
	flow_assure_template(number);
	__sync_val_compare_and_swap(&slot->word, word, word & ~FLOW_PERSISTENT);
}

/* What is known of a flow before it has a slot. */
struct new_flow {
	__u64 way;      /* its word's server and flags */
	__u32 template; /* FLOW_PERSISTENT: that controls it */
};

static __always_inline __u64 flow_word(const struct packet *packet, __u64 way, __u32 state,
				       __u64 now)
{
	return way | now << FLOW_TICK_BIT | (__u64)state << FLOW_STATE_BIT |
	       (__u64)transport_of(packet) << FLOW_PROTOCOL_BIT |
	       (__u64)!packet->is_ipv4 << FLOW_IPV6_BIT;
}

/*
 * This slot of the bucket for a new flow, out of everybody's sight until it is published; or NULL. What was in it ends;
 * its peer stays as an orphan.
 */
static __always_inline struct flow_slot *flow_claim(const struct flow_place *place, __u32 way)
{
	struct flow_slot *slot;
	__u64 seen;

	if (way >= FLOW_WAYS)
		return NULL;
	slot = &place->bucket->way[way];
	seen = slot->signature;
	if (seen == FLOW_CLAIMED ||
	    __sync_val_compare_and_swap(&slot->signature, seen, FLOW_CLAIMED) != seen)
		return NULL;
	if (!seen)
		return slot;
	flow_end(slot, flow_number(place, slot), seen);
	return slot;
}

/*
 * The tuple is written before: the barrier makes whoever sees the signature see that too. The word becomes this flow's
 * in one step, for those who have just seen the former flow's signature: a sweep would end what is neither. Nobody
 * changes the word of a flow that has ended but for what is not the flow's own, and that must be there all the time.
 */
static __always_inline void flow_publish(struct flow_slot *slot, __u32 number, __u64 signature,
					 __u64 word)
{
	load_begin(word);
	__sync_fetch_and_xor(&slot->word, (slot->word ^ word) & FLOW_OWN_MASK);
	flow_count_away(number, signature, FLOW_AWAY_ONE);
	__sync_lock_test_and_set(&slot->signature, signature);
}

static __always_inline void write_ipv6_tuple(__u32 number, const struct packet *packet)
{
	union flow_far *far = flow_far_at(number);

	if (!far)
		return;
	__builtin_memcpy(far->tuple.cip, &packet->ipv6->saddr, sizeof(far->tuple.cip));
	__builtin_memcpy(far->tuple.vip, &packet->ipv6->daddr, sizeof(far->tuple.vip));
}

static __always_inline void flow_write_tuple(struct flow_slot *slot, __u32 number,
					     const struct packet *packet, __u32 peer)
{
	bool is_ipv4 = packet->is_ipv4;

	flow_near(slot)->tuple = (struct flow_tuple){
		.cip = is_ipv4 ? packet->ipv4->saddr : packet->ipv6->saddr.s6_addr32[3],
		.vip = is_ipv4 ? packet->ipv4->daddr : packet->ipv6->daddr.s6_addr32[3],
		.cport = packet->cport,
		.vport = packet->vport,
		.peer = peer,
	};
	if (!is_ipv4)
		write_ipv6_tuple(number, packet);
}

/* The flow that gets this slot comes under its template: before others can see it. */
static __always_inline void flow_take_control(__u32 number, const struct new_flow *flow, __u64 word)
{
	if (!(flow->way & FLOW_PERSISTENT))
		return;
	flow_set_template(number, flow->template);
	if (flow_is_established(word, flow_state(word)))
		flow_assure_template(number);
}

/*
 * Remembers that this flow goes to this server. False when every slot of the bucket holds a live
 * flow or another CPU took the slot: the caller forwards without state.
 */
static __always_inline bool flow_create(const struct flow_place *place, const struct packet *packet,
					const struct new_flow *flow)
{
	__u32 state = next_state(packet, STATE_NONE, DIRECTION_INPUT_ONLY);
	__u64 now = flow_now(), word = flow_word(packet, flow->way, state, now);
	bool half_open = is_half_open(packet, state);
	__u32 way = find_victim(place->bucket, flow_home(place->signature), half_open, now);
	struct flow_slot *slot = flow_claim(place, way);
	__u32 number;

	if (!slot)
		return false;
	number = flow_number(place, slot);
	flow_write_tuple(slot, number, packet, 0);
	flow_take_control(number, flow, word);
	flow_publish(slot, number, place->signature, word);
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
