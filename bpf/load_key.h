/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * By what the schedulers that go by load compare servers: the least cost for its weight is the best. The
 * arithmetic is the kernel's (ip_vs_lc.c, ip_vs_wlc.c, ip_vs_sed.c, ip_vs_nq.c, ip_vs_fo.c, ip_vs_ovf.c,
 * ip_vs_lblc.c).
 */
#ifndef LOAD_KEY_H
#define LOAD_KEY_H

#include <stdbool.h>
#include "load_word.h"
#include "xdirector.h"

struct load_key {
	__u64 cost;
	__u64 weight; /* 0: takes no flows */
};

#define WEIGHT_MAX 0x7fffffffULL

/*
 * Not a scheduler, but what lblc and lblcr rank by besides: who is the idlest for its weight, were it overloaded
 * or not.
 */
#define RANK_IDLEST 0xffU

static __always_inline bool goes_by_locality(__u32 scheduler)
{
	return scheduler == SCHEDULER_LBLC || scheduler == SCHEDULER_LBLCR;
}

/* ip_vs_dest_conn_overhead(): an active flow costs as much as 256 others, and is one of all. */
static __always_inline __u64 load_overhead(__u64 word)
{
	return (__u64)load_active(word) * 257 + load_inactive(word);
}

static __always_inline struct load_key load_key(__u32 scheduler, __u64 word, __u32 weight)
{
	__u64 active = load_active(word);

	if (scheduler == RANK_IDLEST)
		return (struct load_key){ active, weight };
	if (word & LOAD_OVERLOADED || !weight)
		return (struct load_key){};
	switch (scheduler) {
	case SCHEDULER_LC:
		return (struct load_key){ load_overhead(word), 1 };
	case SCHEDULER_SED:
		return (struct load_key){ active + 1, weight };
	case SCHEDULER_NQ: /* the first that is idle, whatever its weight */
		return (struct load_key){ active ? active + 1 : 0, weight };
	case SCHEDULER_OVF:
		if (active > weight)
			return (struct load_key){};
		return (struct load_key){ WEIGHT_MAX - weight, 1 };
	case SCHEDULER_FO:
		return (struct load_key){ WEIGHT_MAX - weight, 1 };
	default: /* wlc, lblc, lblcr */
		return (struct load_key){ load_overhead(word), weight };
	}
}

/* Whether the later one replaces the earlier one: of equals the first wins. Without a division, as in the kernel. */
static __always_inline bool load_key_replaces(const struct load_key *later,
					      const struct load_key *earlier)
{
	if (!later->weight || !earlier->weight)
		return later->weight;
	return earlier->cost * later->weight > later->cost * earlier->weight;
}

#endif
