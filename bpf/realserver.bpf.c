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
#include "packet.h"
#include "realserver.h"
#include "xdirector.h"

#define MAX_VIPS 4096
#define FAMILY_IPV4 2 /* AF_INET */

/* RFC 3168, 5: the two lowest bits of the TOS byte. */
#define ECN_MASK 3
#define ECN_NOT_CAPABLE 0
#define ECN_CONGESTION 3

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

/* A tunnel packet: the header it came with and the packet inside. */
struct incoming_tunnel {
	const struct iphdr *outer;
	struct iphdr *inner;
	__u32 overhead; /* bytes from the one to the other */
};

/* Every kind of tunnel ends here: the cursor stands before the packet inside. */
static __always_inline enum decap_verdict open_tunnel(struct cursor *cursor,
						      struct incoming_tunnel *tunnel)
{
	tunnel->inner = cursor_take(cursor, struct iphdr);
	if (!tunnel->inner || tunnel->inner->version != 4)
		return DECAP_MALFORMED;
	return DECAP_DECAPSULATED;
}

static __always_inline enum decap_verdict parse_tunnel(struct cursor *cursor,
						       struct incoming_tunnel *tunnel)
{
	struct packet packet = {};
	const struct iphdr *outer;
	__be16 protocol;

	if (!parse_ethernet(cursor, &packet, &protocol))
		return DECAP_MALFORMED;
	/* Tagged frames are for VLAN interfaces, on which this program can run as well. */
	if (protocol != bpf_htons(ETH_P_IP) || packet.l2_length != ETH_HLEN)
		return DECAP_NOT_TUNNELLED;

	outer = cursor_take(cursor, struct iphdr);
	if (!outer || outer->version != 4 || outer->ihl < 5)
		return DECAP_MALFORMED;
	if (outer->protocol != IPPROTO_IPIP)
		return DECAP_NOT_TUNNELLED;
	if (outer->frag_off & (IP_MORE_FRAGMENTS | IP_OFFSET))
		return DECAP_FRAGMENT;

	tunnel->outer = outer;
	tunnel->overhead = outer->ihl * 4;
	cursor->at += tunnel->overhead - sizeof(*outer);
	/* Else clang computes this address twice, and the verifier knows only one of them to be safe. */
	barrier_var(cursor->at);
	return open_tunnel(cursor, tunnel);
}

static __always_inline bool is_vip(__be32 address)
{
	union ip ip = ipv4_mapped(address);

	return bpf_map_lookup_elem(&vips, &ip);
}

/* The end of the tunnel is this host unless the packet would be sent on from here. */
static __always_inline bool is_ours(struct xdp_md *ctx, const struct iphdr *outer)
{
	struct bpf_fib_lookup way = {
		.family = FAMILY_IPV4,
		.l4_protocol = outer->protocol,
		.ifindex = ctx->ingress_ifindex,
		.ipv4_src = outer->saddr,
		.ipv4_dst = outer->daddr,
	};
	long found = bpf_fib_lookup(ctx, &way, sizeof(way), 0);

	return found == BPF_FIB_LKUP_RET_NOT_FWDED || found == BPF_FIB_LKUP_RET_FWD_DISABLED;
}

/*
 * Congestion that the tunnel packet met on its way becomes the inner packet's (RFC 6040, 4.2).
 * False: its sender would not understand.
 */
static __always_inline bool inherit_congestion(const struct incoming_tunnel *tunnel)
{
	struct iphdr *inner = tunnel->inner;
	__u16 before;

	if ((tunnel->outer->tos & ECN_MASK) != ECN_CONGESTION)
		return true;
	if ((inner->tos & ECN_MASK) == ECN_NOT_CAPABLE)
		return false;

	before = *(__u16 *)inner;
	inner->tos |= ECN_CONGESTION;
	/* RFC 1624: HC' = ~(~HC + ~m + m') */
	inner->check = csum_fold((__u16)~inner->check + (__u16)~before + *(__u16 *)inner);
	return true;
}

/* Takes the bytes between the Ethernet header and the inner packet away. */
static __always_inline bool unwrap(struct xdp_md *ctx, __u32 overhead)
{
	struct ethernet_header *old = (void *)(long)ctx->data;
	struct ethernet_header ethernet, *new;

	if ((void *)(old + 1) > (void *)(long)ctx->data_end)
		return false;
	ethernet = *old;
	if (bpf_xdp_adjust_head(ctx, overhead))
		return false;

	new = (void *)(long)ctx->data;
	if ((void *)(new + 1) > (void *)(long)ctx->data_end)
		return false;
	*new = ethernet;
	return true;
}

static __always_inline enum decap_verdict decapsulate(struct xdp_md *ctx)
{
	struct cursor cursor = { (void *)(long)ctx->data, (void *)(long)ctx->data_end };
	struct incoming_tunnel tunnel;
	enum decap_verdict verdict = parse_tunnel(&cursor, &tunnel);

	if (verdict != DECAP_DECAPSULATED)
		return verdict;
	if (!is_vip(tunnel.inner->daddr))
		return DECAP_NOT_VIP;
	if (!is_ours(ctx, tunnel.outer))
		return DECAP_NOT_OURS;
	if (!inherit_congestion(&tunnel))
		return DECAP_CONGESTED;
	return unwrap(ctx, tunnel.overhead) ? DECAP_DECAPSULATED : DECAP_MALFORMED;
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
