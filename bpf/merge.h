/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Keeps the verifier from walking the same code once for every way that leads to it: what it knows of a value,
 * beyond the bounds that it needs, is taken from it.
 */
#ifndef MERGE_H
#define MERGE_H

#include <linux/bpf.h>
#include <stdbool.h>
#include "packet.h"

/* `value`, which is below `limit`, a power of two; for the verifier any such number. `unknown`: what it cannot guess. */
static __always_inline __u64 any_of(__u64 value, __u64 limit, __u64 unknown)
{
	value ^= unknown;
	barrier_var(value);
	return (value ^ unknown) & (limit - 1);
}

/* Beyond the headers of any packet that is parsed. */
#define HEADERS_LIMIT 128

/* Where a header is, counted anew: the difference of two pointers is any number. */
static __always_inline void *header_again(void *data, const void *header)
{
	return data + ((header - data) & (HEADERS_LIMIT - 1));
}

/*
 * Makes one packet for each family of all that parsing tells apart: tags, options, fragments. For the
 * programs that are not for hits, and for tagged packets. False never happens.
 */
static __always_inline bool merge_packet(struct xdp_md *ctx, struct packet *packet, __u32 l4_length)
{
	void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;

	packet->ethernet = data;
	packet->l3 = header_again(data, packet->l3);
	packet->ports = header_again(data, packet->ports);
	packet->l4_checksum = header_again(data, packet->l4_checksum);
	packet->l2_length = any_of(packet->l2_length, HEADERS_LIMIT, packet->cport);
	if (packet->is_ipv4 ? (void *)(packet->ipv4 + 1) > end : (void *)(packet->ipv6 + 1) > end)
		return false;
	return (void *)(packet->ethernet + 1) <= end && (void *)packet->ports + l4_length <= end &&
	       (void *)(packet->l4_checksum + 1) <= end;
}

#endif
