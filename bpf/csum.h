/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Internet checksums (RFC 1071), kept up to date incrementally where a header changes (RFC 1624). */
#ifndef CSUM_H
#define CSUM_H

#include <linux/ip.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

static __always_inline __u16 csum_fold(__u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* What a checksum changes by when one 32-bit word takes another's place; sums up over words. */
static __always_inline __u64 csum_difference(__be32 old, __be32 new)
{
	return (__u64)(__u32)~old + new;
}

/* RFC 1624, equation 3. */
static __always_inline __u16 csum_update(__u16 check, __u64 difference)
{
	return csum_fold((__u16)~check + difference);
}

/* TTL is the high byte of its checksum word; RFC 1624, equation 3, as in the kernel's ip_decrease_ttl(). */
static __always_inline void ipv4_decrement_ttl(struct iphdr *ip)
{
	__u32 check = ip->check + bpf_htons(0x0100);

	ip->check = check + (check >= 0xffff);
	ip->ttl--;
}

#endif
