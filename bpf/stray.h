/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* nat_icmp_send: what a masqueraded server sends without a flow is answered to it (ip_vs_out_hook). */
#ifndef STRAY_H
#define STRAY_H

#include <linux/bpf.h>
#include "maps.h"
#include "packet.h"
#include "route.h"
#include "sctp.h"

/* What the director itself is told, by a server it checks, is not a reply to a client. */
static __always_inline bool is_for_director(const struct packet *packet,
					    const struct server *server)
{
	union ip destination = packet_vip(packet);

	return destination.halves[0] == server->dip.halves[0] &&
	       destination.halves[1] == server->dip.halves[1];
}

/* Whether a packet that is not for a service is from a masqueraded server; packet->word is the server then. */
static __always_inline enum verdict find_stray(struct xdp_md *ctx, struct packet *packet)
{
	enum verdict verdict = parse_any_packet(ctx, packet);
	struct service_key key = { .port = packet->cport, .protocol = packet->protocol };
	const struct server *server;
	const __u32 *slot;

	if (verdict)
		return verdict;
	/* without hops left it is the stack that answers */
	if (!has_hop_left(packet))
		return VERDICT_NO_SERVICE;
	if (packet->protocol == IPPROTO_TCP && packet->tcp_flags & TCP_RST)
		return VERDICT_NO_SERVICE;
	if (packet->protocol == IPPROTO_SCTP && packet->sctp_chunk == SCTP_CHUNK_ABORT)
		return VERDICT_NO_SERVICE;
	key.vip = packet_cip(packet);
	slot = bpf_map_lookup_elem(&real_servers, &key);
	server = slot ? bpf_map_lookup_elem(&servers, slot) : NULL;
	if (!server || is_for_director(packet, server))
		return VERDICT_NO_SERVICE;
	packet->word = *slot;
	return VERDICT_STRAY_REPLY;
}

#endif
