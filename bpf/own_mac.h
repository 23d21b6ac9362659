/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Whether a frame is for this machine at all. An interface in promiscuous mode, or a port that a switch floods, shows
 * frames for other machines; the stack ignores them (PACKET_OTHERHOST), and IPVS with it, which leaves broadcast and
 * multicast frames alone, too.
 */
#ifndef OWN_MAC_H
#define OWN_MAC_H

#include <stdbool.h>
#include "config.h"
#include "packet.h"

/* Its first five bytes; see struct own_macs. */
#define MAC_WITHOUT_LAST(word) ((word) >> 16 & 0xffffffffffULL)
/* 00:00:5e:00:01:xx and 00:00:5e:00:02:xx, virtual routers of IPv4 and IPv6 (RFC 9568, 7.3). */
#define MAC_VRRP_V4 0x01005e0000ULL
#define MAC_VRRP_V6 0x02005e0000ULL

static __always_inline __u32 own_mac_home(__u64 mac)
{
	return mac >> 56;
}

/* A global function: the hit path finds the address where it should be and does not come here. */
__noinline int is_own_all_the_same(__u64 mac)
{
	__u64 beginning = MAC_WITHOUT_LAST(mac);

	if (!own_macs.count)
		return true;
	if (beginning == MAC_VRRP_V4 || beginning == MAC_VRRP_V6)
		return true;
#pragma clang loop unroll(full)
	for (__u32 next = 1; next < OWN_MAC_TRIES; next++)
		if (own_macs.mac[(own_mac_home(mac) + next) % OWN_MAC_PLACES] == mac)
			return true;
	return false;
}

/* Frames too short for a header are left to the parser. */
static __always_inline bool is_for_us(const struct xdp_md *ctx)
{
	const void *frame = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
	__u64 mac;

	if (frame + sizeof(mac) > end)
		return true;
	mac = *(const __u64 *)frame << 16;
	return own_macs.mac[own_mac_home(mac)] == mac || is_own_all_the_same(mac);
}

#endif
