/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The outer IP header of a tunnel packet, with IPVS's choice of fields (ip_vs_tunnel_xmit, ip_vs_tunnel_xmit_v6). */
#ifndef OUTER_H
#define OUTER_H

#include <linux/types.h>
#include <bpf/bpf_endian.h>
#include "config.h"
#include "csum.h"
#include "packet.h"
#include "shim.h"
#include "xdirector.h"

/* IP headers as words, made in registers: summing up bytes just stored would stall the CPU. */
struct outer_ipv4 {
	__be32 words[5];
};

struct outer_ipv6 {
	__be32 words[2];
	union ip source;
	union ip destination;
};

static __always_inline bool is_ipv4(const union ip *ip)
{
	return !ip->halves[0] && ip->words[2] == bpf_htonl(0xffff);
}

/*
 * TOS or traffic class for outside: the inner packet's, except that congestion experienced (CE, both low
 * bits) is ECT(0), so that congestion on the way is still seen (RFC 3168, 9.1.1).
 */
static __always_inline __u32 outer_tos(const struct packet *packet)
{
	__u32 tos = packet->is_ipv4 ? packet->ipv4->tos :
				      bpf_ntohl(*(const __be32 *)packet->ipv6) >> 20 & 0xff;

	return tos ^ (tos & tos >> 1 & 1);
}

/* TTL or hop limit */
static __always_inline __u32 inner_ttl(const struct packet *packet)
{
	return packet->is_ipv4 ? packet->ipv4->ttl : packet->ipv6->hop_limit;
}

/* DF is the inner packet's; the id matters only where fragments are allowed. */
static __always_inline struct outer_ipv4 outer_ipv4(const struct packet *packet,
						    const struct server *server,
						    const struct shim *shim, __u32 ttl, __u16 id)
{
	__u32 df = packet->is_ipv4 && settings.pmtu_disc ? packet->ipv4->frag_off & IP_DF : 0;
	__u32 length = sizeof(struct outer_ipv4) + shim->length + packet->length;
	struct outer_ipv4 outer = { {
		bpf_htonl(0x45000000 | outer_tos(packet) << 16 | length),
		(df ? 0 : id) | df << 16,
		bpf_htonl(ttl << 24 | shim->protocol << 16),
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

/* No flow label. */
static __always_inline struct outer_ipv6 outer_ipv6(const struct packet *packet,
						    const struct server *server,
						    const struct shim *shim, __u32 hop_limit)
{
	__u32 length = shim->length + packet->length;

	return (struct outer_ipv6){
		.words = {
			bpf_htonl(0x60000000 | outer_tos(packet) << 20),
			bpf_htonl(length << 16 | shim->protocol << 8 | hop_limit),
		},
		.source = server->dip,
		.destination = server->rip,
	};
}

#endif
