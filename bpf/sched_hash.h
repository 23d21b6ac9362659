/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * dh, sh and mh: an address picks a bucket of a table that user space fills as the kernel does. The
 * arithmetic is the kernel's (ip_vs_dh.c, ip_vs_sh.c, ip_vs_mh.c), so that directors of both kinds agree.
 */
#ifndef SCHED_HASH_H
#define SCHED_HASH_H

#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include "packet.h"
#include "sched_table.h"

/* hash_32() of linux/hash.h, to the 8 bits of IP_VS_SH_TAB_BITS and IP_VS_DH_TAB_BITS */
#define GOLDEN_RATIO_32 0x61c88647U
#define HASH_32_BITS 8

/* Both halves of hash1, ip_vs_mh_init_svc() */
#define MAGLEV_KEY 2654435761ULL

static __always_inline __u64 rotate_left(__u64 value, int bits)
{
	return value << bits | value >> (64 - bits);
}

struct sip_state {
	__u64 v0, v1, v2, v3;
};

static __always_inline void sip_round(struct sip_state *s)
{
	s->v0 += s->v1;
	s->v1 = rotate_left(s->v1, 13) ^ s->v0;
	s->v0 = rotate_left(s->v0, 32);
	s->v2 += s->v3;
	s->v3 = rotate_left(s->v3, 16) ^ s->v2;
	s->v0 += s->v3;
	s->v3 = rotate_left(s->v3, 21) ^ s->v0;
	s->v2 += s->v1;
	s->v1 = rotate_left(s->v1, 17) ^ s->v2;
	s->v2 = rotate_left(s->v2, 32);
}

/* hsiphash_1u32() of 64-bit kernels: SipHash-1-3 of four bytes, its lower half. */
static __always_inline __u32 sip_hash(__u32 message)
{
	__u64 last = 4ULL << 56 | message;
	struct sip_state s = {
		.v0 = 0x736f6d6570736575ULL ^ MAGLEV_KEY,
		.v1 = 0x646f72616e646f6dULL ^ MAGLEV_KEY,
		.v2 = 0x6c7967656e657261ULL ^ MAGLEV_KEY,
		.v3 = 0x7465646279746573ULL ^ MAGLEV_KEY ^ last,
	};

	sip_round(&s);
	s.v0 ^= last;
	s.v2 ^= 0xff;
	sip_round(&s);
	sip_round(&s);
	sip_round(&s);
	return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

/* One choice; lives on the stack of hashed_choice(), as bpf_loop() asks. */
struct hashed_choice {
	void *table;
	__u32 buckets;
	__u32 scheduler;
	__u32 value; /* address and port of the client, added up */
	__u32 first; /* hash that names the first bucket */
	__u32 slot;
};

/* ip_vs_sh_hashkey() and ip_vs_mh_hashkey(), before the remainder is taken */
static __always_inline __u32 hashed(const struct hashed_choice *choice, __u32 offset)
{
	if (choice->scheduler == SCHEDULER_MH)
		return sip_hash(choice->value + offset);
	return (choice->value * GOLDEN_RATIO_32 >> (32 - HASH_32_BITS)) + offset;
}

static __always_inline __u32 bucket_server(const struct hashed_choice *choice, __u32 hash)
{
	return table_word(choice->table, SCHED_TABLE_SLOTS + hash % choice->buckets);
}

/* The fallback loop of ip_vs_sh_get_fallback() and ip_vs_mh_get_fallback(); 1 ends it. */
static long try_bucket(__u32 offset, void *context)
{
	struct hashed_choice *choice = context;
	__u32 slot = bucket_server(choice,
				   hashed(choice, (offset + choice->first) % choice->buckets));

	if (!takes_flows(slot))
		return 0;
	choice->slot = slot;
	return 1;
}

/* Finds out whether there is any server to find, in a table of a hundred thousand buckets perhaps; 1 ends it. */
static long try_server(__u32 index, void *context)
{
	struct hashed_choice *choice = context;
	__u32 place = first_place(choice->table, index);
	__u32 slot = table_word(choice->table, SCHED_TABLE_SLOTS + place);

	if (!takes_flows(slot))
		return 0;
	choice->slot = slot;
	return 1;
}

/* The first server in the order of the kernel's fallback that takes flows, or NO_SERVER. */
static __always_inline __u32 fall_back(struct hashed_choice *choice)
{
	__u32 servers = table_servers(choice->table);

	bpf_loop(servers, try_server, choice, 0);
	if (!servers || choice->slot != NO_SERVER)
		bpf_loop(choice->buckets, try_bucket, choice, 0);
	return choice->slot;
}

/*
 * The slot of the server that this value picks, or NO_SERVER. A global function: the main program's
 * stack has no room for it, and only new flows come here.
 */
__noinline __u32 hashed_choice(__u32 service, __u32 scheduler, __u32 falls_back, __u32 value)
{
	struct hashed_choice choice = { .scheduler = scheduler, .value = value, .slot = NO_SERVER };
	__u32 slot;

	choice.table = bpf_map_lookup_elem(&sched_tables, &service);
	if (!choice.table)
		return NO_SERVER;
	choice.buckets = table_word(choice.table, SCHED_TABLE_LENGTH);
	if (!choice.buckets)
		return NO_SERVER;
	choice.first = hashed(&choice, 0);
	slot = bucket_server(&choice, choice.first);
	if (takes_flows(slot))
		return slot;
	return falls_back ? fall_back(&choice) : NO_SERVER;
}

/* IPVS folds IPv6 addresses before it hashes them. */
static __always_inline __u32 folded(const struct packet *packet, bool is_destination)
{
	const __be32 *words;

	if (packet->is_ipv4)
		return bpf_ntohl(is_destination ? packet->ipv4->daddr : packet->ipv4->saddr);
	words = is_destination ? packet->ipv6->daddr.s6_addr32 : packet->ipv6->saddr.s6_addr32;
	return bpf_ntohl(words[0] ^ words[1] ^ words[2] ^ words[3]);
}

static __always_inline bool is_hashed(__u32 scheduler)
{
	return scheduler == SCHEDULER_DH || scheduler == SCHEDULER_SH || scheduler == SCHEDULER_MH;
}

/* What of the packet a hash scheduler goes by. */
static __always_inline __u32 hashed_value(const struct service *service,
					  const struct packet *packet)
{
	bool by_destination = service->scheduler == SCHEDULER_DH;
	__u32 value = folded(packet, by_destination);

	if (!by_destination && service->flags & SERVICE_PORT)
		value += bpf_ntohs(packet->cport);
	return value;
}

#endif
