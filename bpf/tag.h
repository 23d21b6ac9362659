/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * VLAN tags of forwarded frames. Whoever knows the way knows the VLAN; where a frame's tags are not those of its
 * way, a program of its own changes them on the way out: a hit on untagged interfaces pays for one comparison.
 */
#ifndef TAG_H
#define TAG_H

#include <linux/bpf.h>
#include "l2.h"
#include "maps.h"
#include "packet.h"

#define VLAN_ID bpf_htons(0x0fff)

/* A flag of packet.egress: frames of this packet leave by way of retag(). */
#define EGRESS_RETAG 0x80000000U

struct tag_request {
	__u32 egress;
	__be16 vlan;
	__u16 verdict;
};

/* Which tag is the frame that this CPU is at to leave with? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tag_request);
} tag_requests SEC(".maps");

static __always_inline struct tag_request *this_tag(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&tag_requests, &zero);
}

/* The VLAN that the frame before us came in. Global functions: verified once, not on every way that leads here. */
__noinline __u32 vlan_of_frame(struct xdp_md *ctx, __u32 l2_length)
{
	const void *end = (void *)(long)ctx->data_end;
	const struct vlan_header *tag = (void *)(long)ctx->data + L2_UNTAGGED;

	if (l2_length == L2_UNTAGGED)
		return VLAN_NONE;
	if (l2_length != L2_UNTAGGED + sizeof(*tag) || (void *)(tag + 1) > end)
		return VLAN_AS_IT_CAME;
	return tag->tci & VLAN_ID ? tag->tci & VLAN_ID : VLAN_NONE;
}

/* The egress of a frame, with EGRESS_RETAG and a note for retag() when its tags are not those of its way. */
__noinline __u32 egress_with_tag(struct xdp_md *ctx, __u32 l2_length, __u32 ifindex, __u32 vlan)
{
	struct tag_request *request = this_tag();

	if (!request)
		return ifindex;
	if (vlan == VLAN_AS_IT_CAME &&
	    (ifindex == ctx->ingress_ifindex || l2_length == L2_UNTAGGED))
		return ifindex;
	if (vlan != VLAN_AS_IT_CAME && vlan == vlan_of_frame(ctx, l2_length))
		return ifindex;
	request->egress = ifindex;
	request->vlan = vlan;
	return ifindex | EGRESS_RETAG;
}

/* Notes the way out of the packet: an interface and the VLAN there. */
static __always_inline void set_way(struct xdp_md *ctx, struct packet *packet, __u32 ifindex,
				    __be16 vlan)
{
	packet->egress = ifindex;
	if (packet->l2_length != L2_UNTAGGED || vlan)
		packet->egress = egress_with_tag(ctx, packet->l2_length, ifindex, vlan);
}

/* The frame behind its MAC addresses: one tag, or none. */
static __always_inline void write_tag(void *frame, __be16 vlan, __be16 type)
{
	__be16 *words = frame + 2 * ETH_ALEN;

	if (vlan) {
		*words++ = bpf_htons(ETH_P_8021Q);
		*words++ = vlan;
	}
	*words = type;
}

/* Gives the frame the one tag, or none, that it is to leave with. False: no headroom. */
static __always_inline bool retag(struct xdp_md *ctx, const struct tag_request *request)
{
	bool untagged = request->vlan == VLAN_NONE || request->vlan == VLAN_AS_IT_CAME;
	__be16 vlan = untagged ? 0 : request->vlan, type;
	struct packet packet = {};
	__u32 addresses[3];
	struct cursor cursor = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	int growth;
	void *frame;

	if (!parse_ethernet(&cursor, &packet, &type))
		return false;
	__builtin_memcpy(addresses, packet.ethernet, sizeof(addresses));
	growth = (int)(L2_UNTAGGED + (vlan ? sizeof(struct vlan_header) : 0)) -
		 (int)packet.l2_length;
	if (growth && bpf_xdp_adjust_head(ctx, -growth))
		return false;
	frame = (void *)(long)ctx->data;
	if (frame + L2_UNTAGGED + sizeof(struct vlan_header) > (void *)(long)ctx->data_end)
		return false;
	__builtin_memcpy(frame, addresses, sizeof(addresses));
	write_tag(frame, vlan, type);
	return true;
}

#endif
