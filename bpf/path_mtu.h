/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * What routers on the way to a tunnel's end say about its MTU. The server's record is lowered in place, where the
 * next packet looks anyway; a packet that no longer fits is the occasion to see whether that is still so.
 */
#ifndef PATH_MTU_H
#define PATH_MTU_H

#include "flow_word.h"
#include "maps.h"

/* As long as the kernel believes it: net.ipv4.route.mtu_expires, 600 s in ticks of 0.27 s. */
#define PATH_MTU_TICKS 2235
/* Less is not believed: net.ipv4.route.min_pmtu; RFC 8200, 5 */
#define PATH_MTU_MIN_V4 552
#define PATH_MTU_MIN_V6 1280

/* The note about this server, unless user space has replaced the record since. */
static __always_inline struct path_mtu *current_path_mtu(__u32 slot, const struct server *server)
{
	struct path_mtu *note = bpf_map_lookup_elem(&path_mtus, &slot);

	if (!note || note->mtu != server->mtu || note->rip.halves[0] != server->rip.halves[0] ||
	    note->rip.halves[1] != server->rip.halves[1])
		return NULL;
	return note;
}

static __always_inline void lower_path_mtu(__u32 slot, struct server *server, __u32 mtu,
					   __u32 minimum)
{
	struct path_mtu note = { .rip = server->rip, .tick = flow_now(), .link_mtu = server->mtu };
	const struct path_mtu *before = current_path_mtu(slot, server);

	if (mtu < minimum)
		mtu = minimum;
	if (mtu > server->mtu)
		return;
	if (before)
		note.link_mtu = before->link_mtu;
	note.mtu = mtu;
	bpf_map_update_elem(&path_mtus, &slot, &note, BPF_ANY);
	server->mtu = mtu;
}

/* Whether the path's MTU is the link's again, because what was learned about it is too old. */
static __always_inline bool restore_path_mtu(__u32 slot)
{
	struct server *server = bpf_map_lookup_elem(&servers, &slot);
	struct path_mtu *note = server ? current_path_mtu(slot, server) : NULL;

	if (!note || ((flow_now() - note->tick) & FLOW_TICK_MASK) < PATH_MTU_TICKS)
		return false;
	server->mtu = note->link_mtu;
	note->mtu = 0;
	return true;
}

#endif
