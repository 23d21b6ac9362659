/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The name of a flow: a keyed hash that nobody without the key can aim. */
#ifndef SIGNATURE_H
#define SIGNATURE_H

#include <stdbool.h>
#include "config.h"
#include "xdirector.h"

/*
 * NH (Black et al., UMAC, CRYPTO '99): for a secret key, two different tuples collide with
 * probability 2^-32 whatever the sender chooses, at the price of a multiplication per 64 bits.
 */
static __always_inline __u64 nh(__u64 message, const __u32 *key)
{
	return (__u64)((__u32)message + key[0]) * ((__u32)(message >> 32) + key[1]);
}

/* What names a flow: addresses and ports of its packets, in their direction. */
struct flow_key {
	const __be32 *source; /* of IPv4 the address, of IPv6 its four words */
	const __be32 *destination;
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
	bool is_ipv4;
};

/*
 * The 64-bit name of a flow: two NH values under overlapping keys (UMAC's Toeplitz construction),
 * so that tuples collide with probability 2^-64. Never 0 or FLOW_CLAIMED.
 */
static __always_inline __u64 flow_signature(const struct flow_key *flow)
{
	const __u32 *key = settings.hash_key;
	__u64 ports = (__u64)flow->destination_port << 16 | flow->source_port |
		      (__u64)flow->protocol << 32 | (__u64)flow->is_ipv4 << 40;
	__u64 high = nh(ports, key), low = nh(ports, key + 2);

	if (flow->is_ipv4) {
		__u64 addresses = (__u64)*flow->destination << 32 | *flow->source;

		high += nh(addresses, key + 2);
		low += nh(addresses, key + 4);
	} else {
#pragma clang loop unroll(full)
		for (int i = 0; i < 4; i++) {
			__u64 pair = (__u64)flow->destination[i] << 32 | flow->source[i];

			high += nh(pair, key + 2 + i * 2);
			low += nh(pair, key + 4 + i * 2);
		}
	}
	return (high ^ (low << 32 | low >> 32)) | SIGNATURE_BIT;
}

#endif
