/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which of a bucket's two lines is a flow's home. Pure arithmetic, shared with user space (addon/flow_table.cc), which
 * ends flows as well.
 */
#ifndef FLOW_HOME_H
#define FLOW_HOME_H

#include "xdirector.h"

/* The first way of the line. */
static inline __u32 flow_home(__u64 signature)
{
	return signature & FLOW_LINE_WAYS;
}

/* Whether a flow with this signature, in this way or slot, is in the other line. */
static inline __u32 flow_is_away(__u32 way, __u64 signature)
{
	return (way ^ signature) & FLOW_LINE_WAYS;
}

#endif
