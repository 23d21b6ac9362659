/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * From a frame to the packet in its tunnel: a packet of either IP version in one of either, by
 * itself, behind UDP and GUE, or behind GRE. Reads only.
 *
 * Checksums of GUE and GRE are not looked at. A program this early sees packets of virtual links
 * whose checksums are still to be filled in, and in generic mode some that the stack has merged;
 * the stack checks the packet inside, knowing better.
 */
#ifndef DECAP_H
#define DECAP_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"
#include "realserver.h"
#include "tunnel_wire.h"
#include "xdirector.h"

/* Set before the program is loaded: bits 1 << enum tunnel, and where GUE comes in. */
const volatile __u32 opened_tunnels = 1 << TUNNEL_IPIP | 1 << TUNNEL_GUE | 1 << TUNNEL_GRE;
const volatile __u16 gue_port = 6080;

/* A pointer to either IP header. */
struct ip_header {
	bool is_ipv4;
	union {
		void *at;
		struct iphdr *ipv4;
		struct ipv6hdr *ipv6;
	};
};

struct incoming_tunnel {
	struct ip_header outer;
	struct ip_header inner;
	__u32 l2_length;
};

/* Every kind of tunnel ends here: the cursor stands before the packet inside. */
static __always_inline enum decap_verdict find_inner(struct cursor *cursor, bool is_ipv4,
						     struct ip_header *inner)
{
	inner->is_ipv4 = is_ipv4;
	inner->at = cursor->at;
	if (is_ipv4 ? !cursor_take(cursor, struct iphdr) : !cursor_take(cursor, struct ipv6hdr))
		return DECAP_MALFORMED;
	return *(__u8 *)inner->at >> 4 == (is_ipv4 ? 4 : 6) ? DECAP_DECAPSULATED : DECAP_MALFORMED;
}

static __always_inline enum decap_verdict find_behind_gue(struct cursor *cursor,
							  struct ip_header *inner)
{
	const struct udphdr *udp = cursor_take(cursor, struct udphdr);
	const __be32 *gue;

	if (!udp)
		return DECAP_MALFORMED;
	if (udp->dest != bpf_htons(gue_port))
		return DECAP_NOT_TUNNELLED;
	gue = cursor_take(cursor, __be32);
	if (!gue)
		return DECAP_MALFORMED;
	if (*gue != GUE_IPV4 && *gue != GUE_IPV6)
		return DECAP_NOT_UNDERSTOOD;
	return find_inner(cursor, *gue == GUE_IPV4, inner);
}

static __always_inline enum decap_verdict find_behind_gre(struct cursor *cursor,
							  struct ip_header *inner)
{
	const __be32 *gre = cursor_take(cursor, __be32);
	__be32 type;

	if (!gre)
		return DECAP_MALFORMED;
	type = *gre & ~GRE_CHECKSUM;
	if (type != GRE_IPV4 && type != GRE_IPV6)
		return DECAP_NOT_UNDERSTOOD;
	if (*gre & GRE_CHECKSUM && !cursor_take(cursor, __be32))
		return DECAP_MALFORMED;
	return find_inner(cursor, type == GRE_IPV4, inner);
}

/* As far as an IP header tells. */
static __always_inline bool may_be_tunnel(__u8 protocol)
{
	switch (protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		return opened_tunnels & 1 << TUNNEL_IPIP;
	case IPPROTO_UDP:
		return opened_tunnels & 1 << TUNNEL_GUE;
	case IPPROTO_GRE:
		return opened_tunnels & 1 << TUNNEL_GRE;
	default:
		return false;
	}
}

/* protocol: of what the cursor stands before */
static __always_inline enum decap_verdict open_tunnel(struct cursor *cursor, __u8 protocol,
						      struct ip_header *inner)
{
	switch (protocol) {
	case IPPROTO_UDP:
		return find_behind_gue(cursor, inner);
	case IPPROTO_GRE:
		return find_behind_gre(cursor, inner);
	default:
		return find_inner(cursor, protocol == IPPROTO_IPIP, inner);
	}
}

static __always_inline enum decap_verdict open_ipv4(struct cursor *cursor,
						    struct incoming_tunnel *tunnel)
{
	struct iphdr *ip = cursor_take(cursor, struct iphdr);

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return DECAP_MALFORMED;
	if (!may_be_tunnel(ip->protocol))
		return DECAP_NOT_TUNNELLED;
	if (ip->frag_off & (IP_MORE_FRAGMENTS | IP_OFFSET))
		return DECAP_FRAGMENT;

	tunnel->outer = (struct ip_header){ .is_ipv4 = true, .ipv4 = ip };
	cursor->at += ip->ihl * 4 - sizeof(*ip);
	/* Else clang computes this address twice, and the verifier knows only one of them to be safe. */
	barrier_var(cursor->at);
	return open_tunnel(cursor, ip->protocol, &tunnel->inner);
}

static __always_inline enum decap_verdict open_ipv6(struct cursor *cursor,
						    struct incoming_tunnel *tunnel)
{
	struct ipv6hdr *ip = cursor_take(cursor, struct ipv6hdr);

	if (!ip || ip->version != 6)
		return DECAP_MALFORMED;
	if (!may_be_tunnel(ip->nexthdr))
		return DECAP_NOT_TUNNELLED;

	tunnel->outer = (struct ip_header){ .is_ipv4 = false, .ipv6 = ip };
	return open_tunnel(cursor, ip->nexthdr, &tunnel->inner);
}

/* DECAPSULATED: *tunnel is filled in. */
static __always_inline enum decap_verdict find_tunnel(struct xdp_md *ctx,
						      struct incoming_tunnel *tunnel)
{
	struct cursor cursor = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct packet packet = {};
	__be16 protocol;

	if (!parse_ethernet(&cursor, &packet, &protocol))
		return DECAP_MALFORMED;
	tunnel->l2_length = packet.l2_length;
	if (protocol == bpf_htons(ETH_P_IP))
		return open_ipv4(&cursor, tunnel);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return open_ipv6(&cursor, tunnel);
	return DECAP_NOT_TUNNELLED;
}

#endif
