/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The MSS clamp of a service: neither side is told of larger segments than the path to its servers carries, where
 * path MTU discovery would fail (RFC 9293, 3.7.1). SYN packets alone come here, and only while a service asks for it.
 */
#ifndef CLAMP_H
#define CLAMP_H

#include <linux/bpf.h>
#include "classify.h"
#include "csum.h"
#include "flow.h"
#include "maps.h"
#include "packet.h"
#include "reply.h"

#define TCP_OPTION_END 0
#define TCP_OPTION_NOTHING 1
#define TCP_OPTION_MSS 2
#define TCP_OPTION_MSS_LENGTH 4
#define TCP_HEADER_MAX 60
#define TCP_HEADER_MASK 63U

/* Has the SYN that this CPU is at been through here? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
} clamped SEC(".maps");

/* True once for every mark_clamped(). */
static __always_inline bool take_clamped(void)
{
	__u32 zero = 0, *mark = bpf_map_lookup_elem(&clamped, &zero);
	bool is_clamped = mark && *mark;

	if (is_clamped)
		*mark = 0;
	return is_clamped;
}

static __always_inline bool mark_clamped(void)
{
	__u32 zero = 0, *mark = bpf_map_lookup_elem(&clamped, &zero);

	if (mark)
		*mark = 1;
	return mark;
}

/* Of a masqueraded server's packet: the service that its flow began with, removed or not. */
static __always_inline const struct service *service_of_reply(const struct packet *packet)
{
	struct service_key key = { .protocol = packet->protocol };
	const struct service_record *record;
	const struct flow_slot *slot;
	struct flow_place place;
	struct reply_way way;

	if (!flow_locate_packet(packet, &place))
		return NULL;
	slot = flow_find(&place);
	if (!slot || !(slot->word & FLOW_REPLY))
		return NULL;
	if (!find_reply_way(&way, slot, flow_number(&place, slot)))
		return NULL;
	key.vip = reply_vip(&way, packet->is_ipv4);
	key.port = way.reply->vport;
	record = bpf_map_lookup_elem(&services, &key);
	return record ? &record->service : NULL;
}

/* `at`: of the option in the TCP header, which is summed up in words of two bytes from its beginning. */
static __always_inline void lower_mss(struct tcphdr *tcp, __u8 *mss, __u32 at, __u16 most)
{
	__u16 old = mss[0] << 8 | mss[1];
	__be16 before = bpf_htons(old), after = bpf_htons(most);

	if (old <= most)
		return;
	mss[0] = most >> 8;
	mss[1] = most & 0xff;
	if (at & 1) {
		before = old;
		after = most;
	}
	tcp->check = csum_update(tcp->check, csum_difference(before, after));
}

/* How far the next option is: RFC 9293, 3.1; 0 when there is none. */
static __always_inline __u32 option_length(const __u8 *option)
{
	if (option[0] == TCP_OPTION_END)
		return 0;
	if (option[0] == TCP_OPTION_NOTHING)
		return 1;
	return option[1] < 2 ? 0 : option[1];
}

static __always_inline void clamp_mss(struct xdp_md *ctx, const struct packet *packet, __u16 most)
{
	void *end = (void *)(long)ctx->data_end;
	struct tcphdr *tcp = (void *)packet->ports;
	__u32 length = tcp->doff * 4, at = sizeof(*tcp), step;

#pragma clang loop unroll(disable)
	for (__u32 i = sizeof(*tcp); i < TCP_HEADER_MAX; i++) {
		__u8 *option;

		/* forgotten every time, lest the verifier follow every sum of lengths */
		barrier_var(at);
		at &= TCP_HEADER_MASK;
		option = (void *)tcp + at;
		if (at + TCP_OPTION_MSS_LENGTH > length ||
		    (void *)option + TCP_OPTION_MSS_LENGTH > end)
			return;
		if (option[0] == TCP_OPTION_MSS && option[1] == TCP_OPTION_MSS_LENGTH) {
			lower_mss(tcp, option + 2, at, most);
			return;
		}
		step = option_length(option);
		if (!step || at + step > TCP_HEADER_MAX)
			return;
		at += step;
	}
}

/* A SYN with or without ACK, before it is looked at in earnest. */
static __always_inline void clamp(struct xdp_md *ctx)
{
	struct packet packet = {};
	const struct service *service;

	if (parse_packet(ctx, &packet) || packet.protocol != IPPROTO_TCP)
		return;
	service = classify(&packet, ctx->ingress_ifindex);
	if (!service)
		service = service_of_reply(&packet);
	if (service && service->mss_clamp)
		clamp_mss(ctx, &packet, service->mss_clamp);
}

#endif
