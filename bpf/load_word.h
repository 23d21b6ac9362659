/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a flow counts for in its server's load, and what a load means. Pure arithmetic, shared with user
 * space (addon/flow_table.cc), which ends flows as well.
 */
#ifndef LOAD_WORD_H
#define LOAD_WORD_H

#include "xdirector.h"

#define TCP_ACTIVE_STATES                                                                          \
	(1U << TCP_STATE_ESTABLISHED | 1U << TCP_STATE_SYN_SENT | 1U << TCP_STATE_SYN_RECV |       \
	 1U << TCP_STATE_SYNACK)

/*
 * As tcp_state_active_table of net/netfilter/ipvs/ip_vs_proto_tcp.c and set_sctp_state() of
 * ip_vs_proto_sctp.c; UDP is never active.
 */
static inline __u32 load_is_active(__u64 word)
{
	__u32 state = word >> FLOW_STATE_BIT & FLOW_STATE_MASK;
	__u32 protocol = word >> FLOW_PROTOCOL_BIT & FLOW_PROTOCOL_MASK;

	if (protocol == FLOW_SCTP)
		return state == SCTP_STATE_ESTABLISHED;
	return protocol == FLOW_TCP && TCP_ACTIVE_STATES >> state & 1;
}

/* What the flow in a slot with this word adds to its server's load. Of a pair one slot counts. */
static inline __u64 load_of_flow(__u64 word)
{
	__u64 counts = !(word & (FLOW_REPLY | FLOW_ENDED)), active = load_is_active(word);

	/* without a branch: the verifier walks both ways of each */
	return counts * (active * LOAD_ACTIVE + (1 - active) * LOAD_INACTIVE);
}

static inline __u32 load_active(__u64 load)
{
	return load & LOAD_COUNT_MASK;
}

static inline __u32 load_inactive(__u64 load)
{
	return load >> LOAD_INACTIVE_BIT & LOAD_COUNT_MASK;
}

/*
 * The word with LOAD_OVERLOADED as it should be: __ip_vs_dest_update_overload(). Between the thresholds it
 * stays what it is.
 */
static inline __u64 load_flagged(__u64 word, __u32 upper, __u32 lower)
{
	__u32 total = load_active(word) + load_inactive(word);

	if (upper && total >= upper)
		return word | LOAD_OVERLOADED;
	if (!upper || total < (lower ? lower : upper - upper / 4))
		return word & ~LOAD_OVERLOADED;
	return word;
}

#endif
