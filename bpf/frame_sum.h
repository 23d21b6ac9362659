/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The one's complement sum over a part of a packet, for checksums that cover all of it. */
#ifndef FRAME_SUM_H
#define FRAME_SUM_H

#include <linux/bpf.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

/* More than any frame that a program without xdp.frags is given, and what the verifier bears. */
#define FRAME_SUM_MAX 0x7fffU
#define FRAME_SUM_OFFSET_MASK 127U

#define FRAME_SUM_CHUNK 32U
#define FRAME_SUM_CHUNK_WORDS (FRAME_SUM_CHUNK / sizeof(__u32))

/* What whole chunks leave of it. */
static __always_inline __u64 sum_rest(const void *at, const void *end, __u32 length)
{
	__u64 sum = 0;

#pragma clang loop unroll(full)
	for (__u32 size = FRAME_SUM_CHUNK / 2; size >= sizeof(__u32); size /= 2) {
		if (!(length & size))
			continue;
		if (at + size > end)
			return sum;
		for (__u32 i = 0; i < size / sizeof(__u32); i++)
			sum += ((const __u32 *)at)[i];
		at += size;
	}
	if (length & sizeof(__u16)) {
		if (at + sizeof(__u16) > end)
			return sum;
		sum += *(const __u16 *)at;
		at += sizeof(__u16);
	}
	if (length & 1 && at + 1 <= end)
		sum += bpf_htons(*(const __u8 *)at << 8);
	return sum;
}

/*
 * Of `length` bytes (at most FRAME_SUM_MAX) of the frame from `offset` (at most
 * FRAME_SUM_OFFSET_MASK) on, not yet folded; what would be beyond the frame counts nothing. A global
 * function: the rounds of its loop are verified once, and not for every way that leads to it.
 */
__noinline __u64 sum_frame(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	const void *start = (void *)(long)ctx->data + (offset & FRAME_SUM_OFFSET_MASK);
	const void *end = (void *)(long)ctx->data_end;
	const void *at = start;
	__u64 sum = 0;

	length &= FRAME_SUM_MAX;
	for (__u32 i = 0; i < length / FRAME_SUM_CHUNK; i++) {
		if (at + FRAME_SUM_CHUNK > end)
			return sum;
#pragma clang loop unroll(full)
		for (__u32 word = 0; word < FRAME_SUM_CHUNK_WORDS; word++)
			sum += ((const __u32 *)at)[word];
		at += FRAME_SUM_CHUNK;
	}
	/* not `at`, of which the verifier would try every value */
	at = start + (length & ~(FRAME_SUM_CHUNK - 1));
	return sum + sum_rest(at, end, length);
}

#endif
