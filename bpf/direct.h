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

static __always_inline enum verdict continue_flow(struct xdp_md *ctx, struct packet *packet,
						  const struct flow_place *place,
						  struct flow_slot *slot, __u64 word)
{
	enum verdict verdict;

	if (!(word & FLOW_REPLY))
		return forward(ctx, packet, word, 0);
	packet->word = word;
	packet->reply = flow_number(place, slot);
	if (word & FLOW_PERSISTENT)
		flow_note_reply(slot, packet->reply, word);
	verdict = masquerade_reply(ctx, packet, packet->reply);
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

static __always_inline enum verdict direct(struct xdp_md *ctx, struct packet *packet)
{
	struct flow_place place;
	struct flow_slot *slot;
	__u64 word;

	if (!flow_locate_packet(packet, &place))
		return VERDICT_NO_SERVICE;
	packet->hash = place.signature;
	if (packet->protocol == IPPROTO_TCP && tcp_opens(packet->tcp_flags))
		flow_fetch_cold(&place);
	slot = flow_find(&place);
	if (slot) {
		word = slot->word;
		if (is_abandoned(packet, word))
			flow_free(slot, &place, word);
		else if (flow_touch(slot, &place, word, packet))
			return continue_flow(ctx, packet, &place, slot, word);
	}
	packet->moves_load = true;
	return open_flow(ctx, packet, &place);
}

#endif
