/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet whose ports are known: the way its flow goes, or the beginning of one. */
#ifndef DIRECT_H
#define DIRECT_H

#include <linux/bpf.h>
#include "flow.h"
#include "forward.h"
#include "masq.h"
#include "open.h"
#include "packet.h"

static __always_inline enum verdict continue_reply(struct xdp_md *ctx, struct packet *packet,
						   const struct flow_place *place,
						   struct flow_slot *slot, __u64 word)
{
	enum verdict verdict;

	packet->word = word;
	packet->reply = flow_number(place, slot);
	if (word & FLOW_PERSISTENT)
		flow_note_reply(slot, packet->reply, word);
	verdict = masquerade_reply(ctx, packet, slot, packet->reply);
	if (verdict == VERDICT_REPLY_MASQUERADE)
		count_reply(flow_server(word), packet);
	return verdict;
}

/*
 * UDP flows leave a server that health checks have evicted. expire_nodest_conn=1: flows of a removed
 * server end with their next packet, and a SYN or INIT leaves a server that is quiesced (ip_vs_in).
 */
static __always_inline bool is_abandoned(const struct packet *packet, __u64 word)
{
	__u32 slot = flow_server(word);
	const struct server *server;

	if (!settings.expire_nodest_conn && packet->protocol != IPPROTO_UDP)
		return false;
	server = bpf_map_lookup_elem(&servers, &slot);
	if (server && server->method == METHOD_EVICTED)
		return true;
	if (!settings.expire_nodest_conn)
		return false;
	if (!server || server->method == METHOD_NONE)
		return true;
	return !server->weight && is_greeting(packet);
}

/* The slot of the flow that the packet belongs to, and its word; NULL when there is none, or it has just ended. */
static __always_inline struct flow_slot *known_flow(struct packet *packet,
						    const struct flow_place *place, __u64 *word)
{
	struct flow_slot *slot = flow_find(place);

	if (!slot)
		return NULL;
	*word = slot->word;
	if (is_abandoned(packet, *word)) {
		flow_free(slot, place, *word);
		return NULL;
	}
	return flow_touch(slot, place, *word, packet) ? slot : NULL;
}

static __always_inline enum verdict direct(struct xdp_md *ctx, struct packet *packet)
{
	bool opens = false;
	struct flow_place place;
	struct flow_slot *slot;
	enum verdict verdict;
	__u64 word = 0;

	if (!flow_locate_packet(packet, &place))
		return VERDICT_NO_SERVICE;
	packet->hash = place.signature;
	if (packet->protocol == IPPROTO_TCP && tcp_opens(packet->tcp_flags)) {
		flow_fetch_near(&place);
		if (!packet->is_ipv4)
			flow_fetch_far(&place);
	}
	slot = known_flow(packet, &place, &word);
	if (!slot) {
		packet->moves_load = true;
		opens = may_open(packet);
		verdict = open_flow(ctx, packet, &place, opens, &word);
		if (verdict)
			return verdict;
	} else if (word & FLOW_REPLY) {
		return continue_reply(ctx, packet, &place, slot, word);
	}
	return forward(ctx, packet, word, opens);
}

#endif
