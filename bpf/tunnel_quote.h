/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Parsers for an ICMP error that quotes one of the director's own tunnel packets, down to the ports of what is inside. */
#ifndef TUNNEL_QUOTE_H
#define TUNNEL_QUOTE_H

#include "icmp.h"
#include "packet.h"
#include "tunnel_wire.h"

/* The tunnel packet that an error quotes, and the packet inside it. */
struct tunnel_quote {
	const struct icmp_header *icmp;
	union ip dip;
	union ip rip;
	__u8 protocol; /* of the outer header */
	__u8 tunnel;   /* enum tunnel */
	__be16 port;
	struct packet inside; /* as far as it names its flow */
};

/* The director's own headers have no options. */
static __always_inline bool parse_outer(struct cursor *cursor, bool is_ipv4,
					struct tunnel_quote *quote)
{
	if (is_ipv4) {
		const struct iphdr *ip = cursor_take(cursor, struct iphdr);

		if (!ip || ip->version != 4 || ip->ihl != sizeof(*ip) / 4 ||
		    ip->frag_off & IP_OFFSET)
			return false;
		quote->dip = ipv4_mapped(ip->saddr);
		quote->rip = ipv4_mapped(ip->daddr);
		quote->protocol = ip->protocol;
	} else {
		const struct ipv6hdr *ip = cursor_take(cursor, struct ipv6hdr);

		if (!ip || ip->version != 6)
			return false;
		__builtin_memcpy(&quote->dip, &ip->saddr, sizeof(quote->dip));
		__builtin_memcpy(&quote->rip, &ip->daddr, sizeof(quote->rip));
		quote->protocol = ip->nexthdr;
	}
	return true;
}

static __always_inline bool parse_gue(struct cursor *cursor, struct tunnel_quote *quote)
{
	const struct udphdr *udp = cursor_take(cursor, struct udphdr);
	const __be32 *gue = cursor_take(cursor, __be32);

	if (!udp || !gue || (*gue != GUE_IPV4 && *gue != GUE_IPV6))
		return false;
	quote->tunnel = TUNNEL_GUE;
	quote->port = udp->dest;
	quote->inside.is_ipv4 = *gue == GUE_IPV4;
	return true;
}

static __always_inline bool parse_gre(struct cursor *cursor, struct tunnel_quote *quote)
{
	const __be32 *gre = cursor_take(cursor, __be32);
	__be32 type;

	if (!gre)
		return false;
	type = *gre & ~GRE_CHECKSUM;
	if (type != GRE_IPV4 && type != GRE_IPV6)
		return false;
	quote->tunnel = TUNNEL_GRE;
	quote->inside.is_ipv4 = type == GRE_IPV4;
	return !(*gre & GRE_CHECKSUM) || cursor_take(cursor, __be32);
}

/* Leaves the cursor at the inner IP header. */
static __always_inline bool parse_tunnel(struct cursor *cursor, struct tunnel_quote *quote)
{
	switch (quote->protocol) {
	case IPPROTO_IPIP:
	case IPPROTO_IPV6:
		quote->tunnel = TUNNEL_IPIP;
		quote->inside.is_ipv4 = quote->protocol == IPPROTO_IPIP;
		return true;
	case IPPROTO_UDP:
		return parse_gue(cursor, quote);
	case IPPROTO_GRE:
		return parse_gre(cursor, quote);
	default:
		return false;
	}
}

/* Quotes end early, so lengths are not looked at. */
static __always_inline bool parse_inside(struct cursor *cursor, struct packet *inside)
{
	const struct l4_ports *ports;

	if (inside->is_ipv4) {
		inside->ipv4 = cursor_take(cursor, struct iphdr);
		if (!inside->ipv4 || inside->ipv4->version != 4 || inside->ipv4->ihl < 5 ||
		    inside->ipv4->frag_off & IP_OFFSET)
			return false;
		inside->protocol = inside->ipv4->protocol;
		inside->length = bpf_ntohs(inside->ipv4->tot_len);
		cursor->at += inside->ipv4->ihl * 4 - sizeof(*inside->ipv4);
	} else {
		inside->ipv6 = cursor_take(cursor, struct ipv6hdr);
		if (!inside->ipv6 || inside->ipv6->version != 6)
			return false;
		inside->protocol = inside->ipv6->nexthdr;
		inside->length = sizeof(*inside->ipv6) + bpf_ntohs(inside->ipv6->payload_len);
	}
	ports = cursor_take(cursor, struct l4_ports);
	if (!ports)
		return false;
	inside->cport = ports->source;
	inside->vport = ports->destination;
	return true;
}

static __always_inline bool parse_tunnel_quote(struct cursor *cursor, const struct packet *packet,
					       struct tunnel_quote *quote)
{
	quote->icmp = cursor_take(cursor, struct icmp_header);
	if (!quote->icmp || !icmp_follows_flow(quote->icmp->type, packet->is_ipv4))
		return false;
	return parse_outer(cursor, packet->is_ipv4, quote) && parse_tunnel(cursor, quote) &&
	       parse_inside(cursor, &quote->inside);
}

#endif
