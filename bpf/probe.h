/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The contract between the probe programs and user space. */
#ifndef PROBE_H
#define PROBE_H

#include <linux/types.h>
#include "xdirector.h"

/* Where packets go that a health check marked, and what they have there instead of the server's address. */
struct probe {
	struct server server; /* no MAC addresses: the stack sends it */
	union ip vip;
};

/* A probe's connection as its server sees it. */
struct probe_flow_key {
	union ip vip;
	union ip dip;
	__be16 vport;
	__be16 dport; /* of the director */
	__u8 protocol;
	__u8 zero[3];
};

struct probe_flow {
	__u64 until; /* CLOCK_MONOTONIC, ns: then another probe may have the port */
	__u32 mark;
	__be16 dport; /* the socket's own */
	__u8 zero[2];
};

#endif
