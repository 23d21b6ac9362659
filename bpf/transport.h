/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What the flow table asks of a packet and its protocol; TCP first, which most packets are. */
#ifndef TRANSPORT_H
#define TRANSPORT_H

#include "flow_word.h"
#include "packet.h"
#include "sctp_state.h"
#include "tcp.h"
#include "xdirector.h"

/* Before the first packet, in every protocol. */
#define STATE_NONE 0

static __always_inline enum flow_protocol transport_of(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return FLOW_TCP;
	return packet->protocol == IPPROTO_SCTP ? FLOW_SCTP : FLOW_UDP;
}

/* Whether this packet may be the first of a flow. */
static __always_inline bool may_open(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return tcp_opens(packet->tcp_flags);
	return packet->protocol != IPPROTO_SCTP || sctp_opens(packet->sctp_chunk);
}

static __always_inline __u32 next_state(const struct packet *packet, __u32 state,
					enum direction direction)
{
	if (packet->protocol == IPPROTO_TCP)
		return tcp_next_state(state, packet->tcp_flags, direction);
	if (packet->protocol == IPPROTO_SCTP)
		return sctp_next_state(state, packet->sctp_chunk, direction);
	return state;
}

static __always_inline bool is_half_open(const struct packet *packet, __u32 state)
{
	if (packet->protocol == IPPROTO_TCP)
		return tcp_is_half_open(state);
	return packet->protocol == IPPROTO_SCTP && sctp_is_half_open(state);
}

/* is_new_conn() of the kernel: sloppiness does not count. */
static __always_inline bool is_greeting(const struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return (packet->tcp_flags & (TCP_SYN | TCP_RST)) == TCP_SYN;
	return packet->protocol == IPPROTO_SCTP && packet->sctp_chunk == SCTP_CHUNK_INIT;
}

/*
 * The client's greeting on a finished connection is the first packet of a new one, unless a template
 * controls it.
 */
static __always_inline bool is_reuse(const struct packet *packet, __u64 word)
{
	if (word & (FLOW_REPLY | FLOW_PERSISTENT) || !is_greeting(packet))
		return false;
	if (packet->protocol == IPPROTO_SCTP)
		return sctp_is_reusable(flow_state(word));
	return tcp_is_reusable(flow_state(word), word & FLOW_MASQUERADE);
}

#endif
