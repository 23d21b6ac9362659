/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Where the replies of a masqueraded flow go: kept in the reply's slot, and asked anew when routes change. */
#ifndef REPLY_H
#define REPLY_H

#include <linux/bpf.h>
#include "config.h"
#include "flow.h"
#include "maps.h"
#include "packet.h"
#include "tag.h"

/* uapi's linux/socket.h has no numbers */
#define AF_INET 2
#define AF_INET6 10

/* Where a reply goes, of a slot with FLOW_REPLY. */
struct reply_way {
	struct flow_reply *reply;
	struct flow_reply_rest *rest;
};

/* False when there is no such slot. */
static __always_inline bool find_reply_way(struct reply_way *way, const struct flow_slot *slot,
					   __u32 number)
{
	union flow_far *far = flow_far_at(number);

	if (!far)
		return false;
	*way = (struct reply_way){ &flow_near(slot)->reply, &far->reply };
	return true;
}

static __always_inline union ip reply_vip(const struct reply_way *way, bool is_ipv4)
{
	const __be32 *first = way->rest->vip;

	if (is_ipv4)
		return (union ip){ .words = { 0, 0, bpf_htonl(0xffff), way->reply->vip } };
	return (union ip){ .words = { first[0], first[1], first[2], way->reply->vip } };
}

/* As a reply's slot has it. */
static __always_inline __u32 reply_vlan(__be16 vlan)
{
	if (vlan == VLAN_AS_IT_CAME)
		return REPLY_VLAN_AS_IT_CAME;
	return vlan == VLAN_NONE ? 0 : bpf_ntohs(vlan);
}

/* Replies to this client leave by an interface of the kernel's; frames only by a real one. */
static __always_inline void set_reply_device(struct flow_reply *reply, __u32 ifindex)
{
	const struct vlan_device *vlan = bpf_map_lookup_elem(&vlan_devices, &ifindex);

	reply->ifindex = vlan ? vlan->parent : ifindex;
	reply->vlan = vlan ? bpf_ntohs(vlan->id) : 0;
}

static __always_inline __be16 vlan_of_reply(__u32 vlan)
{
	if (vlan == REPLY_VLAN_AS_IT_CAME)
		return VLAN_AS_IT_CAME;
	return vlan ? bpf_htons(vlan) : VLAN_NONE;
}

static __always_inline void set_way_to_client(struct xdp_md *ctx, struct packet *packet,
					      const struct flow_reply *reply)
{
	packet->egress = reply->ifindex;
	if (packet->l2_length != L2_UNTAGGED || reply->vlan)
		packet->egress = egress_with_tag(ctx, packet->l2_length, reply->ifindex,
						 vlan_of_reply(reply->vlan));
}

/* Until the route table is asked, the way back is the way the client's packet came. */
static __always_inline void write_reply(struct xdp_md *ctx, const struct reply_way *way,
					const struct packet *packet, __u32 peer)
{
	bool is_ipv4 = packet->is_ipv4;

	*way->reply = (struct flow_reply){
		.ifindex = ctx->ingress_ifindex,
		.vlan = reply_vlan(vlan_of_frame(ctx, packet->l2_length)),
		.vip = is_ipv4 ? packet->ipv4->daddr : packet->ipv6->daddr.s6_addr32[3],
		.route_generation = settings.route_generation - 1,
		.vport = packet->vport,
		.peer = peer,
	};
	__builtin_memcpy(way->rest->destination_mac, packet->ethernet->source, ETH_ALEN);
	__builtin_memcpy(way->rest->source_mac, packet->ethernet->destination, ETH_ALEN);
	if (!is_ipv4)
		__builtin_memcpy(way->rest->vip, &packet->ipv6->daddr, sizeof(way->rest->vip));
}

/*
 * Asks the kernel's route table for the way to the client, once per flow and route generation. When it
 * has no answer (forwarding switched off, neighbour unknown), the way known so far stays. A global
 * function: its query would take a fifth of the main program's stack.
 */
__noinline int refresh_next_hop(struct xdp_md *ctx, __u32 number, __u32 l2_length, __u32 is_ipv4)
{
	const struct flow_slot *slot = flow_slot_at(number);
	struct reply_way way;
	void *l3 = (void *)(long)ctx->data + (l2_length & 31), *end = (void *)(long)ctx->data_end;
	struct bpf_fib_lookup query = { .ifindex = ctx->ingress_ifindex };
	const struct ipv6hdr *ipv6 = l3;
	const struct iphdr *ipv4 = l3;

	if (!slot || !find_reply_way(&way, slot, number))
		return 0;
	way.reply->route_generation = settings.route_generation;
	if (is_ipv4) {
		if ((void *)(ipv4 + 1) > end)
			return 0;
		query.family = AF_INET;
		query.ipv4_src = way.reply->vip;
		query.ipv4_dst = ipv4->daddr;
	} else {
		if ((void *)(ipv6 + 1) > end)
			return 0;
		query.family = AF_INET6;
		__builtin_memcpy(query.ipv6_src, way.rest->vip, sizeof(way.rest->vip));
		query.ipv6_src[3] = way.reply->vip;
		__builtin_memcpy(query.ipv6_dst, &ipv6->daddr, sizeof(query.ipv6_dst));
	}
	if (bpf_fib_lookup(ctx, &query, sizeof(query), 0))
		return 0;
	set_reply_device(way.reply, query.ifindex);
	__builtin_memcpy(way.rest->destination_mac, query.dmac, ETH_ALEN);
	__builtin_memcpy(way.rest->source_mac, query.smac, ETH_ALEN);
	return 0;
}

#endif
