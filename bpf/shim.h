/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What a tunnel puts between the outer IP header and the packet inside: nothing (IP in IP), UDP and
 * GUE, or GRE. Made of words in registers: summing up bytes just stored would stall the CPU.
 */
#ifndef SHIM_H
#define SHIM_H

#include <linux/bpf.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>
#include "csum.h"
#include "packet.h"
#include "tunnel_wire.h"
#include "xdirector.h"

/* IPVS takes GUE's source port from net.ipv4.ip_local_port_range (udp_flow_src_port); its default. */
#define ENTROPY_PORT_MIN 32768
#define ENTROPY_PORT_MAX 60999

#define GUE_WORDS 3 /* UDP's two and GUE's own, variant 0 without options */
#define GRE_WORDS 1 /* without a checksum */

struct shim {
	__u32 length;   /* bytes */
	__u32 protocol; /* of the outer IP header */
	__be32 words[3];
};

static __always_inline __u32 shim_length(const struct server *server)
{
	switch (server->tunnel & TUNNEL_TYPE_MASK) {
	case TUNNEL_GUE:
		return GUE_WORDS * sizeof(__be32);
	case TUNNEL_GRE:
		return (GRE_WORDS + !!(server->tunnel & TUNNEL_CHECKSUM)) * sizeof(__be32);
	default:
		return 0;
	}
}

static __always_inline __u32 ip_in_ip(const struct packet *packet)
{
	return packet->is_ipv4 ? IPPROTO_IPIP : IPPROTO_IPV6;
}

/* 0 is sent as its other representation: in UDP it would mean none, in GRE Linux does so as well. */
static __always_inline __be32 checksum_word(__u64 sum)
{
	__u16 checksum = csum_fold(sum);

	return checksum ? checksum : 0xffff;
}

/* Both outer addresses. The 0xffff in an IPv4 address of 16 bytes is another zero. */
static __always_inline __u64 sum_addresses(const struct server *server)
{
	__u64 sum = 0;

#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++)
		sum += (__u64)server->rip.words[i] + server->dip.words[i];
	return sum;
}

/*
 * Of flows that differ in their ports alone, the hash keeps the differences regular; the finalizer of MurmurHash3
 * (public domain, A. Appleby) spreads them over all bits.
 */
static __always_inline __u32 spread(__u32 hash)
{
	hash ^= hash >> 16;
	hash *= 0x85ebca6bU;
	hash ^= hash >> 13;
	hash *= 0xc2b2ae35U;
	return hash ^ hash >> 16;
}

/* Routers and network cards spread flows by their ports: the outer ones have to tell flows apart, too. */
static __always_inline __u32 entropy_port(__u32 hash)
{
	return ENTROPY_PORT_MIN +
	       ((__u64)spread(hash) * (ENTROPY_PORT_MAX - ENTROPY_PORT_MIN + 1) >> 32);
}

static __always_inline struct shim gue_shim(const struct packet *packet,
					    const struct server *server, __u32 hash, __u64 inside)
{
	__u32 length = GUE_WORDS * sizeof(__be32) + packet->length;
	struct shim shim = {
		.length = GUE_WORDS * sizeof(__be32),
		.protocol = IPPROTO_UDP,
		.words = {
			bpf_htonl(entropy_port(hash) << 16 | bpf_ntohs(server->tunnel_port)),
			bpf_htonl(length << 16),
			packet->is_ipv4 ? GUE_IPV4 : GUE_IPV6,
		},
	};

	if (server->tunnel & TUNNEL_CHECKSUM) {
		__u64 pseudo = sum_addresses(server) + bpf_htons(IPPROTO_UDP) + shim.words[1];
		__u64 headers = (__u64)shim.words[0] + shim.words[1] + shim.words[2];
		__u64 sum = pseudo + headers + inside;

		shim.words[1] |= checksum_word(sum) << 16;
	}
	return shim;
}

static __always_inline struct shim gre_shim(const struct packet *packet,
					    const struct server *server, __u64 inside)
{
	struct shim shim = {
		.length = shim_length(server),
		.protocol = IPPROTO_GRE,
		.words = { packet->is_ipv4 ? GRE_IPV4 : GRE_IPV6 },
	};

	if (server->tunnel & TUNNEL_CHECKSUM) {
		shim.words[0] |= GRE_CHECKSUM;
		shim.words[1] = checksum_word(shim.words[0] + inside);
	}
	return shim;
}

/* inside: the sum of the packet, for a shim with a checksum. */
static __always_inline struct shim make_shim(const struct packet *packet,
					     const struct server *server, __u32 hash, __u64 inside)
{
	switch (server->tunnel & TUNNEL_TYPE_MASK) {
	case TUNNEL_GUE:
		return gue_shim(packet, server, hash, inside);
	case TUNNEL_GRE:
		return gre_shim(packet, server, inside);
	default:
		return (struct shim){ .protocol = ip_in_ip(packet) };
	}
}

/* False: no room before end. */
static __always_inline bool write_shim(const struct shim *shim, void *at, const void *end)
{
	__be32 *to = at;

#pragma clang loop unroll(full)
	for (__u32 i = 0; i < 3; i++) {
		if (i * sizeof(__be32) >= shim->length)
			break;
		if ((void *)(to + i + 1) > end)
			return false;
		to[i] = shim->words[i];
	}
	return true;
}

#endif
