/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Packet -> mark -> virtual service: what IPVS does by netfilter's fwmark, which comes behind XDP. The first
 * step of ip_vs_service_find.
 */
#ifndef MARK_H
#define MARK_H

#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include "maps.h"
#include "packet.h"

/* What of a packet marks go by. */
struct mark_query {
	struct mark_key destination;
	__u32 ifindex;
	__u16 port;
	__u8 protocol;
	__u8 zero;
};

static __always_inline bool mark_matches(const struct mark_rule *rule,
					 const struct mark_query *query)
{
	return (!rule->ifindex || rule->ifindex == query->ifindex) &&
	       (!rule->protocol || rule->protocol == query->protocol) &&
	       rule->first_port <= query->port && query->port <= rule->last_port;
}

/*
 * The mark of such a packet, 0: none. User space has put the rules of shorter prefixes behind those of the
 * longest one, so the first that matches is the right one. A global function: see hashed_choice().
 */
__noinline __u32 find_mark(const struct mark_query *query)
{
	const struct mark_rules *rules;
	struct mark_key destination;

	if (!query)
		return 0;
	destination = query->destination; /* Linux 6.1 takes no argument of a global function for a key */
	rules = bpf_map_lookup_elem(&marks, &destination);
	if (!rules)
		return 0;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MARK_RULES_MAX && i < rules->count; i++) {
		if (mark_matches(&rules->rule[i], query))
			return rules->rule[i].mark;
	}
	return 0;
}

static __always_inline __u32 packet_mark(const struct packet *packet, __u32 ifindex)
{
	struct mark_query query = {
		.destination = { .prefix_length = MARK_PREFIX_FULL,
				 .family = packet->is_ipv4 ? MARK_IPV4 : MARK_IPV6,
				 .address = packet_vip(packet) },
		.ifindex = ifindex,
		.port = bpf_ntohs(packet->vport),
		.protocol = packet->protocol,
	};

	return find_mark(&query);
}

/* A mark and a family instead of an address. */
static __always_inline struct service_key mark_service_key(const struct packet *packet, __u32 mark)
{
	struct service_key key = { .vip = packet->is_ipv4 ? ipv4_mapped(bpf_htonl(mark)) :
							    (union ip){} };

	key.vip.words[3] = bpf_htonl(mark);
	return key;
}

#endif
