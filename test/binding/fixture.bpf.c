// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/* One map of each kind that the binding speaks, and programs to see them from the other side. */

#include <linux/bpf.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>

enum colour {
	RED = 1,
	BLUE = -7,
};

typedef __be16 port_t;

union address {
	__u8 bytes[16];
	__be32 words[4];
};

struct inner {
	__s16 x;
	__s16 y;
};

/* Every kind of field, and no padding: every byte of it counts. */
struct everything {
	__u8 u8;
	__s8 s8;
	__u16 u16;
	__s32 s32;
	__u64 u64;
	__s64 s64;
	__be32 be32;
	port_t port;
	__u16 words[5];
	__be64 be64;
	struct inner inner;
	struct inner inners[2];
	enum colour colour;
	char text[8];
	union address address;
	union {
		__u32 first;
		__u8 second[4];
	};
	struct {
		__u32 third;
	};
};

struct hash_key {
	__be32 address;
	port_t port;
	__u8 protocol; /* one byte of padding follows */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, struct hash_key);
	__type(value, __u32);
} hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 200);
	__type(key, __u8);
	__type(value, __u8);
} tiny_keys SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 2);
	__type(key, __u32);
	__type(value, struct everything);
} everything SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 4);
	__type(key, __u32);
	__type(value, __u32); /* not a multiple of 8: each CPU's still takes 8 bytes */
} per_cpu_array SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_HASH);
	__uint(max_entries, 64);
	__type(key, __u32);
	__type(value, struct inner);
} per_cpu_hash SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 2);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 1);
		__uint(map_flags, BPF_F_INNER_MAP);
		__type(key, __u32);
		__type(value, __u32);
	});
} outer SEC(".maps");

struct shared {
	__u32 counter;
	__u32 flag;
	__u32 rest[3]; /* 20 bytes a value, 24 an element */
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 100);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct shared);
} shared SEC(".maps");

const volatile __u32 verdict = XDP_PASS;
const volatile bool enabled = false;
const volatile __u64 wide = 0;
const volatile struct inner pair = {};
const volatile port_t service_port = 0;

struct settings {
	__u32 timeout[2][3];
} settings SEC(".data.settings") = { .timeout = { { 1, 2, 3 }, { 4, 5, 6 } } };

static const struct everything expected = {
	.u8 = 200,
	.s8 = -100,
	.u16 = 60000,
	.s32 = -2000000000,
	.u64 = 0xfedcba9876543210,
	.s64 = -2,
	.be32 = bpf_htonl(0xc0000201),
	.port = bpf_htons(8080),
	.words = { 1, 2, 3, 4, 65535 },
	.be64 = bpf_cpu_to_be64(0x0102030405060708),
	.inner = { -1, 2 },
	.inners = { { 3, -4 }, { 5, 6 } },
	.colour = BLUE,
	.text = "hello",
	.address = { .bytes = { 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15 } },
	.first = 7,
	.third = 8,
};

/* Returns the constant that user space chose. */
SEC("xdp")
int constants(struct xdp_md *ctx)
{
	if (!enabled)
		return XDP_ABORTED;
	if (wide != 1ULL << 40 || pair.x != -5 || pair.y != 5 || service_port != bpf_htons(443))
		return XDP_DROP;
	return verdict;
}

/* Element 0 from C to JavaScript. */
SEC("xdp")
int store(struct xdp_md *ctx)
{
	__u32 key = 0;

	return bpf_map_update_elem(&everything, &key, &expected, BPF_ANY) ? XDP_ABORTED : XDP_PASS;
}

/* Element 1 from JavaScript to C: is it the same, byte by byte? */
SEC("xdp")
int compare(struct xdp_md *ctx)
{
	__u32 key = 1;
	const __u8 *value = bpf_map_lookup_elem(&everything, &key);

	if (!value)
		return XDP_ABORTED;
	for (__u32 i = 0; i < sizeof(expected); i++)
		if (value[i] != ((const volatile __u8 *)&expected)[i])
			return XDP_DROP;
	return XDP_PASS;
}

/* Counts on the CPU it runs on, in every map that a program can count in. */
SEC("xdp")
int count(struct xdp_md *ctx)
{
	__u32 key = 1;
	__u32 *counter = bpf_map_lookup_elem(&per_cpu_array, &key);
	struct shared *element = bpf_map_lookup_elem(&shared, &key);

	if (!counter || !element)
		return XDP_ABORTED;
	*counter += 1;
	__sync_fetch_and_add(&element->counter, 1);
	element->flag = settings.timeout[1][2];
	return XDP_PASS;
}

/* The element of the inner map that is in place now. */
SEC("xdp")
int swapped(struct xdp_md *ctx)
{
	__u32 key = 0;
	void *table = bpf_map_lookup_elem(&outer, &key);
	__u32 *value;

	if (!table)
		return XDP_ABORTED;
	value = bpf_map_lookup_elem(table, &key);
	return value ? *value : XDP_ABORTED;
}

/* Prepends 20 bytes and writes only the first. */
SEC("xdp")
int prepend(struct xdp_md *ctx)
{
	__u8 *data;

	if (bpf_xdp_adjust_head(ctx, -20))
		return XDP_DROP;
	data = (void *)(long)ctx->data;
	if (data + 1 > (__u8 *)(long)ctx->data_end)
		return XDP_ABORTED;
	*data = 0xaa;
	return XDP_TX;
}

SEC("xdp")
int ingress(struct xdp_md *ctx)
{
	return ctx->ingress_ifindex * 1000 + ctx->rx_queue_index;
}

char _license[] SEC("license") = "Dual BSD/GPL";
