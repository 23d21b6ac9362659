/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a flow counts for in its server's load, and what a load means. Pure arithmetic, shared with user
 * space (addon/flow_table.cc), which ends flows as well.
 */
#ifndef LOAD_WORD_H
#define LOAD_WORD_H

#include "xdirector.h"

/* State and protocol of a flow's word, as one number of FLOW_KIND_BITS. */
#define FLOW_KIND_BITS 6

static inline __u32 flow_kind(__u64 word)
{
	return word >> FLOW_STATE_BIT & (FLOW_PROTOCOL_MAX * FLOW_STATE_MAX - 1);
}

#define TCP_ACTIVE_STATES                                                                          \
	(1U << TCP_STATE_ESTABLISHED | 1U << TCP_STATE_SYN_SENT | 1U << TCP_STATE_SYN_RECV |       \
	 1U << TCP_STATE_SYNACK)

/*
 * Which flows are active, a bit for each flow_kind(): tcp_state_active_table of net/netfilter/ipvs/ip_vs_proto_tcp.c
 * and set_sctp_state() of ip_vs_proto_sctp.c. UDP is never active.
 */
#define ACTIVE_KINDS                                                                               \
	((__u64)TCP_ACTIVE_STATES << FLOW_TCP * FLOW_STATE_MAX |                                   \
	 1ULL << (FLOW_SCTP * FLOW_STATE_MAX + SCTP_STATE_ESTABLISHED))

static inline __u64 load_is_active(__u64 word)
{
	return ACTIVE_KINDS >> flow_kind(word) & 1;
}

/*
 * What the flow in a slot with this word adds to its server's load. Of a pair one slot counts. Without a branch:
 * the verifier walks both ways of each.
 */
static inline __u64 load_of_flow(__u64 word)
{
	__u64 counts_not = (word >> FLOW_REPLY_BIT | word >> FLOW_ENDED_BIT) & 1;

	return (counts_not - 1) & LOAD_INACTIVE >> load_is_active(word) * LOAD_INACTIVE_BIT;
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
