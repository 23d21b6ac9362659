/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Tunnelling: a packet of either IP version inside one of either (RFC 2003, 2473, 4213), by itself
 * or behind a shim, with IPVS's choice of outer fields (ip_vs_tunnel_xmit, ip_vs_tunnel_xmit_v6).
 */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "config.h"
#include "frame_sum.h"
#include "l2.h"
#include "maps.h"
#include "outer.h"
#include "packet.h"
#include "route.h"
#include "shim.h"
#include "tag.h"
#include "xdirector.h"

#define OVERHEAD_MASK 63U

struct tunnel_request {
	__u32 slot; /* of the server */
	__u32 hash; /* of the flow */
	__u16 id;   /* of the outer header, if it has one */
};

/* Which tunnel is the packet to enter that this CPU is at? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tunnel_request);
} tunnel_requests SEC(".maps");

/* How many bytes longer packets to this server become. */
static __always_inline __u32 tunnel_overhead(const struct server *server)
{
	return shim_length(server) +
	       (is_ipv4(&server->rip) ? sizeof(struct outer_ipv4) : sizeof(struct outer_ipv6));
}

/*
 * Makes the frame that much longer in front, with an L2 header for the server. Where the outer IP
 * header goes, NULL for want of headroom; the packet's own is at packet->l3.
 */
static __always_inline void *make_room_for_outer(struct xdp_md *ctx, struct packet *packet,
						 const struct server *server, __be16 type,
						 __u32 overhead)
{
	void *frame, *old, *end;

	if (bpf_xdp_adjust_head(ctx, -(int)overhead))
		return NULL;
	overhead &= OVERHEAD_MASK;
	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	old = frame + overhead;
	if (frame + L2_MAX > end || old + L2_MAX > end)
		return NULL;
	copy_tags(frame, old, packet->l2_length, type);
	address_frame(frame, server);

	packet->l3 = old + (packet->l2_length & L2_MASK);
	if (packet->l3 + (packet->is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr)) > end)
		return NULL;
	return frame + (packet->l2_length & L2_MASK);
}

/* The outer header is made behind bpf_xdp_adjust_head(), lest it be kept on the stack meanwhile. */
static __always_inline enum verdict wrap_in_ipv4(struct xdp_md *ctx, struct packet *packet,
						 const struct server *server,
						 const struct shim *shim, __u16 id)
{
	const __u32 overhead = sizeof(struct outer_ipv4) + shim->length;
	struct outer_ipv4 *outer = make_room_for_outer(ctx, packet, server, bpf_htons(ETH_P_IP),
						       overhead);
	void *end = (void *)(long)ctx->data_end;

	if (!outer || (void *)(outer + 1) > end)
		return VERDICT_NO_HEADROOM;
	*outer = outer_ipv4(packet, server, shim, inner_ttl(packet), id);
	return write_shim(shim, outer + 1, end) ? VERDICT_FORWARDED_TUNNEL : VERDICT_NO_HEADROOM;
}

static __always_inline enum verdict wrap_in_ipv6(struct xdp_md *ctx, struct packet *packet,
						 const struct server *server,
						 const struct shim *shim)
{
	const __u32 overhead = sizeof(struct outer_ipv6) + shim->length;
	struct outer_ipv6 *outer = make_room_for_outer(ctx, packet, server, bpf_htons(ETH_P_IPV6),
						       overhead);
	void *end = (void *)(long)ctx->data_end;

	if (!outer || (void *)(outer + 1) > end)
		return VERDICT_NO_HEADROOM;
	*outer = outer_ipv6(packet, server, shim, inner_ttl(packet));
	return write_shim(shim, outer + 1, end) ? VERDICT_FORWARDED_TUNNEL : VERDICT_NO_HEADROOM;
}

/* IP in IPv4, without a shim, is made in place; the rest is rarer and left to enter_tunnel(). */
static __always_inline bool is_plain(const struct server *server)
{
	return server->tunnel == TUNNEL_IPIP && is_ipv4(&server->rip);
}

/* Leaves word for enter_tunnel(), on this CPU. */
static __always_inline enum verdict ask_for_tunnel(__u32 slot, __u16 id, __u32 hash)
{
	__u32 zero = 0;
	struct tunnel_request *request = bpf_map_lookup_elem(&tunnel_requests, &zero);

	if (!request)
		return VERDICT_MALFORMED;
	*request = (struct tunnel_request){ .slot = slot, .hash = hash, .id = id };
	return VERDICT_UNDECIDED;
}

/*
 * id: different for packets of one server that follow each other. UNDECIDED: the packet is for
 * enter_tunnel().
 */
static __always_inline enum verdict forward_tunnel(struct xdp_md *ctx, struct packet *packet,
						   const struct server *server, __u32 slot,
						   __u16 id)
{
	struct shim none = { .protocol = ip_in_ip(packet) };

	if (!is_plain(server))
		return fits(packet, server, tunnel_overhead(server)) ?
			       ask_for_tunnel(slot, id, packet->hash) :
			       VERDICT_TOO_BIG;
	if (!fits(packet, server, sizeof(struct outer_ipv4)))
		return VERDICT_TOO_BIG;
	take_hop(packet);
	return wrap_in_ipv4(ctx, packet, server, &none, id);
}

/* What the checksum of a shim that has one covers beside headers. */
static __always_inline __u64 sum_inside(struct xdp_md *ctx, const struct packet *packet,
					const struct server *server)
{
	if (!(server->tunnel & TUNNEL_CHECKSUM))
		return 0;
	return sum_frame(ctx, packet->l2_length, packet->length);
}

/* What ask_for_tunnel() asked for, in a program of its own: any tunnel. */
static __always_inline enum verdict enter_tunnel(struct xdp_md *ctx, struct packet *packet)
{
	__u32 zero = 0;
	const struct tunnel_request *request = bpf_map_lookup_elem(&tunnel_requests, &zero);
	const struct server *server;
	struct cursor cursor;
	enum verdict verdict = parse_network(ctx, &cursor, packet);
	struct shim shim;

	if (verdict && verdict != VERDICT_FRAGMENT)
		return verdict;
	server = request ? bpf_map_lookup_elem(&servers, &request->slot) : NULL;
	/* the record may have changed since it was asked */
	if (!server || server->method != METHOD_TUNNEL)
		return VERDICT_SERVER_REMOVED;
	if (server->tunnel & TUNNEL_CHECKSUM && packet->length > FRAME_SUM_MAX)
		return VERDICT_TOO_BIG;
	set_way(ctx, packet, server->ifindex, server->vlan);
	take_hop(packet);
	shim = make_shim(packet, server, request->hash, sum_inside(ctx, packet, server));
	return is_ipv4(&server->rip) ? wrap_in_ipv4(ctx, packet, server, &shim, request->id) :
				       wrap_in_ipv6(ctx, packet, server, &shim);
}

#endif
