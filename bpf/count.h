/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The single exit: every verdict is counted and becomes an XDP action here. */
#ifndef COUNT_H
#define COUNT_H

#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "maps.h"
#include "xdirector.h"

static __always_inline int transmit(struct xdp_md *ctx, __u32 egress)
{
	if (egress == ctx->ingress_ifindex)
		return XDP_TX;
	return bpf_redirect_map(&devices, egress, XDP_DROP);
}

static __always_inline int count_and_leave(struct xdp_md *ctx, enum verdict verdict, __u32 egress)
{
	__u32 zero = 0;
	struct verdict_counters *counters = bpf_map_lookup_elem(&verdicts, &zero);

	if (counters && verdict < VERDICT_MAX)
		(&counters->undecided)[verdict]++;

	switch (verdict) {
	case VERDICT_FORWARDED_DIRECT:
	case VERDICT_FORWARDED_TUNNEL:
		return transmit(ctx, egress);
	case VERDICT_NO_SERVER:
	case VERDICT_SERVER_REMOVED:
	case VERDICT_NO_NEIGHBOUR:
	case VERDICT_TTL_EXPIRED:
	case VERDICT_TOO_BIG:
	case VERDICT_NO_HEADROOM:
		return XDP_DROP;
	default:
		return XDP_PASS;
	}
}

#endif
