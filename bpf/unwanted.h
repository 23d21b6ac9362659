/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* drop_packet: under load, every so manieth new flow is not begun (ip_vs_todrop). */
#ifndef UNWANTED_H
#define UNWANTED_H

#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include "config.h"

/* New flows since drop_packet was first switched on. */
__u32 unwanted_count SEC(".data.unwanted") = 0;

static __always_inline bool is_unwanted(void)
{
	__u32 rate = settings.drop_rate;

	/* the first one, too, as the kernel's counter begins at 0 */
	return rate && !(__sync_fetch_and_add(&unwanted_count, 1) % rate);
}

#endif
