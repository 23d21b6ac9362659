/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * ICMP errors that quote a packet of a flow follow the flow (ip_vs_in_icmp, ip_vs_out_icmp): those about
 * what a server sent to a client go to that server, those about masqueraded packets to the server come
 * from the VIP.
 */
#ifndef RELATED_H
#define RELATED_H

#include <linux/bpf.h>
#include "csum.h"
#include "flow.h"
#include "forward.h"
#include "icmp.h"
#include "masq.h"
#include "packet.h"

/* An ICMP error and the packet that it quotes. */
struct quote {
	struct icmp_header *icmp;
	union {
		struct iphdr *ipv4;
		struct ipv6hdr *ipv6;
	};
	struct l4_ports *ports;
	__u8 protocol;
};

static __always_inline bool is_balanced(__u8 protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

static __always_inline bool parse_quote(struct cursor *cursor, bool is_ipv4, struct quote *quote)
{
	quote->icmp = cursor_take(cursor, struct icmp_header);
	if (!quote->icmp || !icmp_follows_flow(quote->icmp->type, is_ipv4))
		return false;
	if (is_ipv4) {
		quote->ipv4 = cursor_take(cursor, struct iphdr);
		if (!quote->ipv4 || quote->ipv4->version != 4 || quote->ipv4->ihl < 5 ||
		    quote->ipv4->frag_off & IP_OFFSET)
			return false;
		quote->protocol = quote->ipv4->protocol;
		cursor->at += quote->ipv4->ihl * 4 - sizeof(*quote->ipv4);
	} else {
		quote->ipv6 = cursor_take(cursor, struct ipv6hdr);
		if (!quote->ipv6 || quote->ipv6->version != 6)
			return false;
		quote->protocol = quote->ipv6->nexthdr;
	}
	quote->ports = cursor_take(cursor, struct l4_ports);
	return quote->ports && is_balanced(quote->protocol);
}

/* The flow whose packets the quoted one answers, or which it belongs to: the tuple turned round. */
static __always_inline struct flow_key quoted_flow(const struct quote *quote, bool is_ipv4)
{
	struct flow_key flow = {
		.source = is_ipv4 ? &quote->ipv4->daddr : quote->ipv6->daddr.s6_addr32,
		.destination = is_ipv4 ? &quote->ipv4->saddr : quote->ipv6->saddr.s6_addr32,
		.source_port = quote->ports->destination,
		.destination_port = quote->ports->source,
		.protocol = quote->protocol,
		.is_ipv4 = is_ipv4,
	};

	return flow;
}

/*
 * One address inside and one outside become `address`, one port inside becomes `port`. The quoted IPv4
 * header's own checksum makes up for its address, so ICMP's follows the port alone; ICMPv6's covers
 * the outer addresses as well.
 */
static __always_inline void masquerade_quote(const struct packet *packet, const struct quote *quote,
					     __be32 *outer, __be32 *inner, __be16 *inner_port,
					     const union ip *address, __be16 port)
{
	__u64 outside = replace_address(outer, address, packet->is_ipv4);
	__u64 inside = replace_address(inner, address, packet->is_ipv4);
	__u64 difference = csum_difference(*inner_port, port);

	*inner_port = port;
	if (packet->is_ipv4) {
		packet->ipv4->check = csum_update(packet->ipv4->check, outside);
		quote->ipv4->check = csum_update(quote->ipv4->check, inside);
	} else {
		difference += outside + inside;
	}
	quote->icmp->checksum = csum_update(quote->icmp->checksum, difference);
}

static __always_inline enum verdict related_to_server(struct xdp_md *ctx, struct packet *packet,
						      const struct quote *quote, __u64 word)
{
	__u32 slot = flow_server(word);
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);
	bool is_ipv4 = packet->is_ipv4;

	if (!(word & FLOW_MASQUERADE))
		return forward(ctx, packet, word, 0);
	if (!server || server->method == METHOD_NONE)
		return VERDICT_SERVER_REMOVED;
	count_server(slot, packet, 0);
	if (!server->ifindex)
		return VERDICT_NO_NEIGHBOUR;
	if (!has_hop_left(packet))
		return VERDICT_TTL_EXPIRED;
	set_way(ctx, packet, server->ifindex, server->vlan);
	take_hop(packet);
	masquerade_quote(packet, quote,
			 is_ipv4 ? &packet->ipv4->daddr : packet->ipv6->daddr.s6_addr32,
			 is_ipv4 ? &quote->ipv4->saddr : quote->ipv6->saddr.s6_addr32,
			 &quote->ports->source, &server->rip,
			 port_at_server(server, word, quote->ports->source));
	address_frame(packet->ethernet, server);
	return VERDICT_FORWARDED_MASQUERADE;
}

static __always_inline enum verdict related_to_client(struct xdp_md *ctx, struct packet *packet,
						      const struct quote *quote,
						      const struct flow_slot *slot, __u32 number)
{
	bool is_ipv4 = packet->is_ipv4;
	struct reply_way way;
	union ip vip;

	if (!find_reply_way(&way, slot, number))
		return VERDICT_NOT_TCP_UDP;
	if (!has_hop_left(packet))
		return VERDICT_REPLY_EXPIRED;
	if (way.reply->route_generation != (__u16)settings.route_generation)
		refresh_next_hop(ctx, number, packet->l2_length, is_ipv4);
	take_hop(packet);
	vip = reply_vip(&way, is_ipv4);
	masquerade_quote(packet, quote,
			 is_ipv4 ? &packet->ipv4->saddr : packet->ipv6->saddr.s6_addr32,
			 is_ipv4 ? &quote->ipv4->daddr : quote->ipv6->daddr.s6_addr32,
			 &quote->ports->destination, &vip, way.reply->vport);
	write_addresses(packet->ethernet, way.rest->destination_mac);
	set_way_to_client(ctx, packet, way.reply);
	return VERDICT_REPLY_MASQUERADE;
}

static __always_inline enum verdict direct_related(struct xdp_md *ctx, struct packet *packet)
{
	struct flow_place place;
	struct flow_slot *slot;
	struct cursor cursor;
	struct flow_key flow;
	struct quote quote;
	__u64 word;

	if (parse_network(ctx, &cursor, packet) || !is_icmp(packet) ||
	    !parse_quote(&cursor, packet->is_ipv4, &quote))
		return VERDICT_NOT_TCP_UDP;
	flow = quoted_flow(&quote, packet->is_ipv4);
	if (!flow_locate(&flow, &place))
		return VERDICT_NOT_TCP_UDP;
	slot = flow_find(&place);
	if (!slot)
		return VERDICT_NOT_TCP_UDP;
	word = slot->word;
	if (flow_is_expired(word, flow_now()))
		return VERDICT_NOT_TCP_UDP;
	if (word & FLOW_REPLY)
		return related_to_client(ctx, packet, &quote, slot, flow_number(&place, slot));
	return related_to_server(ctx, packet, &quote, word);
}

#endif
