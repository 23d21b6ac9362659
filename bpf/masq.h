/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Masquerading (NAT): packets to the VIP get the real server's address and port, its replies get the
 * VIP's. Ports may differ. Checksums follow incrementally.
 */
#ifndef MASQ_H
#define MASQ_H

#include <linux/bpf.h>
#include "config.h"
#include "crc32c.h"
#include "csum.h"
#include "flow.h"
#include "maps.h"
#include "packet.h"
#include "reply.h"
#include "route.h"
#include "sctp.h"

/* Returns what checksums over the address change by. */
static __always_inline __u64 replace_address(__be32 *address, const union ip *with, bool is_ipv4)
{
	__u64 difference = 0;

	if (is_ipv4) {
		difference = csum_difference(*address, with->words[3]);
		*address = with->words[3];
		return difference;
	}
#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++) {
		difference += csum_difference(address[i], with->words[i]);
		address[i] = with->words[i];
	}
	return difference;
}

/* A UDP checksum of 0 means none (RFC 768), so one that comes out as 0 is sent as 0xffff. */
static __always_inline void update_l4_checksum(const struct packet *packet, __u64 difference)
{
	bool is_udp = packet->protocol == IPPROTO_UDP;
	__u16 check = *packet->l4_checksum;

	if (is_udp && !check)
		return;
	check = csum_update(check, difference);
	*packet->l4_checksum = is_udp && !check ? 0xffff : check;
}

/* Of the IP header, and of its checksum; returns what an L4 checksum changes by. */
static __always_inline __u64 masquerade_address(const struct packet *packet, bool is_destination,
						const union ip *with)
{
	__u64 difference;

	if (packet->is_ipv4) {
		struct iphdr *ip = packet->ipv4;

		difference = replace_address(is_destination ? &ip->daddr : &ip->saddr, with, true);
		ip->check = csum_update(ip->check, difference);
		return difference;
	}
	return replace_address(is_destination ? packet->ipv6->daddr.s6_addr32 :
						packet->ipv6->saddr.s6_addr32,
			       with, false);
}

/* The port at the server of a flow with this word, whose port at the VIP is given. */
static __always_inline __be16 port_at_server(const struct server *server, __u64 word, __be16 vport)
{
	return word & FLOW_KEEPS_PORT ? vport : server->port;
}

/*
 * SCTP's checksum covers the ports but not the addresses. False when it cannot follow: it is that of a
 * whole of which this packet is a fragment.
 */
static __always_inline bool masquerade_sctp_port(const struct packet *packet, __be16 *port,
						 __be16 with)
{
	struct sctp_header *sctp = (void *)packet->ports;
	__u32 before, after;

	if (*port == with)
		return true;
	if (!packet->sctp_length)
		return false;
	__builtin_memcpy(&before, &sctp->ports, sizeof(before));
	*port = with;
	__builtin_memcpy(&after, &sctp->ports, sizeof(after));
	sctp->checksum ^= crc32c_difference(before ^ after, packet->sctp_length);
	return true;
}

/* `address_difference`: what a checksum over the address that goes with the port changes by. */
static __always_inline bool masquerade_port(const struct packet *packet, __be16 *port, __be16 with,
					    __u64 address_difference)
{
	if (packet->protocol == IPPROTO_SCTP)
		return masquerade_sctp_port(packet, port, with);
	update_l4_checksum(packet, address_difference + csum_difference(*port, with));
	*port = with;
	return true;
}

static __always_inline bool masquerade_destination(const struct packet *packet,
						   const struct server *server)
{
	__u64 difference = masquerade_address(packet, true, &server->rip);
	__be16 port = port_at_server(server, packet->word, packet->vport);

	return masquerade_port(packet, &packet->ports->destination, port, difference);
}

static __always_inline bool masquerade_source(const struct packet *packet,
					      const struct reply_way *way)
{
	union ip vip = reply_vip(way, packet->is_ipv4);
	__u64 difference = masquerade_address(packet, false, &vip);

	return masquerade_port(packet, &packet->ports->source, way->reply->vport, difference);
}

static __always_inline struct flow_key reply_flow(const struct packet *packet,
						  const struct server *server, __u64 way)
{
	bool is_ipv4 = packet->is_ipv4;
	struct flow_key flow = {
		.source = is_ipv4 ? &server->rip.words[3] : server->rip.words,
		.destination = is_ipv4 ? &packet->ipv4->saddr : packet->ipv6->saddr.s6_addr32,
		.source_port = port_at_server(server, way, packet->vport),
		.destination_port = packet->cport,
		.protocol = packet->protocol,
		.is_ipv4 = is_ipv4,
	};

	return flow;
}

/* Whether replies would be taken for those of a flow that lives. What does not live goes: it would find them first. */
static __always_inline bool is_taken(const struct flow_place *reply, __u64 now)
{
	struct flow_slot *slot = flow_find(reply);
	bool is_orphan;
	__u64 word;

	if (!slot)
		return false;
	word = slot->word;
	is_orphan = word & FLOW_MASQUERADE && flow_is_orphan(flow_number(reply, slot));
	if (!is_orphan && !flow_is_expired(word, now))
		return true;
	flow_free(slot, reply, word);
	return false;
}

static __always_inline struct flow_slot *claim_victim(const struct flow_place *place,
						      bool half_open, __u64 now)
{
	return flow_claim(place,
			  find_victim(place->bucket, flow_home(place->signature), half_open, now));
}

/*
 * Remembers a flow and its reply. UNDECIDED when that worked; otherwise the packet cannot be
 * forwarded to this server: unlike the other methods this one does not work without state.
 */
static __always_inline enum verdict
flow_create_pair(struct xdp_md *ctx, const struct flow_place *place, const struct packet *packet,
		 const struct new_flow *flow, const struct server *server)
{
	__u32 state = next_state(packet, STATE_NONE, DIRECTION_INPUT), flow_at, reply_at;
	bool half_open = is_half_open(packet, state);
	struct flow_key key = reply_flow(packet, server, flow->way);
	struct flow_slot *flow_slot, *reply_slot;
	struct reply_way way;
	__u64 now = flow_now(), word;
	struct flow_place reply;

	if (!flow_locate(&key, &reply))
		return VERDICT_NO_ROOM;
	flow_fetch_near(&reply);
	flow_fetch_far(&reply);
	if (is_taken(&reply, now))
		return VERDICT_REPLY_COLLISION;
	flow_slot = claim_victim(place, half_open, now);
	if (!flow_slot)
		return VERDICT_NO_ROOM;
	reply_slot = claim_victim(&reply, half_open, now);
	if (!reply_slot) {
		flow_slot->signature = 0;
		return VERDICT_NO_ROOM;
	}

	flow_at = flow_number(place, flow_slot);
	reply_at = flow_number(&reply, reply_slot);
	flow_write_tuple(flow_slot, flow_at, packet, reply_at);
	if (find_reply_way(&way, reply_slot, reply_at))
		write_reply(ctx, &way, packet, flow_at);
	word = flow_word(packet, flow->way, state, now);
	flow_take_control(reply_at, flow, word);
	flow_take_control(flow_at, flow, word);
	flow_publish(reply_slot, reply_at, reply.signature, word | FLOW_REPLY);
	flow_publish(flow_slot, flow_at, place->signature, word);
	return VERDICT_UNDECIDED;
}

static __always_inline enum verdict forward_masquerade(struct packet *packet,
						       const struct server *server)
{
	if (!fits(packet, server, 0))
		return VERDICT_TOO_BIG;
	take_hop(packet);
	if (!masquerade_destination(packet, server))
		return VERDICT_SCTP_FRAGMENT;
	address_frame(packet->ethernet, server);
	return VERDICT_FORWARDED_MASQUERADE;
}

/* A reply of a real server, on its way to the client. */
static __always_inline enum verdict masquerade_reply(struct xdp_md *ctx, struct packet *packet,
						     const struct flow_slot *slot, __u32 number)
{
	struct reply_way way;

	if (!find_reply_way(&way, slot, number))
		return VERDICT_NO_FLOW;
	if (!has_hop_left(packet))
		return VERDICT_REPLY_EXPIRED;
	if (way.reply->route_generation != (__u16)settings.route_generation)
		refresh_next_hop(ctx, number, packet->l2_length, packet->is_ipv4);
	take_hop(packet);
	if (!masquerade_source(packet, &way))
		return VERDICT_SCTP_FRAGMENT;
	write_addresses(packet->ethernet, way.rest->destination_mac);
	set_way_to_client(ctx, packet, way.reply);
	return VERDICT_REPLY_MASQUERADE;
}

#endif
