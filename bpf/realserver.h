/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The contract between the decapsulation on real servers and user space. Keys of map vips are union ip. */
#ifndef REALSERVER_H
#define REALSERVER_H

#include <linux/types.h>

/* Why a packet left the program, counted per CPU at its single exit. Numbers are never reused. */
/* clang-format off */
#define DECAP_VERDICTS(X) \
	X(0, NOT_TUNNELLED, not_tunnelled) /* no tunnel packet of a type that is opened: passed up */ \
	X(1, DECAPSULATED, decapsulated) /* the packet inside was passed up */ \
	X(2, NOT_VIP, not_vip) /* the packet inside is not addressed to a VIP: passed up */ \
	X(3, NOT_OURS, not_ours) /* a tunnel packet that this host forwards: passed up */ \
	X(4, FRAGMENT, fragment) /* a fragment, perhaps of a tunnel packet: passed up */ \
	X(5, MALFORMED, malformed) /* headers cut short or lying about lengths: passed up */ \
	X(6, CONGESTED, congested) /* met congestion, but its sender knows no ECN: dropped */ \
	X(7, NOT_UNDERSTOOD, not_understood) /* GUE or GRE with options, or with no IP inside: passed up */
/* clang-format on */

#define DECAP_NUMBER(number, NAME, name) DECAP_##NAME = number,
#define DECAP_COUNTER(number, NAME, name) __u64 name;

enum decap_verdict {
	DECAP_VERDICTS(DECAP_NUMBER)
};

/* Verdict n is counted in the n-th of these. */
struct decap_counters {
	DECAP_VERDICTS(DECAP_COUNTER)
};

#define DECAP_MAX (sizeof(struct decap_counters) / sizeof(__u64))

#endif
