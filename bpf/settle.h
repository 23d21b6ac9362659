/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What follows from changed loads: overload flags and rankings. Where flows begin and end the main program has
 * no stack left for it, so it is done by a program of its own, when the packet is on its way.
 */
#ifndef SETTLE_H
#define SETTLE_H

#include <linux/bpf.h>
#include "load.h"
#include "ranking.h"

/* Other CPUs may change the load meanwhile; each of them looks after the flag as well. */
#define FLAG_ATTEMPTS 8

static __always_inline void flag_load(struct server_load *load)
{
#pragma clang loop unroll(disable)
	for (int attempt = 0; attempt < FLAG_ATTEMPTS; attempt++) {
		__u64 before = *(volatile __u64 *)&load->word;
		__u64 after = load_flagged(before, load->upper, load->lower);

		if (after == before ||
		    __sync_val_compare_and_swap(&load->word, before, after) == before)
			return;
	}
}

/* What follows from a changed load where thresholds or a ranking depend on it. */
__noinline int load_changed(__u32 slot)
{
	struct server_load *load = bpf_map_lookup_elem(&server_loads, &slot);

	if (!load)
		return 0;
	flag_load(load);
	if (!load->leaf)
		return 0;
	rank_server(slot, load, load->scheduler);
	if (goes_by_locality(load->scheduler))
		rank_server(slot, load, RANK_IDLEST);
	return 0;
}

/* Whether loads changed on this packet's way; then `action` is what is left to do with it. */
static __always_inline bool has_load_news(int action)
{
	__u32 zero = 0;
	struct load_news *news = bpf_map_lookup_elem(&load_news, &zero);

	if (!news || !news->count)
		return false;
	news->action = action;
	return true;
}

static __always_inline int settle_loads(void)
{
	__u32 zero = 0;
	struct load_news *news = bpf_map_lookup_elem(&load_news, &zero);

	if (!news)
		return XDP_ABORTED;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < LOAD_NEWS_MAX && i < news->count; i++)
		load_changed(news->slot[i]);
	news->count = 0;
	return news->action;
}

/* User space changed a server's limits or a ranking's table, or ended flows. */
static __always_inline int settle_request(struct xdp_md *ctx)
{
	const struct settle_request *request = (void *)(long)ctx->data;

	if ((const void *)(request + 1) > (void *)(long)ctx->data_end)
		return -1;
	if (request->slot != SETTLE_RANKING) {
		load_changed(request->slot);
		return 0;
	}
	rank_all(request->service, request->scheduler);
	if (goes_by_locality(request->scheduler))
		rank_all(request->service, RANK_IDLEST);
	return 0;
}

#endif
