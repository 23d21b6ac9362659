// SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
/*
 * xdpbench, kernel side.
 *
 *   xb_drv      synthesises one packet per invocation in place and tail-calls
 *               the program under test.  Run under BPF_PROG_TEST_RUN with a
 *               large repeat: the kernel hands the *same* xdp_buff to every
 *               iteration, so xb_drv first undoes whatever the program under
 *               test did to it (head/tail/meta moves, header bytes).
 *   xb_gen      the same packet synthesis, but for BPF_F_TEST_XDP_LIVE_FRAMES:
 *               returns bpf_redirect() into a veth whose peer runs the program
 *               under test natively.
 *   xb_sink     counts and drops what comes back.
 *   xb_f_*      reference ("floor") programs.
 *
 * All k_* knobs are .rodata set before load, so the verifier folds them and
 * removes the branches that a given configuration does not use.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include "xdpbench.h"

const volatile __u32 k_len = 60;	/* frame length				*/
const volatile __u32 k_hdr = 56;	/* leading bytes rewritten per packet	*/
const volatile __u32 k_mode = XB_FIXED;
const volatile __u32 k_nflows = 1;
const volatile __u32 k_ndst = 1;
const volatile __u32 k_off_src, k_off_dst, k_off_sport;
const volatile __u32 k_off_ipck, k_off_l4ck;	/* 0 = none		*/
const volatile __u32 k_src_base, k_dst_base;	/* host order		*/
const volatile __u32 k_ipsum, k_l4sum;	/* csum of template, varied fields = 0	*/
const volatile __u32 k_fence = 1;
const volatile __u32 k_seed;
const volatile __u32 k_steps;		/* > 0: packets per flow, flags as follows */
const volatile __u32 k_off_flags;	/* TCP flags; odd, so they are a low byte */
const volatile __u8 k_flags[XB_STEPS_MAX];
const volatile __u32 k_ifindex;		/* xb_gen: redirect target		*/
const volatile __u64 k_tmpl[XB_TMPL_MAX / 8];

/* Run state.  One driver instance is only ever used by one thread. */
struct xb_state st = {};
__u64 scratch = 0;
__u64 fence_word SEC(".data.fence") = 1;

struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} target SEC(".maps");

/* What xb_sink saw. */
struct xb_count got SEC(".data.sink") = { 1 };

/* Bijective on 32 bits, so distinct flow indices give distinct tuples. */
static __always_inline __u32 mix32(__u32 x)
{
	x ^= x >> 16;
	x *= 0x7feb352dU;
	x ^= x >> 15;
	x *= 0x846ca68bU;
	x ^= x >> 16;
	return x;
}

static __always_inline __u16 fold(__u32 s)
{
	s = (s & 0xffff) + (s >> 16);
	s = (s & 0xffff) + (s >> 16);
	return bpf_htons((__u16)~s);
}

/* Count this packet and take the two timestamps of the timed window. */
static __always_inline void tick(void)
{
	__u64 n = st.n++;

	if (n == st.warm)
		st.t0 = bpf_ktime_get_ns();
	if (n == st.stop)
		st.t1 = bpf_ktime_get_ns();
}

/* Write the header template with the next flow's tuple into the packet. */
static __always_inline int emit(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u32 src = 0, dst, sport = 0, flags = 0, h, hi = 0;
	__u64 idx = 0, step;

	if (data + k_hdr > end)
		return -1;

#pragma clang loop unroll(full)
	for (int i = 0; i < XB_TMPL_MAX / 8; i++) {
		if (i * 8 + 8 <= k_hdr) {
			*(__u64 *)(data + i * 8) = k_tmpl[i];
		} else if (i * 8 < k_hdr) {	/* even-sized tail */
			__u64 w = k_tmpl[i];
#pragma clang loop unroll(full)
			for (int j = 0; j < 4; j++)
				if (i * 8 + j * 2 + 2 <= k_hdr)
					*(__u16 *)(data + i * 8 + j * 2) = w >> (j * 16);
		}
	}

	if (k_mode == XB_FIXED)
		return 0;

	if (k_mode == XB_SEQ) {
		idx = st.ctr;
		step = st.step;
		if (k_steps)
			flags = k_flags[step & (XB_STEPS_MAX - 1)];
		st.step = step + 1 >= k_steps ? 0 : step + 1;
		if (!st.step)
			st.ctr = idx + 1 >= k_nflows ? 0 : idx + 1;
	} else if (k_mode == XB_RAND) {
		__u64 x = st.prng;

		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		st.prng = x;
		idx = ((x >> 32) * k_nflows) >> 32;
	} else {				/* XB_NEW */
		idx = st.ctr++;
		hi = (idx >> 32) & 0x7f;
	}

	h = mix32((__u32)idx ^ k_seed);
	src = k_src_base | (h & 0xffffff);
	sport = 1024 + (h >> 24) + (hi << 8);
	dst = k_dst_base;
	if (k_ndst > 1)
		dst += ((__u64)mix32((__u32)idx + 0x9e3779b9U) * k_ndst) >> 32;

	*(__u32 *)(data + k_off_src) = bpf_htonl(src);
	*(__u32 *)(data + k_off_dst) = bpf_htonl(dst);
	*(__u16 *)(data + k_off_sport) = bpf_htons(sport);
	if (k_steps && k_off_flags)
		*(__u8 *)(data + k_off_flags) = flags;
	h = (src >> 16) + (src & 0xffff) + (dst >> 16) + (dst & 0xffff);
	if (k_off_ipck)
		*(__u16 *)(data + k_off_ipck) = fold(k_ipsum + h);
	if (k_off_l4ck)
		*(__u16 *)(data + k_off_l4ck) = fold(k_l4sum + h + sport + flags);
	return 0;
}

/*
 * Undo what the previous iteration's program did to the buffer geometry.
 * Every iteration pays for exactly one bpf_xdp_adjust_head() whether or not
 * the head moved, so the driver's own cost is the same for all targets.
 */
static __always_inline int restore(struct xdp_md *ctx)
{
	volatile __u64 *sc = &scratch;
	__s64 d;

	*sc = (__u64)(long)ctx->data;	/* launder pkt pointer to scalar */
	if (st.first) {
		st.first = 0;
		st.orig = *sc;
	}
	d = (__s64)(st.orig - *sc);

	if (ctx->data_meta != ctx->data) {
		*sc = (__u64)(long)ctx->data_meta;
		if (bpf_xdp_adjust_meta(ctx, (int)(st.orig - d - *sc)))
			return -1;
	}
	if (bpf_xdp_adjust_head(ctx, (int)d))
		return -1;

	*sc = (__u64)(long)ctx->data_end;
	d = (__s64)(st.orig + k_len - *sc);
	if (d && bpf_xdp_adjust_tail(ctx, (int)d))
		return -1;
	return 0;
}

SEC("xdp")
int xb_drv(struct xdp_md *ctx)
{
	tick();
	if (restore(ctx) || emit(ctx)) {
		st.errors++;
		return XDP_ABORTED;
	}
	/*
	 * A locked RMW drains the store buffer: the target's header loads then
	 * hit L1 instead of paying (or not) for store-to-load forwarding of
	 * stores that a NIC would have DMAed long before.
	 */
	if (k_fence)
		__sync_fetch_and_add(&fence_word, 1);
	bpf_tail_call_static(ctx, &target, 0);
	st.errors++;
	return XDP_ABORTED;
}

SEC("xdp")
int xb_gen(struct xdp_md *ctx)
{
	tick();
	if (emit(ctx)) {
		st.errors++;
		return XDP_DROP;
	}
	return bpf_redirect(k_ifindex, 0);
}

SEC("xdp")
int xb_sink(struct xdp_md *ctx)
{
	got.packets++;
	got.bytes += ctx->data_end - ctx->data;
	return XDP_DROP;
}

/* ---- reference programs ---- */

/* Nothing at all: what remains is the harness. */
SEC("xdp")
int xb_f_noop(struct xdp_md *ctx)
{
	return XDP_TX;
}

SEC("xdp")
int xb_f_pass(struct xdp_md *ctx)
{
	return XDP_PASS;
}

SEC("xdp")
int xb_f_drop(struct xdp_md *ctx)
{
	return XDP_DROP;
}

/* The least any DR-style balancer does: read the frame, swap MACs, send. */
SEC("xdp")
int xb_f_macswap(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	__u16 *p = data, a, b, c;

	if (data + sizeof(struct ethhdr) > end)
		return XDP_DROP;
	a = p[0]; b = p[1]; c = p[2];
	p[0] = p[3]; p[1] = p[4]; p[2] = p[5];
	p[3] = a; p[4] = b; p[5] = c;
	return XDP_TX;
}

/* The least any IPIP balancer does: push a constant outer header, send. */
SEC("xdp")
int xb_f_ipip(struct xdp_md *ctx)
{
	void *data = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *neth, *oeth;
	struct iphdr *ip;
	__u32 csum;
	__u16 tot;

	if (data + sizeof(*neth) + sizeof(*ip) > end)
		return XDP_DROP;
	ip = data + sizeof(*neth);
	tot = bpf_ntohs(ip->tot_len) + sizeof(*ip);

	if (bpf_xdp_adjust_head(ctx, -(int)sizeof(*ip)))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	end = (void *)(long)ctx->data_end;
	if (data + sizeof(*neth) + 2 * sizeof(*ip) > end)
		return XDP_DROP;
	neth = data;
	oeth = data + sizeof(*ip);
	__builtin_memcpy(neth->h_dest, oeth->h_source, ETH_ALEN);
	__builtin_memcpy(neth->h_source, oeth->h_dest, ETH_ALEN);
	neth->h_proto = bpf_htons(ETH_P_IP);
	ip = data + sizeof(*neth);
	ip->version = 4;
	ip->ihl = 5;
	ip->tos = 0;
	ip->tot_len = bpf_htons(tot);
	ip->id = 0;
	ip->frag_off = 0;
	ip->ttl = 64;
	ip->protocol = 4;
	ip->saddr = bpf_htonl(0xac100001);
	ip->daddr = bpf_htonl(0xac100002);
	/* 0x4500 + tot + 0x4004 + addresses */
	csum = 0x4500 + tot + 0x4004 + 0xac10 + 0x0001 + 0xac10 + 0x0002;
	ip->check = fold(csum);
	return XDP_TX;
}

char _license[] SEC("license") = "Dual BSD/GPL";
