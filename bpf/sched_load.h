/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* lc, wlc, sed, nq, fo and ovf: the root of the service's ranking. twos: the better of two at random. */
#ifndef SCHED_LOAD_H
#define SCHED_LOAD_H

#include "load_key.h"
#include "ranking.h"
#include "sched_table.h"

static __always_inline bool is_ranked(const struct service *service)
{
	switch (service->scheduler) {
	case SCHEDULER_LC:
	case SCHEDULER_WLC:
	case SCHEDULER_SED:
	case SCHEDULER_NQ:
	case SCHEDULER_FO:
	case SCHEDULER_OVF:
		return true;
	default:
		return false;
	}
}

/* The best server of a ranked service, or NO_SERVER. */
__noinline __u32 ranked_choice(__u32 service)
{
	struct ranking ranking;

	if (!open_ranking(&ranking, service))
		return NO_SERVER;
	return rank_winner(&ranking, 1) - 1;
}

#endif
