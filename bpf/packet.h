/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* From bytes to a struct packet: cursor parsers for Ethernet, VLAN, IPv4, IPv6, TCP and UDP. */
#ifndef PACKET_H
#define PACKET_H

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdbool.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include "xdirector.h"

#define VLAN_MAX_DEPTH 2
#define IP_DF bpf_htons(0x4000)
#define IP_MORE_FRAGMENTS bpf_htons(0x2000)
#define IP_OFFSET bpf_htons(0x1fff)

/* Byte 13 of the TCP header (RFC 9293, 3.1). */
#define TCP_FIN 0x01
#define TCP_SYN 0x02
#define TCP_RST 0x04
#define TCP_ACK 0x10
#define TCP_FLAGS_BYTE 13

/* linux/if_ether.h's own is packed, which makes clang move it byte by byte. */
struct ethernet_header {
	__u8 destination[ETH_ALEN];
	__u8 source[ETH_ALEN];
	__be16 protocol;
};

/* How TCP, UDP and SCTP begin. */
struct l4_ports {
	__be16 source;
	__be16 destination;
};

struct vlan_header {
	__be16 tci;
	__be16 protocol;
};

/*
 * What the rest of the program knows of a packet. Kept small: a hit needs no more than the ports, and
 * what it does not need would be carried along on the stack. Pointers die with bpf_xdp_adjust_head().
 */
struct packet {
	struct ethernet_header *ethernet;
	union {
		void *l3;
		struct iphdr *ipv4;
		struct ipv6hdr *ipv6;
	};
	struct l4_ports *ports;
	__sum16 *l4_checksum;
	bool is_ipv4;
	__u8 protocol;
	union {
		__u8 tcp_flags;
		__u16 sctp_chunk; /* type of the first one; sctp.h */
	};
	__u16 l2_length; /* Ethernet and VLAN headers */
	__u16 length;    /* L3 length as the IP header states it */
	__be16 cport;
	__be16 vport;
	__u16 sctp_length; /* of the whole SCTP packet; 0 in a fragment, which does not tell */
	__u16 path_mtu;    /* what would have fitted, when the verdict is TOO_BIG */
	__u32 egress;      /* interface a forwarded packet leaves by */
	__u64 word;        /* of the flow it was found to belong to */
	__u32 reply;       /* that flow\'s slot, when the packet is a reply */
	__u32 hash;        /* of the flow, where it was looked up by this packet */
	bool moves_load; /* may have changed loads: it was more than the next packet of its flow */
};

/* The parsers' place in the packet; each checks its own bounds and moves on. */
struct cursor {
	void *at;
	void *end;
};

#define cursor_take(cursor, type)                                                                  \
	({                                                                                         \
		type *header_ = (cursor)->at;                                                      \
		bool fits_ = (void *)(header_ + 1) <= (cursor)->end;                               \
		if (fits_)                                                                         \
			(cursor)->at = header_ + 1;                                                \
		fits_ ? header_ : NULL;                                                            \
	})

/* As a number: Linux 6.1 takes the result of a byte swap for unbounded, no good for a pointer. */
static __always_inline __u32 bytes_from(const struct cursor *cursor, const void *header)
{
	return cursor->end - header;
}

static __always_inline bool is_vlan(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* Leaves the cursor at the L3 header; protocol is the one behind all VLAN tags. */
static __always_inline bool parse_ethernet(struct cursor *cursor, struct packet *packet,
					   __be16 *protocol)
{
	packet->ethernet = cursor_take(cursor, struct ethernet_header);
	if (!packet->ethernet)
		return false;

	*protocol = packet->ethernet->protocol;
	packet->l2_length = sizeof(struct ethernet_header);
#pragma clang loop unroll(full)
	for (int depth = 0; depth < VLAN_MAX_DEPTH; depth++) {
		struct vlan_header *vlan;

		if (!is_vlan(*protocol))
			return true;
		vlan = cursor_take(cursor, struct vlan_header);
		if (!vlan)
			return false;
		*protocol = vlan->protocol;
		packet->l2_length += sizeof(*vlan);
	}
	return true;
}

static __always_inline enum verdict parse_ipv4(struct cursor *cursor, struct packet *packet)
{
	struct iphdr *ip = cursor_take(cursor, struct iphdr);

	if (!ip || ip->version != 4 || ip->ihl < 5)
		return VERDICT_MALFORMED;
	packet->length = bpf_ntohs(ip->tot_len);
	if (packet->length > bytes_from(cursor, ip) || packet->length < ip->ihl * 4)
		return VERDICT_MALFORMED;

	packet->ipv4 = ip;
	packet->is_ipv4 = true;
	packet->protocol = ip->protocol;
	cursor->at += ip->ihl * 4 - sizeof(*ip);
	return ip->frag_off & (IP_MORE_FRAGMENTS | IP_OFFSET) ? VERDICT_FRAGMENT :
								VERDICT_UNDECIDED;
}

static __always_inline enum verdict parse_ipv6(struct cursor *cursor, struct packet *packet)
{
	struct ipv6hdr *ip = cursor_take(cursor, struct ipv6hdr);

	if (!ip || ip->version != 6)
		return VERDICT_MALFORMED;
	packet->length = sizeof(*ip) + bpf_ntohs(ip->payload_len);
	if (packet->length > bytes_from(cursor, ip))
		return VERDICT_MALFORMED;

	packet->ipv6 = ip;
	packet->is_ipv4 = false;
	packet->protocol = ip->nexthdr;
	return packet->protocol == IPPROTO_FRAGMENT ? VERDICT_FRAGMENT : VERDICT_UNDECIDED;
}

static __always_inline enum verdict parse_tcp(struct cursor *cursor, struct packet *packet)
{
	struct tcphdr *tcp = cursor_take(cursor, struct tcphdr);

	if (!tcp || tcp->doff < 5)
		return VERDICT_MALFORMED;
	packet->protocol = IPPROTO_TCP;
	packet->ports = (void *)tcp;
	packet->l4_checksum = &tcp->check;
	packet->cport = tcp->source;
	packet->vport = tcp->dest;
	packet->tcp_flags = ((const __u8 *)tcp)[TCP_FLAGS_BYTE];
	return VERDICT_UNDECIDED;
}

static __always_inline enum verdict parse_udp(struct cursor *cursor, struct packet *packet)
{
	struct udphdr *udp = cursor_take(cursor, struct udphdr);

	if (!udp)
		return VERDICT_MALFORMED;
	packet->protocol = IPPROTO_UDP;
	packet->ports = (void *)udp;
	packet->l4_checksum = &udp->check;
	packet->cport = udp->source;
	packet->vport = udp->dest;
	return VERDICT_UNDECIDED;
}

/* Up to the header behind IP, where it leaves the cursor. */
static __always_inline enum verdict parse_network(struct xdp_md *ctx, struct cursor *cursor,
						  struct packet *packet)
{
	__be16 protocol;

	cursor->at = (void *)(long)ctx->data;
	cursor->end = (void *)(long)ctx->data_end;
	if (!parse_ethernet(cursor, packet, &protocol))
		return VERDICT_MALFORMED;
	if (protocol == bpf_htons(ETH_P_IP))
		return parse_ipv4(cursor, packet);
	if (protocol == bpf_htons(ETH_P_IPV6))
		return parse_ipv6(cursor, packet);
	return VERDICT_NOT_IP;
}

/*
 * Each parser states the protocol that it was called for, so that the compiler knows what the packet is
 * not: hits of TCP and UDP are spared the questions that concern SCTP.
 */
static __always_inline enum verdict parse_transport(struct cursor *cursor, struct packet *packet)
{
	if (packet->protocol == IPPROTO_TCP)
		return parse_tcp(cursor, packet);
	if (packet->protocol == IPPROTO_UDP)
		return parse_udp(cursor, packet);
	return VERDICT_NOT_TCP_UDP;
}

/* UNDECIDED: *packet is filled in. */
static __always_inline enum verdict parse_packet(struct xdp_md *ctx, struct packet *packet)
{
	struct cursor cursor;
	enum verdict verdict = parse_network(ctx, &cursor, packet);

	return verdict ? verdict : parse_transport(&cursor, packet);
}

static __always_inline bool is_icmp(const struct packet *packet)
{
	return packet->protocol == (packet->is_ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static __always_inline union ip ipv4_mapped(__be32 address)
{
	return (union ip){ .words = { 0, 0, bpf_htonl(0xffff), address } };
}

static __always_inline union ip packet_cip(const struct packet *packet)
{
	union ip cip;

	if (packet->is_ipv4)
		return ipv4_mapped(packet->ipv4->saddr);
	__builtin_memcpy(&cip, &packet->ipv6->saddr, sizeof(cip));
	return cip;
}

static __always_inline union ip packet_vip(const struct packet *packet)
{
	union ip vip;

	if (packet->is_ipv4)
		return ipv4_mapped(packet->ipv4->daddr);
	__builtin_memcpy(&vip, &packet->ipv6->daddr, sizeof(vip));
	return vip;
}

#endif
