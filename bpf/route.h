/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Direct routing: the packet stays as it is, but for its MAC addresses and one hop less to live. */
#ifndef ROUTE_H
#define ROUTE_H

#include "csum.h"
#include "packet.h"
#include "xdirector.h"

static __always_inline bool has_hop_left(const struct packet *packet)
{
	return (packet->is_ipv4 ? packet->ipv4->ttl : packet->ipv6->hop_limit) > 1;
}

static __always_inline void take_hop(const struct packet *packet)
{
	if (packet->is_ipv4)
		ipv4_decrement_ttl(packet->ipv4);
	else
		packet->ipv6->hop_limit--;
}

/* Both MAC addresses, destination first, as 8 and 4 bytes: records keep them as frames do. */
static __always_inline void write_addresses(void *frame, const __u8 *addresses)
{
	*(__u64 *)frame = *(const __u64 *)addresses;
	*(__u32 *)(frame + 8) = *(const __u32 *)(addresses + 8);
}

static __always_inline void address_frame(void *frame, const struct server *server)
{
	write_addresses(frame, server->destination_mac);
}

static __always_inline bool fits(struct packet *packet, const struct server *server, __u32 overhead)
{
	if (packet->length + overhead <= server->mtu)
		return true;
	packet->path_mtu = server->mtu - overhead;
	return false;
}

static __always_inline enum verdict forward_direct(struct packet *packet,
						   const struct server *server)
{
	if (!fits(packet, server, 0))
		return VERDICT_TOO_BIG;
	take_hop(packet);
	address_frame(packet->ethernet, server);
	return VERDICT_FORWARDED_DIRECT;
}

#endif
