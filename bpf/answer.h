/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors to clients and real servers, as IPVS lets the kernel's icmp_send() and icmpv6_send() make
 * them: the packet turns round with an error in front of it, cut to what such errors may quote.
 */
#ifndef ANSWER_H
#define ANSWER_H

#include <linux/bpf.h>
#include "ask.h"
#include "csum.h"
#include "icmp.h"
#include "maps.h"
#include "packet.h"
#include "route.h"

#define ANSWER_TTL 64
/* RFC 1812, 4.3.2.3: as much as fits into 576 bytes; RFC 4443, 2.4 (c): into the minimum MTU */
#define QUOTE_MAX_V4 (576 - sizeof(struct iphdr) - sizeof(struct icmp_header))
#define QUOTE_MAX_V6 (1280 - sizeof(struct ipv6hdr) - sizeof(struct icmp_header))
#define SUM_CHUNK 64
#define SUM_CHUNKS 20 /* cover QUOTE_MAX_V6 */

#define L2_SHORTEST sizeof(struct ethernet_header)
#define L2_LONGEST (L2_SHORTEST + VLAN_MAX_DEPTH * sizeof(struct vlan_header))

static __always_inline struct answer_request *this_answer(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&answer_requests, &zero);
}

/* One's complement sum of the packet's bytes from offset on; at most SUM_CHUNKS * SUM_CHUNK of them. */
static __always_inline __u64 sum_packet(struct xdp_md *ctx, __u32 offset, __u32 length)
{
	__u64 sum = 0;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < SUM_CHUNKS; i++) {
		__u32 words[SUM_CHUNK / 4] = {};
		__u32 left = length - i * SUM_CHUNK;

		if (i * SUM_CHUNK >= length)
			break;
		if (left > SUM_CHUNK)
			left = SUM_CHUNK;
		/* 1 to SUM_CHUNK it is; Linux 6.1 believes that only of a value it sees masked */
		asm volatile("" : "+r"(left));
		left = ((left - 1) & (SUM_CHUNK - 1)) + 1;
		if (bpf_xdp_load_bytes(ctx, offset + i * SUM_CHUNK, words, left))
			break;
#pragma clang loop unroll(full)
		for (int word = 0; word < SUM_CHUNK / 4; word++)
			sum += words[word];
	}
	return sum;
}

/* Makes room for an error of `growth` bytes before the L3 header and cuts the frame behind the quote. */
static __always_inline bool make_room(struct xdp_md *ctx, __u32 l2_length, __u32 quote, int growth)
{
	int surplus = (int)bpf_xdp_get_buff_len(ctx) - (int)(l2_length + quote);

	if (surplus < 0 || (surplus > 0 && bpf_xdp_adjust_tail(ctx, -surplus)))
		return false;
	return !bpf_xdp_adjust_head(ctx, -growth);
}

/* The Ethernet header and its tags move to the new front, back to where they came from. */
static __always_inline void return_frame(void *frame, const void *old, __u32 l2_length)
{
	struct ethernet_header *ethernet = frame;
	__u8 source[ETH_ALEN];

	if (l2_length == L2_SHORTEST)
		__builtin_memmove(frame, old, L2_SHORTEST);
	else if (l2_length == L2_SHORTEST + sizeof(struct vlan_header))
		__builtin_memmove(frame, old, L2_SHORTEST + sizeof(struct vlan_header));
	else
		__builtin_memmove(frame, old, L2_LONGEST);
	__builtin_memcpy(source, ethernet->source, ETH_ALEN);
	__builtin_memcpy(ethernet->source, ethernet->destination, ETH_ALEN);
	__builtin_memcpy(ethernet->destination, source, ETH_ALEN);
}

/* `sum`: of everything else that the checksum covers */
static __always_inline void write_icmp(struct icmp_header *icmp, __u32 type_code, __be32 detail,
				       __u64 sum)
{
	icmp->type = type_code >> 8;
	icmp->code = type_code & 0xff;
	icmp->checksum = csum_fold(sum + bpf_htons(type_code) + detail);
	icmp->detail = detail;
}

/* The frame gets `growth` bytes for new headers behind an L2 header that goes back to where it came from. */
static __always_inline bool begin_answer(struct xdp_md *ctx, __u32 l2_length, __u32 quote,
					 int growth)
{
	void *frame;

	if (!make_room(ctx, l2_length, quote, growth))
		return false;
	frame = (void *)(long)ctx->data;
	if (frame + growth + L2_LONGEST > (void *)(long)ctx->data_end)
		return false;
	return_frame(frame, frame + growth, l2_length);
	return true;
}

/* Global functions: verified once each, and far from the hot path. Not 0 when the error was written. */
__noinline int answer_ipv4(struct xdp_md *ctx, __u32 l2_length, __u32 length, __u32 type_code,
			   __be32 detail)
{
	const int growth = sizeof(struct iphdr) + sizeof(struct icmp_header);
	__u32 quote = length < QUOTE_MAX_V4 ? length : QUOTE_MAX_V4;
	const struct answer_request *request = this_answer();
	struct iphdr *ip, *quoted;
	struct icmp_header *icmp;
	__u64 sum;

	if (!request || !begin_answer(ctx, l2_length, quote, growth))
		return 0;
	sum = sum_packet(ctx, l2_length + growth, quote);
	ip = (void *)(long)ctx->data + (l2_length & 31);
	icmp = (void *)(ip + 1);
	quoted = (void *)(icmp + 1);
	if ((void *)(quoted + 1) > (void *)(long)ctx->data_end)
		return 0;
	write_icmp(icmp, type_code, detail, sum);

	ip->version = 4;
	ip->ihl = sizeof(*ip) / 4;
	ip->tos = (quoted->tos & 0x1e) | 0xc0; /* precedence internetwork control, as icmp_send() */
	ip->tot_len = bpf_htons(quote + growth);
	ip->id = bpf_get_prandom_u32();
	ip->frag_off = 0;
	ip->ttl = ANSWER_TTL;
	ip->protocol = IPPROTO_ICMP;
	ip->check = 0;
	ip->saddr = request->source.words[3];
	ip->daddr = quoted->saddr;
	sum = 0;
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < sizeof(*ip) / 4; i++)
		sum += ((__be32 *)ip)[i];
	ip->check = csum_fold(sum);
	return 1;
}

__noinline int answer_ipv6(struct xdp_md *ctx, __u32 l2_length, __u32 length, __u32 type_code,
			   __be32 detail)
{
	const int growth = sizeof(struct ipv6hdr) + sizeof(struct icmp_header);
	__u32 quote = length < QUOTE_MAX_V6 ? length : QUOTE_MAX_V6;
	const struct answer_request *request = this_answer();
	struct ipv6hdr *ip, *quoted;
	struct icmp_header *icmp;
	__u64 sum;

	if (!request || !begin_answer(ctx, l2_length, quote, growth))
		return 0;
	sum = sum_packet(ctx, l2_length + growth, quote);
	ip = (void *)(long)ctx->data + (l2_length & 31);
	icmp = (void *)(ip + 1);
	quoted = (void *)(icmp + 1);
	if ((void *)(quoted + 1) > (void *)(long)ctx->data_end)
		return 0;
	*(__be32 *)ip = bpf_htonl(6 << 28);
	ip->payload_len = bpf_htons(quote + sizeof(*icmp));
	ip->nexthdr = IPPROTO_ICMPV6;
	ip->hop_limit = ANSWER_TTL;
	__builtin_memcpy(&ip->saddr, &request->source, sizeof(ip->saddr));
	ip->daddr = quoted->saddr;

	/* RFC 8200, 8.1: addresses, length and next header are summed too */
#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++)
		sum += (__u64)ip->saddr.s6_addr32[i] + ip->daddr.s6_addr32[i];
	sum += (__u64)ip->payload_len + bpf_htonl(IPPROTO_ICMPV6);
	write_icmp(icmp, type_code, detail, sum);
	return 1;
}

/* What is said of a packet that ended so; 0 for nothing. */
static __always_inline __u32 complaint(const struct packet *packet, enum verdict verdict)
{
	/* RFC 1122, 3.2.2: not about fragments but the first */
	if (packet->is_ipv4 && packet->ipv4->frag_off & IP_OFFSET)
		return 0;
	if (verdict == VERDICT_NO_SERVER || verdict == VERDICT_STRAY_REPLY)
		return packet->is_ipv4 ? type_code(ICMP_DEST_UNREACH, ICMP_PORT_UNREACH) :
					 type_code(ICMPV6_DEST_UNREACH, ICMPV6_PORT_UNREACH);
	if (verdict == VERDICT_TTL_EXPIRED || verdict == VERDICT_REPLY_EXPIRED)
		return packet->is_ipv4 ? type_code(ICMP_TIME_EXCEEDED, 0) :
					 type_code(ICMPV6_TIME_EXCEED, 0);
	if (verdict != VERDICT_TOO_BIG || !settings.pmtu_disc)
		return 0;
	if (!packet->is_ipv4)
		return type_code(ICMPV6_PKT_TOOBIG, 0);
	return packet->ipv4->frag_off & IP_DF ? type_code(ICMP_DEST_UNREACH, ICMP_FRAG_NEEDED) : 0;
}

static __always_inline enum verdict answered(enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_NO_SERVER:
		return VERDICT_ANSWERED_NO_SERVER;
	case VERDICT_TOO_BIG:
		return VERDICT_ANSWERED_TOO_BIG;
	case VERDICT_STRAY_REPLY:
		return VERDICT_ANSWERED_STRAY_REPLY;
	default:
		return VERDICT_ANSWERED_TTL_EXPIRED;
	}
}

/* Who speaks: false when the server that would tell is gone. */
static __always_inline bool choose_source(struct answer_request *request,
					  const struct packet *packet)
{
	__u32 slot = request->server;
	const struct server *server;

	request->source = packet_vip(packet);
	if (!is_for_server(request->verdict))
		return true;
	server = bpf_map_lookup_elem(&servers, &slot);
	if (!server || !server->ifindex)
		return false;
	request->source = server->dip;
	return true;
}

/*
 * Turns a packet that cannot be forwarded into the error that says so, to go back where it came from.
 * The verdict stays what it was when there is nothing to say.
 */
static __always_inline enum verdict answer(struct xdp_md *ctx)
{
	struct answer_request *request = this_answer();
	enum verdict verdict = request ? request->verdict : VERDICT_MALFORMED, parsed;
	struct packet packet = {};
	struct cursor cursor;
	__be32 detail = 0;
	__u32 type_code;

	parsed = parse_network(ctx, &cursor, &packet);
	if (!request || (parsed && parsed != VERDICT_FRAGMENT))
		return verdict;
	type_code = complaint(&packet, verdict);
	if (!type_code || !choose_source(request, &packet))
		return verdict;
	if (verdict == VERDICT_TOO_BIG)
		detail = bpf_htonl(request->path_mtu);
	/* IPVS counts the hop before it looks at sizes or, of a reply, for a flow */
	if (verdict == VERDICT_TOO_BIG || verdict == VERDICT_STRAY_REPLY)
		take_hop(&packet);
	if (packet.is_ipv4 ? !answer_ipv4(ctx, packet.l2_length, packet.length, type_code, detail) :
			     !answer_ipv6(ctx, packet.l2_length, packet.length, type_code, detail))
		return verdict;
	return answered(verdict);
}

#endif
