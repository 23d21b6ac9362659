/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* ICMP and ICMPv6 as far as errors go: RFC 792, RFC 4443. linux/icmp.h drags the C library in. */
#ifndef ICMP_H
#define ICMP_H

#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>

#define ICMP_DEST_UNREACH 3
#define ICMP_HOST_UNREACH 1
#define ICMP_PORT_UNREACH 3
#define ICMP_FRAG_NEEDED 4
#define ICMP_SOURCE_QUENCH 4
#define ICMP_TIME_EXCEEDED 11

#define ICMPV6_DEST_UNREACH 1
#define ICMPV6_ADDRESS_UNREACH 3
#define ICMPV6_PORT_UNREACH 4
#define ICMPV6_PKT_TOOBIG 2
#define ICMPV6_TIME_EXCEED 3
#define ICMPV6_INFORMATIONAL 0x80 /* this bit of the type: not an error */

struct icmp_header {
	__u8 type;
	__u8 code;
	__sum16 checksum;
	__be32 detail; /* MTU, pointer or nothing */
};

static __always_inline __u32 type_code(__u8 type, __u8 code)
{
	return type << 8 | code;
}

/* Whether IPVS lets a message of this type follow the flow that it quotes (ip_vs_in_icmp, ip_vs_in_icmp_v6). */
static __always_inline bool icmp_follows_flow(__u8 type, bool is_ipv4)
{
	if (!is_ipv4)
		return !(type & ICMPV6_INFORMATIONAL);
	return type == ICMP_DEST_UNREACH || type == ICMP_SOURCE_QUENCH ||
	       type == ICMP_TIME_EXCEEDED;
}

#endif
