/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The end of a flow: who may end it, and who is told. Of a masqueraded one both slots go, except where one gives way to
 * a new flow. To follow its peer would be one more wait for memory, two for every newcomer of a flood. So the peer stays
 * behind, an orphan. Nothing that is established gives way: an orphan is half-open, closing or expired, and runs out of
 * time or gives way likewise. For packets that it matters to its flow is over: see flow_touch() and is_taken().
 */
#ifndef FLOW_END_H
#define FLOW_END_H

#include "flow_place.h"
#include "load.h"
#include "template.h"
#include "xdirector.h"

/*
 * Whether this slot and the one with this number are still those of one masqueraded flow. Who names whom was written
 * when both were claimed, so two that name each other have been claimed together, and neither of them since.
 */
static __always_inline bool flow_is_peer(const struct flow_slot *slot, __u32 number)
{
	return flow_near(slot)->tuple.peer == number && slot->word & FLOW_MASQUERADE;
}

/*
 * Whether the masqueraded flow in this slot has lost its other one. Not as long as that is being written: it may be the
 * rest of this flow.
 */
static __always_inline bool flow_lacks_peer(const struct flow_slot *peer, __u32 number)
{
	__u64 signature = *(const volatile __u64 *)&peer->signature;

	if (signature == FLOW_CLAIMED)
		return false;
	return !signature || peer->word & FLOW_ENDED || !flow_is_peer(peer, number);
}

/* Whether a template is to be told when the flow ends; of a pair's slots the reply's does not. */
static __always_inline bool flow_is_controlled(__u64 word)
{
	return (word & (FLOW_PERSISTENT | FLOW_REPLY | FLOW_ENDED)) == FLOW_PERSISTENT;
}

/*
 * Of a slot that is claimed: sweeps and purges may have ended the flow a moment before. Not by an exchange, which would
 * be quicker: what of the word is not the flow's own must be there all the time.
 */
static __always_inline void flow_end(struct flow_slot *slot, __u32 number, __u64 signature)
{
	__u64 word = __sync_fetch_and_or(&slot->word, FLOW_ENDED);

	load_end(word);
	flow_count_away(number, signature, -FLOW_AWAY_ONE);
	if (flow_is_controlled(word))
		template_release(flow_template(number));
}

/* Claims the slot, so that the flow that ends is the one that was found. False when that one has gone. */
static __always_inline bool flow_hold(struct flow_slot *slot, __u64 signature)
{
	return __sync_val_compare_and_swap(&slot->signature, signature, FLOW_CLAIMED) == signature;
}

/* Of a slot that is claimed. */
static __always_inline void flow_release(struct flow_slot *slot, __u32 number, __u64 signature)
{
	flow_end(slot, number, signature);
	__sync_lock_test_and_set(&slot->signature, 0);
}

/*
 * The other slot goes too, unless this one is an orphan. A global function: verified once, off the hot path. The peer's
 * signature is read before it is known to be the peer: a flow that gets its slot afterwards has another one.
 */
__noinline int flow_free_peer(__u32 number)
{
	const struct flow_slot *own = flow_slot_at(number);
	__u32 peer_number = own ? flow_near(own)->tuple.peer : 0;
	struct flow_slot *peer = own ? flow_slot_at(peer_number) : NULL;
	__u64 signature = peer ? *(volatile __u64 *)&peer->signature : 0;

	if (signature > FLOW_CLAIMED && flow_is_peer(peer, number) && flow_hold(peer, signature))
		flow_release(peer, peer_number, signature);
	return 0;
}

__noinline int flow_is_orphan(__u32 number)
{
	const struct flow_slot *own = flow_slot_at(number);
	const struct flow_slot *peer = own ? flow_slot_at(flow_near(own)->tuple.peer) : NULL;

	return !peer || flow_lacks_peer(peer, number);
}

static __always_inline void flow_free(struct flow_slot *slot, const struct flow_place *place,
				      __u64 word)
{
	__u32 number = flow_number(place, slot);

	if (!flow_hold(slot, place->signature))
		return;
	if (word & FLOW_MASQUERADE)
		flow_free_peer(number);
	flow_release(slot, number, place->signature);
}

#endif
