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

/* The VLAN that a frame came in, to send its answers there. */
static __always_inline __be16 vlan_of(const struct packet *packet)
{
	const struct vlan_header *tag = (const void *)(packet->ethernet + 1);

	if (packet->l2_length == L2_UNTAGGED)
		return VLAN_NONE;
	if (packet->l2_length != L2_UNTAGGED + sizeof(*tag))
		return VLAN_AS_IT_CAME;
	return tag->tci & VLAN_ID ? tag->tci & VLAN_ID : VLAN_NONE;
}

static __always_inline bool has_tags_for(const struct packet *packet, bool same_interface,
					 __be16 vlan)
{
	if (vlan == VLAN_AS_IT_CAME)
		return same_interface || packet->l2_length == L2_UNTAGGED;
	return vlan == vlan_of(packet);
}

/* Notes the way out of the packet: an interface and the VLAN there. */
static __always_inline void set_way(const struct xdp_md *ctx, struct packet *packet, __u32 ifindex,
				    __be16 vlan)
{
	struct tag_request *request;

	packet->egress = ifindex;
	if (packet->l2_length == L2_UNTAGGED && (!vlan || vlan == VLAN_NONE))
		return;
	request = this_tag();
	if (!request || has_tags_for(packet, ifindex == ctx->ingress_ifindex, vlan))
		return;
	request->egress = ifindex;
	request->vlan = vlan;
	packet->egress = ifindex | EGRESS_RETAG;
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
