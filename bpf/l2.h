/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The L2 header of a packet that gets another L3 header: VLAN tags stay, the type behind them changes. */
#ifndef L2_H
#define L2_H

#include <linux/types.h>
#include <bpf/bpf_helpers.h>
#include "packet.h"

#define L2_UNTAGGED sizeof(struct ethernet_header)
#define L2_MAX sizeof(struct l2_header)

/* The longest there is. */
struct l2_header {
	struct ethernet_header ethernet;
	__be16 tags[VLAN_MAX_DEPTH * sizeof(struct vlan_header) / sizeof(__be16)];
};

/* No less than L2_MAX: a length masked with it is one that the verifier knows the bounds of. */
#define L2_MASK 31U

/* Copies what is behind the MAC addresses, from the beginning to the end; both have room for L2_MAX. */
static __always_inline void copy_tags(void *to, const void *from, __u32 l2_length, __be16 type)
{
	__u32 at = L2_UNTAGGED - sizeof(type);

	/* Else clang compares it early on and keeps the answers on the stack until they are needed. */
	barrier_var(l2_length);
#pragma clang loop unroll(full)
	for (int depth = 0; depth < VLAN_MAX_DEPTH; depth++) {
		if (at + sizeof(type) == l2_length)
			break;
		*(__be32 *)(to + at) = *(const __be32 *)(from + at);
		at += sizeof(struct vlan_header);
	}
	*(__be16 *)(to + at) = type;
}

#endif
