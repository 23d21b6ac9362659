/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tunnelling: IP in IP (RFC 2003), IPv4 in IPv4, with IPVS's choice of outer fields (ip_vs_tunnel_xmit). */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "csum.h"
#include "packet.h"
#include "route.h"
#include "xdirector.h"

#define L2_UNTAGGED sizeof(struct ethhdr)
#define L2_MAX (sizeof(struct ethhdr) + VLAN_MAX_DEPTH * sizeof(struct vlan_header))

/* tos, DF and TTL are the inner packet's; the id matters only where fragments are allowed. */
static __always_inline struct iphdr outer_ipv4(const struct iphdr *inner, const struct server *server)
{
	struct iphdr outer = {
		.version = 4,
		.ihl = sizeof(outer) / 4,
		.tos = inner->tos,
		.tot_len = bpf_htons(bpf_ntohs(inner->tot_len) + sizeof(outer)),
		.id = inner->frag_off & IP_DF ? 0 : (__u16)bpf_get_prandom_u32(),
		.frag_off = inner->frag_off & IP_DF,
		.ttl = inner->ttl,
		.protocol = IPPROTO_IPIP,
		.saddr = server->dip.words[3],
		.daddr = server->rip.words[3],
	};

	outer.check = ipv4_checksum(&outer);
	return outer;
}

/* Ethernet header and VLAN tags move down; sizes are constants because the verifier wants them so. */
static __always_inline void move_l2(void *to, const void *from, __u32 length)
{
	if (length == L2_UNTAGGED)
		__builtin_memmove(to, from, L2_UNTAGGED);
	else if (length == L2_UNTAGGED + sizeof(struct vlan_header))
		__builtin_memmove(to, from, L2_UNTAGGED + sizeof(struct vlan_header));
	else
		__builtin_memmove(to, from, L2_MAX);
}

static __always_inline enum verdict forward_tunnel(struct xdp_md *ctx, struct packet *packet,
						   const struct server *server)
{
	struct iphdr outer;
	void *data, *end, *l3;

	if (packet->length + sizeof(outer) > server->mtu)
		return VERDICT_TOO_BIG;
	take_hop(packet);
	outer = outer_ipv4(packet->ipv4, server);
	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(outer)))
		return VERDICT_NO_HEADROOM;

	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + sizeof(outer) + L2_MAX > end)
		return VERDICT_MALFORMED;
	move_l2(data, data + sizeof(outer), packet->l2_length);
	address_frame(data, server);
	l3 = data + (packet->l2_length & 31);
	if (l3 + sizeof(outer) > end)
		return VERDICT_MALFORMED;
	__builtin_memcpy(l3, &outer, sizeof(outer));
	return VERDICT_FORWARDED_TUNNEL;
}

#endif
