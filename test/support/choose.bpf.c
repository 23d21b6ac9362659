// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Asks for many choices of a hashing scheduler at once: the packet is a list of questions, and the answers are
 * written into it. A million packets of their own would take a minute.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "../../bpf/sched_hash.h"

#define MAX_QUESTIONS 400

struct question {
	__u32 value;
	__u32 slot; /* the answer */
};

/* Behind an Ethernet header and two bytes that align it. */
struct questions {
	__u8 ethernet[16];
	__u32 service;
	__u32 scheduler;
	__u32 falls_back;
	__u32 count;
	struct question question[];
};

SEC("xdp")
int choose(struct xdp_md *ctx)
{
	struct questions *asked = (void *)(long)ctx->data;
	void *end = (void *)(long)ctx->data_end;

	if ((void *)(asked + 1) > end)
		return XDP_ABORTED;
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < MAX_QUESTIONS && i < asked->count; i++) {
		struct question *question = &asked->question[i];

		if ((void *)(question + 1) > end)
			return XDP_ABORTED;
		question->slot = hashed_choice(asked->service, asked->scheduler, asked->falls_back,
					       question->value);
	}
	return XDP_PASS;
}

char _license[] SEC("license") = "Dual BSD/GPL";
