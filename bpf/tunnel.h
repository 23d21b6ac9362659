/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Tunnelling: IP in IP (RFC 2003), IPv4 in IPv4, with IPVS's choice of outer fields (ip_vs_tunnel_xmit). */
#ifndef TUNNEL_H
#define TUNNEL_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "csum.h"
#include "packet.h"
#include "route.h"
#include "xdirector.h"

#define L2_UNTAGGED sizeof(struct ethernet_header)
#define L2_MAX (L2_UNTAGGED + VLAN_MAX_DEPTH * sizeof(struct vlan_header))

/* An IPv4 header as words, made in registers: summing up bytes just stored would stall the CPU. */
struct outer_ipv4 {
	__be32 words[5];
};

/* tos, DF and TTL are the inner packet's; the id matters only where fragments are allowed. */
static __always_inline struct outer_ipv4 outer_ipv4(const struct iphdr *inner, __u32 length,
						    const struct server *server, __u16 id)
{
	__u32 df = inner->frag_off & IP_DF;
	struct outer_ipv4 outer = { {
		bpf_htonl(0x45000000 | inner->tos << 16 | (length + sizeof(outer))),
		(df ? 0 : id) | df << 16,
		bpf_htonl(inner->ttl << 24 | IPPROTO_IPIP << 16),
		server->dip.words[3],
		server->rip.words[3],
	} };
	__u64 sum = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < 5; i++)
		sum += outer.words[i];
	outer.words[2] |= (__u32)csum_fold(sum) << 16;
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

/* id: different for packets of one server that follow each other */
static __always_inline enum verdict forward_tunnel(struct xdp_md *ctx, struct packet *packet,
						   const struct server *server, __u16 id)
{
	const int growth = sizeof(struct outer_ipv4);
	struct outer_ipv4 outer;
	void *frame, *end, *l3;

	if (!fits(packet, server, growth))
		return VERDICT_TOO_BIG;
	take_hop(packet);
	outer = outer_ipv4(packet->ipv4, packet->length, server, id);
	if (bpf_xdp_adjust_head(ctx, -growth))
		return VERDICT_NO_HEADROOM;

	frame = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (frame + growth + L2_MAX > end)
		return VERDICT_MALFORMED;
	move_l2(frame, frame + growth, packet->l2_length);
	address_frame(frame, server);
	l3 = frame + (packet->l2_length & 31);
	if (l3 + growth > end)
		return VERDICT_MALFORMED;
	*(struct outer_ipv4 *)l3 = outer;
	return VERDICT_FORWARDED_TUNNEL;
}

#endif
