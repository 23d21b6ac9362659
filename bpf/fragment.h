/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Fragments: the first one carries the ports, finds its flow and leaves word where the others are to go.
 * Each is forwarded by itself: the data plane does not reassemble.
 */
#ifndef FRAGMENT_H
#define FRAGMENT_H

#include <linux/bpf.h>
#include "count.h"
#include "direct.h"
#include "flow.h"
#include "forward.h"
#include "maps.h"
#include "masq.h"
#include "merge.h"
#include "packet.h"

/* As long as the kernel waits for the rest: net.ipv4.ipfrag_time, 30 s in ticks of 0.27 s. */
#define FRAGMENT_TICKS 112

/* RFC 8200, 4.5 */
struct ipv6_fragment {
	__u8 next_header;
	__u8 reserved;
	__be16 offset; /* in units of 8 bytes, times 8; the lowest bit: more fragments */
	__be32 id;
};

struct fragment_place {
	bool is_first;
	bool is_last;
};

/*
 * For a packet that parse_network() found to be a fragment: what names the whole, with the cursor moved
 * to the payload. False when the header is cut short.
 */
static __always_inline bool parse_fragment(struct cursor *cursor, struct packet *packet,
					   struct fragment_key *key, struct fragment_place *place)
{
	const struct ipv6_fragment *header;

	key->source = packet_cip(packet);
	key->destination = packet_vip(packet);
	if (packet->is_ipv4) {
		key->id = packet->ipv4->id;
		place->is_first = !(packet->ipv4->frag_off & IP_OFFSET);
		place->is_last = !(packet->ipv4->frag_off & IP_MORE_FRAGMENTS);
	} else {
		header = cursor_take(cursor, struct ipv6_fragment);
		if (!header)
			return false;
		key->id = header->id;
		packet->protocol = header->next_header;
		place->is_first = !(header->offset & bpf_htons(0xfff8));
		place->is_last = !(header->offset & bpf_htons(1));
	}
	key->protocol = packet->protocol;
	return true;
}

/* Where the first fragment went, if it was sent there. */
static __always_inline void remember_way(struct fragment_note *note, const struct packet *packet,
					 enum verdict verdict)
{
	if (!is_transmitted(verdict) && verdict != VERDICT_UNDECIDED)
		return;
	note->way.word = packet->word;
	note->way.reply = packet->reply;
	note->way.tick = flow_now();
	bpf_map_update_elem(&fragments, &note->key, &note->way, BPF_ANY);
}

/* As masquerade_reply(), but for the ports, which only the first fragment has. */
static __always_inline enum verdict reply_fragment(struct xdp_md *ctx, struct packet *packet,
						   __u32 number)
{
	const struct flow_slot *slot = flow_slot_at(number);
	struct reply_way way;
	union ip vip;

	if (!slot || !find_reply_way(&way, slot, number))
		return VERDICT_FRAGMENT;
	if (!has_hop_left(packet))
		return VERDICT_REPLY_EXPIRED;
	take_hop(packet);
	vip = reply_vip(&way, packet->is_ipv4);
	masquerade_address(packet, false, &vip);
	write_addresses(packet->ethernet, way.rest->destination_mac);
	set_way_to_client(ctx, packet, way.reply);
	return VERDICT_REPLY_MASQUERADE;
}

static __always_inline enum verdict masquerade_fragment(struct xdp_md *ctx, struct packet *packet,
							__u64 word)
{
	__u32 slot = flow_server(word);
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);

	if (!server || server->method == METHOD_NONE)
		return VERDICT_SERVER_REMOVED;
	count_server(slot, packet, 0);
	if (!server->ifindex)
		return VERDICT_NO_NEIGHBOUR;
	if (!has_hop_left(packet))
		return VERDICT_TTL_EXPIRED;
	take_hop(packet);
	masquerade_address(packet, true, &server->rip);
	address_frame(packet->ethernet, server);
	set_way(ctx, packet, server->ifindex, server->vlan);
	return VERDICT_FORWARDED_MASQUERADE;
}

/* A fragment without ports: the way of its first one, or up when that did not come this way. */
static __always_inline enum verdict follow_fragment(struct xdp_md *ctx, struct packet *packet,
						    const struct fragment_key *key)
{
	const struct fragment_way *way = bpf_map_lookup_elem(&fragments, key);
	__u64 word;

	if (!way || ((flow_now() - way->tick) & FLOW_TICK_MASK) > FRAGMENT_TICKS)
		return VERDICT_FRAGMENT;
	word = way->word;
	if (word & FLOW_REPLY) {
		count_reply(flow_server(word), packet);
		return reply_fragment(ctx, packet, way->reply);
	}
	if (word & FLOW_MASQUERADE)
		return masquerade_fragment(ctx, packet, word);
	return forward(ctx, packet, word, 0);
}

/*
 * UNDECIDED: *packet is filled in, as parse_packet() would, and the note is to be written. FRAGMENT: it is a later
 * one, which the note's key names.
 */
static __always_inline enum verdict parse_first_fragment(struct xdp_md *ctx, struct packet *packet,
							 struct fragment_note **note)
{
	struct fragment_place place;
	struct cursor cursor;
	__u32 zero = 0;

	*note = bpf_map_lookup_elem(&fragment_notes, &zero);
	if (!*note || parse_network(ctx, &cursor, packet) != VERDICT_FRAGMENT ||
	    !parse_fragment(&cursor, packet, &(*note)->key, &place))
		return VERDICT_MALFORMED;
	return place.is_first ? parse_transport(&cursor, packet) : VERDICT_FRAGMENT;
}

static __always_inline enum verdict direct_fragment(struct xdp_md *ctx, struct packet *packet)
{
	struct fragment_note *note;
	enum verdict verdict = parse_first_fragment(ctx, packet, &note);

	if (verdict == VERDICT_FRAGMENT && note)
		return follow_fragment(ctx, packet, &note->key);
	if (verdict)
		return verdict;
	if (!merge_packet(ctx, packet, sizeof(struct l4_ports)))
		return VERDICT_MALFORMED;
	verdict = direct(ctx, packet);
	remember_way(note, packet, verdict);
	return verdict;
}

#endif
