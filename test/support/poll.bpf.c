// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Does nothing, natively: a veth polls (NAPI) only with a program attached, and without polling it
 * takes no frame that its peer sends back by XDP_TX. Generic receive offload is not enough: frames
 * are then taken, but nobody wakes the poll (veth_xdp_flush asks for a program).
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

SEC("xdp")
int poll(__attribute__((unused)) struct xdp_md *ctx)
{
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
