/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors about the director's own tunnel packets: the client is told, from the VIP, as if the tunnel were a
 * link (the end of ip_vs_in_icmp; RFC 2473, 8; RFC 4213, 3.4). IPVS does so for IPv4 in IPv4 alone.
 */
#ifndef TUNNEL_ERROR_H
#define TUNNEL_ERROR_H

#include <linux/bpf.h>
#include "answer.h"
#include "ask.h"
#include "flow.h"
#include "icmp.h"
#include "maps.h"
#include "masq.h"
#include "packet.h"
#include "path_mtu.h"
#include "tunnel_quote.h"

/* The flow of a client whose packet was in the tunnel, and its server. */
struct tunnel_user {
	struct server *server;
	__u32 slot;
};

static __always_inline bool is_same_ip(const union ip *a, const union ip *b)
{
	return a->halves[0] == b->halves[0] && a->halves[1] == b->halves[1];
}

static __always_inline bool is_tunnel_to(const struct server *server,
					 const struct tunnel_quote *quote)
{
	return server->method == METHOD_TUNNEL &&
	       (server->tunnel & TUNNEL_TYPE_MASK) == quote->tunnel &&
	       server->tunnel_port == quote->port && is_same_ip(&server->rip, &quote->rip) &&
	       is_same_ip(&server->dip, &quote->dip);
}

/* Whether the packet inside is of a flow that goes through this very tunnel. */
static __always_inline bool find_user(const struct tunnel_quote *quote, struct tunnel_user *user)
{
	const struct flow_slot *slot;
	struct flow_place place;
	__u64 word;

	if (!flow_locate_packet(&quote->inside, &place))
		return false;
	slot = flow_find(&place);
	if (!slot)
		return false;
	word = slot->word;
	if (word & FLOW_MASQUERADE || flow_is_expired(word, flow_now()))
		return false;
	user->slot = flow_server(word);
	user->server = bpf_map_lookup_elem(&servers, &user->slot);
	return user->server && is_tunnel_to(user->server, quote);
}

/* ICMP's own checksum: what is wrong here must not be told on as if it were right. */
static __always_inline bool is_intact(struct xdp_md *ctx, const struct packet *packet,
				      const struct tunnel_quote *quote)
{
	__u32 headers = (const void *)quote->icmp - packet->l3;
	__u32 length = packet->length - headers;
	__u64 sum = sum_frame(ctx, packet->l2_length + headers, length);

	if (!packet->is_ipv4) {
#pragma clang loop unroll(full)
		for (int i = 0; i < 4; i++)
			sum += (__u64)packet->ipv6->saddr.s6_addr32[i] +
			       packet->ipv6->daddr.s6_addr32[i];
		sum += (__u64)bpf_htonl(length) + bpf_htonl(IPPROTO_ICMPV6);
	}
	return !csum_fold(sum);
}

static __always_inline bool is_about_size(const struct icmp_header *icmp, bool is_ipv4)
{
	return is_ipv4 ? icmp->type == ICMP_DEST_UNREACH && icmp->code == ICMP_FRAG_NEEDED :
			 icmp->type == ICMPV6_PKT_TOOBIG;
}

/* The same error in the inner packet's family. */
static __always_inline __u32 told_type_code(const struct icmp_header *icmp, bool is_ipv4,
					    bool inside_is_ipv4)
{
	if (is_ipv4 == inside_is_ipv4)
		return type_code(icmp->type, icmp->code);
	if (is_about_size(icmp, is_ipv4))
		return inside_is_ipv4 ? type_code(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED) :
					type_code(ICMPV6_PKT_TOOBIG, 0);
	return inside_is_ipv4 ? type_code(ICMP_DEST_UNREACH, ICMP_HOST_UNREACH) :
				type_code(ICMPV6_DEST_UNREACH, ICMPV6_ADDRESS_UNREACH);
}

/* Believes a router's MTU; what clients are told of it. */
static __always_inline __u32 learn_path_mtu(const struct tunnel_user *user,
					    const struct icmp_header *icmp, bool is_ipv4)
{
	__u32 mtu = bpf_ntohl(icmp->detail);

	if (is_ipv4)
		mtu &= 0xffff;
	lower_path_mtu(user->slot, user->server, mtu, is_ipv4 ? PATH_MTU_MIN_V4 : PATH_MTU_MIN_V6);
	return user->server->mtu - tunnel_overhead(user->server);
}

/* Whether the sender of the packet inside wants to know of sizes. */
static __always_inline bool asks_for_path_mtu(const struct packet *inside)
{
	return !inside->is_ipv4 || inside->ipv4->frag_off & IP_DF;
}

/* The kernel's way to the client; false when it has none, or does not forward. */
static __always_inline bool find_way_to_client(struct xdp_md *ctx, const struct packet *inside,
					       struct bpf_fib_lookup *way)
{
	way->ifindex = ctx->ingress_ifindex;
	if (inside->is_ipv4) {
		way->family = AF_INET;
		way->ipv4_src = inside->ipv4->daddr;
		way->ipv4_dst = inside->ipv4->saddr;
	} else {
		way->family = AF_INET6;
		__builtin_memcpy(way->ipv6_src, &inside->ipv6->daddr, sizeof(way->ipv6_src));
		__builtin_memcpy(way->ipv6_dst, &inside->ipv6->saddr, sizeof(way->ipv6_dst));
	}
	return !bpf_fib_lookup(ctx, way, sizeof(*way), 0);
}

/* The frame is untagged by then. */
static __always_inline void set_way_of_route(struct xdp_md *ctx, struct packet *packet,
					     __u32 ifindex)
{
	const struct vlan_device *vlan = bpf_map_lookup_elem(&vlan_devices, &ifindex);

	packet->l2_length = sizeof(struct ethernet_header);
	if (vlan)
		set_way(ctx, packet, vlan->parent, vlan->id);
	else
		packet->egress = ifindex;
}

/* Everything before the packet inside goes; it is left behind an Ethernet header that comes from the client. */
static __always_inline bool unwrap_quote(struct xdp_md *ctx, __u32 offset, bool is_ipv4,
					 const struct bpf_fib_lookup *way)
{
	struct ethernet_header *ethernet;

	if (bpf_xdp_adjust_head(ctx, (int)(offset - sizeof(*ethernet))))
		return false;
	ethernet = (void *)(long)ctx->data;
	if ((void *)(ethernet + 1) > (void *)(long)ctx->data_end)
		return false;
	__builtin_memcpy(ethernet->source, way->dmac, ETH_ALEN);
	__builtin_memcpy(ethernet->destination, way->smac, ETH_ALEN);
	ethernet->protocol = is_ipv4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	return true;
}

/* The packet inside turns round with the error in front. */
static __always_inline enum verdict tell_client(struct xdp_md *ctx, struct packet *packet,
						const struct tunnel_quote *quote, __u32 told,
						__be32 detail)
{
	const struct packet *inside = &quote->inside;
	__u64 around = inside->l3 - packet->l3; /* 64 bits: pointers may not be halved */
	__u32 offset = packet->l2_length + around, quoted = packet->length - around;
	__u32 length = inside->length < quoted ? inside->length : quoted;
	struct answer_request *request = next_answer();
	struct bpf_fib_lookup way = {};
	bool is_ipv4 = inside->is_ipv4;

	if (!request)
		return VERDICT_TUNNEL_ERROR;
	request->source = packet_vip(inside);
	if (!find_way_to_client(ctx, inside, &way))
		return VERDICT_NOT_TCP_UDP;
	set_way_of_route(ctx, packet, way.ifindex);
	if (!unwrap_quote(ctx, offset, is_ipv4, &way))
		return VERDICT_TUNNEL_ERROR;
	if (is_ipv4 ? !answer_ipv4(ctx, sizeof(struct ethernet_header), length, told, detail) :
		      !answer_ipv6(ctx, sizeof(struct ethernet_header), length, told, detail))
		return VERDICT_TUNNEL_ERROR;
	return VERDICT_TUNNEL_ERROR_TOLD;
}

static __always_inline enum verdict direct_tunnel_error(struct xdp_md *ctx, struct packet *packet)
{
	struct tunnel_quote quote = {};
	struct tunnel_user user;
	struct cursor cursor;
	__be32 detail = 0;
	__u32 told;

	if (parse_network(ctx, &cursor, packet) || !is_icmp(packet) ||
	    !parse_tunnel_quote(&cursor, packet, &quote) || !find_user(&quote, &user) ||
	    !is_intact(ctx, packet, &quote))
		return VERDICT_NOT_TCP_UDP;
	if (is_about_size(quote.icmp, packet->is_ipv4)) {
		detail = bpf_htonl(learn_path_mtu(&user, quote.icmp, packet->is_ipv4));
		if (!asks_for_path_mtu(&quote.inside))
			return VERDICT_TUNNEL_ERROR;
	}
	told = told_type_code(quote.icmp, packet->is_ipv4, quote.inside.is_ipv4);
	return tell_client(ctx, packet, &quote, told, detail);
}

#endif
