// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Decapsulation on a real server whose kernel has no tunnel device: what a director sent through a
 * tunnel to this host goes up the stack as if it had come without. Only packets to configured VIPs
 * are let out of their tunnel, so nobody gets past a filter by wrapping up a packet.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "csum.h"
#include "decap.h"
#include "l2.h"
#include "packet.h"
#include "realserver.h"
#include "xdirector.h"

#define MAX_VIPS 4096
#define FAMILY_IPV4 2  /* AF_INET */
#define FAMILY_IPV6 10 /* AF_INET6 */

/* RFC 3168, 5: the two lowest bits of the TOS byte. */
#define ECN_MASK 3
#define ECN_NOT_CAPABLE 0
#define ECN_CONGESTION 3
#define IPV6_ECN_SHIFT 4 /* in the header's second byte */

/* Is this one of the addresses that directors send here? */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VIPS);
	__type(key, union ip);
	__type(value, __u8);
} vips SEC(".maps");

/* How many packets ended in each verdict? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct decap_counters);
} verdicts SEC(".maps");

static __always_inline bool is_vip(const struct ip_header *inner)
{
	union ip vip;

	if (inner->is_ipv4)
		vip = ipv4_mapped(inner->ipv4->daddr);
	else
		__builtin_memcpy(&vip, &inner->ipv6->daddr, sizeof(vip));
	return bpf_map_lookup_elem(&vips, &vip);
}

/* The end of the tunnel is this host unless the packet would be sent on from here. */
static __always_inline bool is_ours(struct xdp_md *ctx, const struct ip_header *outer)
{
	struct bpf_fib_lookup way = { .ifindex = ctx->ingress_ifindex };
	long found;

	if (outer->is_ipv4) {
		way.family = FAMILY_IPV4;
		way.l4_protocol = outer->ipv4->protocol;
		way.ipv4_src = outer->ipv4->saddr;
		way.ipv4_dst = outer->ipv4->daddr;
	} else {
		way.family = FAMILY_IPV6;
		way.l4_protocol = outer->ipv6->nexthdr;
		__builtin_memcpy(way.ipv6_src, &outer->ipv6->saddr, sizeof(way.ipv6_src));
		__builtin_memcpy(way.ipv6_dst, &outer->ipv6->daddr, sizeof(way.ipv6_dst));
	}
	found = bpf_fib_lookup(ctx, &way, sizeof(way), 0);
	return found == BPF_FIB_LKUP_RET_NOT_FWDED || found == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/* Of the TOS byte or the traffic class. */
static __always_inline __u32 ecn_of(const struct ip_header *ip)
{
	__u32 tos = ip->is_ipv4 ? ip->ipv4->tos : ip->ipv6->flow_lbl[0] >> IPV6_ECN_SHIFT;

	return tos & ECN_MASK;
}

static __always_inline void set_congestion(const struct ip_header *ip)
{
	__be32 before = *(__be32 *)ip->at;

	if (!ip->is_ipv4) {
		ip->ipv6->flow_lbl[0] |= ECN_CONGESTION << IPV6_ECN_SHIFT;
		return;
	}
	ip->ipv4->tos |= ECN_CONGESTION;
	ip->ipv4->check = csum_update(ip->ipv4->check, csum_difference(before, *(__be32 *)ip->at));
}

/*
 * Congestion that the tunnel packet met on its way becomes the inner packet's (RFC 6040, 4.2).
 * False: its sender would not understand.
 */
static __always_inline bool inherit_congestion(const struct incoming_tunnel *tunnel)
{
	if (ecn_of(&tunnel->outer) != ECN_CONGESTION)
		return true;
	if (ecn_of(&tunnel->inner) == ECN_NOT_CAPABLE)
		return false;
	set_congestion(&tunnel->inner);
	return true;
}

/* Takes the bytes between the L2 header and the inner packet away. */
static __always_inline bool unwrap(struct xdp_md *ctx, const struct incoming_tunnel *tunnel)
{
	__be16 type = tunnel->inner.is_ipv4 ? bpf_htons(ETH_P_IP) : bpf_htons(ETH_P_IPV6);
	struct l2_header *frame = (void *)(long)ctx->data, l2;

	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return false;
	l2 = *frame;
	if (bpf_xdp_adjust_head(ctx, tunnel->inner.at - tunnel->outer.at))
		return false;

	frame = (void *)(long)ctx->data;
	if ((void *)(frame + 1) > (void *)(long)ctx->data_end)
		return false;
	frame->ethernet = l2.ethernet;
	copy_tags(frame, &l2, tunnel->l2_length, type);
	return true;
}

static __always_inline enum decap_verdict decapsulate(struct xdp_md *ctx)
{
	struct incoming_tunnel tunnel;
	enum decap_verdict verdict = find_tunnel(ctx, &tunnel);

	if (verdict != DECAP_DECAPSULATED)
		return verdict;
	if (!is_vip(&tunnel.inner))
		return DECAP_NOT_VIP;
	if (!is_ours(ctx, &tunnel.outer))
		return DECAP_NOT_OURS;
	if (!inherit_congestion(&tunnel))
		return DECAP_CONGESTED;
	return unwrap(ctx, &tunnel) ? DECAP_DECAPSULATED : DECAP_MALFORMED;
}

SEC("xdp")
int realserver(struct xdp_md *ctx)
{
	enum decap_verdict verdict = decapsulate(ctx);
	__u32 zero = 0;
	struct decap_counters *counters = bpf_map_lookup_elem(&verdicts, &zero);

	if (counters && verdict < DECAP_MAX)
		(&counters->not_tunnelled)[verdict]++;
	return verdict == DECAP_CONGESTED ? XDP_DROP : XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
