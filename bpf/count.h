/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The single exit: every verdict is counted and becomes an XDP action here. */
#ifndef COUNT_H
#define COUNT_H

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "maps.h"
#include "stages.h"
#include "tag.h"
#include "xdirector.h"

#define VERDICT_BIT(name) (1ULL << VERDICT_##name)

static const __u64 transmitted = VERDICT_BIT(FORWARDED_DIRECT) | VERDICT_BIT(FORWARDED_TUNNEL) |
				 VERDICT_BIT(FORWARDED_MASQUERADE) | VERDICT_BIT(REPLY_MASQUERADE) |
				 VERDICT_BIT(ANSWERED_NO_SERVER) |
				 VERDICT_BIT(ANSWERED_TTL_EXPIRED) | VERDICT_BIT(ANSWERED_TOO_BIG) |
				 VERDICT_BIT(ANSWERED_STRAY_REPLY) | VERDICT_BIT(TUNNEL_ERROR_TOLD);

static const __u64 dropped = VERDICT_BIT(NO_SERVER) | VERDICT_BIT(SERVER_REMOVED) |
			     VERDICT_BIT(NO_NEIGHBOUR) | VERDICT_BIT(TTL_EXPIRED) |
			     VERDICT_BIT(TOO_BIG) | VERDICT_BIT(NO_HEADROOM) |
			     VERDICT_BIT(NO_ROOM) | VERDICT_BIT(REPLY_COLLISION) |
			     VERDICT_BIT(REPLY_EXPIRED) | VERDICT_BIT(STRAY_REPLY) |
			     VERDICT_BIT(TUNNEL_ERROR) | VERDICT_BIT(OVERLOADED) |
			     VERDICT_BIT(SCTP_FRAGMENT);

static __always_inline bool is_transmitted(enum verdict verdict)
{
	return transmitted >> verdict & 1;
}

/* Does not return: xdp_tag counts the packet. */
static __always_inline void go_on_to_retag(struct xdp_md *ctx, enum verdict verdict)
{
	struct tag_request *request = this_tag();

	if (!request)
		return;
	request->verdict = verdict;
	bpf_tail_call_static(ctx, &stages, STAGE_TAG);
}

static __always_inline int count_and_leave(struct xdp_md *ctx, enum verdict verdict, __u32 egress)
{
	__u32 zero = 0;
	struct verdict_counters *counters;
	__u64 number = verdict;

	if (egress & EGRESS_RETAG && is_transmitted(verdict))
		go_on_to_retag(ctx, verdict);
	counters = bpf_map_lookup_elem(&verdicts, &zero);

	/* Linux 6.1 has to see that what is compared is what is used */
	barrier_var(number);
	if (counters && number < VERDICT_MAX)
		(&counters->undecided)[number]++;

	if (is_transmitted(verdict)) {
		if (egress == ctx->ingress_ifindex)
			return XDP_TX;
		return bpf_redirect_map(&devices, egress, XDP_DROP);
	}
	return dropped >> verdict & 1 ? XDP_DROP : XDP_PASS;
}

#endif
