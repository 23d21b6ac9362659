/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* A packet and its real server -> out of an interface, by the server's forwarding method. */
#ifndef FORWARD_H
#define FORWARD_H

#include "flow.h"
#include "maps.h"
#include "masq.h"
#include "packet.h"
#include "route.h"
#include "tag.h"
#include "tunnel.h"

/* As IPVS counts: once a packet has its server, sent or not. The number of packets so far on this CPU. */
static __always_inline __u64 count_server(__u32 slot, const struct packet *packet,
					  __u64 connections)
{
	struct server_counters *counters = bpf_map_lookup_elem(&server_counters, &slot);

	if (!counters)
		return 0;
	counters->bytes += packet->length;
	counters->connections += connections;
	return ++counters->packets;
}

static __always_inline void count_reply(__u32 slot, const struct packet *packet)
{
	struct server_counters *counters = bpf_map_lookup_elem(&server_counters, &slot);

	if (!counters)
		return;
	counters->out_packets++;
	counters->out_bytes += packet->length;
}

/*
 * Sends a packet to the server that `word` names. Whether a flow is masqueraded was settled when it
 * began (it needs its reply's slot); everything else is as the server's record says now.
 */
static __always_inline enum verdict forward(struct xdp_md *ctx, struct packet *packet, __u64 word,
					    __u64 connections)
{
	__u32 slot = flow_server(word);
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);
	__u64 number;

	/* The server was deleted while flows name it: silence, as with expire_nodest_conn=0. */
	if (!server || server->method == METHOD_NONE)
		return VERDICT_SERVER_REMOVED;
	number = count_server(slot, packet, connections);
	if (server->method == METHOD_LOCAL)
		return VERDICT_LOCAL_SERVER;
	/* The stack would answer for the VIP with a reset; the client's next try finds it resolved. */
	if (!server->ifindex)
		return VERDICT_NO_NEIGHBOUR;
	if (!has_hop_left(packet))
		return VERDICT_TTL_EXPIRED;

	set_way(ctx, packet, server->ifindex, server->vlan);
	packet->word = word;
	if (word & FLOW_MASQUERADE)
		return forward_masquerade(packet, server);
	if (server->method == METHOD_TUNNEL)
		return forward_tunnel(ctx, packet, server, slot, number);
	return forward_direct(packet, server);
}

#endif
