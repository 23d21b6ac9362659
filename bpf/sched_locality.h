/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * lblc and lblcr: flows to one destination address go to the server that had the last one, which is to have the
 * answer in its cache, unless it has too much to do and another one next to nothing (ip_vs_lblc.c, ip_vs_lblcr.c).
 */
#ifndef SCHED_LOCALITY_H
#define SCHED_LOCALITY_H

#include <stdbool.h>
#include "config.h"
#include "maps.h"
#include "merge.h"
#include "packet.h"
#include "ranking.h"
#include "sched_table.h"
#include "xdirector.h"

#define NO_MEMBER (~0ULL)
#define SECOND_NS 1000000000ULL
/* More than any load: a server that is gone leaves a set first. */
#define LOAD_OF_GONE (1ULL << 32)

static __always_inline struct locality_request *locality_request_of_cpu(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&locality_requests, &zero);
}

/* Says on this CPU which destination the choice is for, which has no stack left for an address. */
static __always_inline void request_locality(const struct service *service,
					     const struct packet *packet)
{
	struct locality_request *request = locality_request_of_cpu();

	if (!request)
		return;
	request->key.destination = packet_vip(packet);
	request->key.service = service->id;
}

/* Another CPU's time may be a little ahead of this one's. */
static __always_inline bool is_over(__u64 since, __u32 seconds, __u64 now)
{
	return (__s64)(now - since) > (__s64)(seconds * SECOND_NS);
}

static __always_inline __u64 member_of(__u32 slot, const struct server *server)
{
	const __be32 *rip = server->rip.words;
	__u32 fingerprint = rip[0] ^ rip[1] ^ rip[2] ^ rip[3];

	fingerprint ^= (__u32)server->port << 16 | server->service;
	return (__u64)fingerprint << 32 | slot;
}

/* NO_SERVER when the slot is another server's by now. */
static __always_inline __u32 member_slot(__u64 member)
{
	__u32 slot = member;
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);

	return server && member_of(slot, server) == member ? slot : NO_SERVER;
}

/* ip_vs_dest_set_min(), the latest first. A destination of lblc has one server, whose thresholds do not count. */
static __always_inline __u32 least_loaded(const struct locality *locality, __u32 scheduler)
{
	__u32 rule = scheduler == SCHEDULER_LBLC ? RANK_IDLEST : SCHEDULER_WLC, best = 0;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < LOCALITY_SERVERS && i < locality->count; i++) {
		__u32 index = (locality->count - 1 - i) % LOCALITY_SERVERS;

		best = rank_better(rule, best, member_slot(locality->server[index]) + 1);
	}
	return best - 1;
}

static __always_inline struct load_key busyness(__u64 member)
{
	__u32 slot = member_slot(member);
	const struct server_load *load = bpf_map_lookup_elem(&server_loads, &slot);
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);

	if (member == NO_MEMBER)
		return (struct load_key){};
	if (!load || !server || server->method == METHOD_NONE || server->method == METHOD_EVICTED)
		return (struct load_key){ LOAD_OF_GONE, 1 };
	return (struct load_key){ load_overhead(load->word), load->weight };
}

/* Which of two has more to do for its weight, of equals the earlier one. Those that are quiesced do not count. */
__noinline __u64 busier(__u64 earlier, __u64 later)
{
	struct load_key first = busyness(earlier), second = busyness(later);

	if (!second.weight)
		return first.weight ? earlier : NO_MEMBER;
	return !first.weight || load_key_replaces(&first, &second) ? later : earlier;
}

/* ip_vs_dest_set_max() */
static __always_inline __u64 busiest(const struct locality *locality)
{
	__u64 most = NO_MEMBER;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < LOCALITY_SERVERS && i < locality->count; i++)
		most = busier(most, locality->server[(locality->count - 1 - i) % LOCALITY_SERVERS]);
	return most;
}

/* ip_vs_dest_set_erase() */
static __always_inline void remove_member(struct locality *locality, __u64 member, __u64 now)
{
	__u32 kept = 0;

#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < LOCALITY_SERVERS && i < locality->count; i++) {
		__u64 each = locality->server[i];

		if (each != member)
			locality->server[kept++ % LOCALITY_SERVERS] = each;
		kept = any_of(kept, 2 * LOCALITY_SERVERS, each);
	}
	locality->count = kept;
	locality->modified = now;
}

/* ip_vs_dest_set_insert(). False when the server is there already. The busiest makes room where there is none. */
static __always_inline bool add_member(struct locality *locality, __u64 member, __u64 now)
{
#pragma clang loop unroll(disable)
	for (__u32 i = 0; i < LOCALITY_SERVERS && i < locality->count; i++) {
		if (locality->server[i] == member)
			return false;
	}
	if (locality->count >= LOCALITY_SERVERS) {
		__u64 most = busiest(locality);

		remove_member(locality, most == NO_MEMBER ? locality->server[0] : most, now);
	}
	locality->server[locality->count % LOCALITY_SERVERS] = member;
	locality->count++;
	locality->modified = now;
	return true;
}

/* Some time after a destination got its last server its busiest one leaves it again. */
static __always_inline bool shrink(struct locality *locality, __u64 now)
{
	__u64 most;

	if (locality->count < 2 || !is_over(locality->modified, settings.lblcr_expiration, now))
		return false;
	most = busiest(locality);
	if (most != NO_MEMBER)
		remove_member(locality, most, now);
	return most != NO_MEMBER;
}

/* is_overloaded() of both: it has more active flows than its weight, and some server not half as many as its own. */
static __always_inline bool has_too_much(__u32 service, __u32 slot)
{
	const struct server_load *load = bpf_map_lookup_elem(&server_loads, &slot), *idlest;
	__u32 other;

	if (!load || load_active(load->word) <= load->weight)
		return false;
	other = ranked_choice(service, RANK_IDLEST);
	idlest = bpf_map_lookup_elem(&server_loads, &other);
	return idlest && (__u64)load_active(idlest->word) * 2 < idlest->weight;
}

/* Whether the destination's flows go to this server from now on, and did not so far. */
static __always_inline bool remember_server(struct locality *locality, __u32 scheduler, __u32 slot,
					    __u64 now)
{
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);
	__u64 member;

	if (!server)
		return false;
	member = member_of(slot, server);
	if (scheduler == SCHEDULER_LBLC && locality->server[0] != member)
		locality->count = 0;
	return add_member(locality, member, now);
}

/* What is known of the destination, as a copy: where another CPU forgets it, the kernel uses it for another one. */
static __always_inline struct locality *recall(struct locality_request *request, __u32 scheduler,
					       __u64 now)
{
	struct locality *known = bpf_map_lookup_elem(&localities, &request->key);
	__u32 seconds = scheduler == SCHEDULER_LBLC ? settings.lblc_expiration :
						      settings.lblcr_expiration;

	if (known && !is_over(known->used, seconds, now)) {
		request->locality = *known;
		return known;
	}
	request->locality.count = 0;
	return NULL;
}

/* The server for the destination that was requested on this CPU. A global function, verified once. */
__noinline __u32 locality_choice(__u32 service, __u32 scheduler)
{
	struct locality_request *request = locality_request_of_cpu();
	__u64 now = bpf_ktime_get_coarse_ns();
	struct locality *known, *locality;
	bool changed = false;
	__u32 slot;

	if (!request)
		return NO_SERVER;
	known = recall(request, scheduler, now);
	locality = &request->locality;
	slot = least_loaded(locality, scheduler);
	if (scheduler == SCHEDULER_LBLCR)
		changed = shrink(locality, now);
	if (slot == NO_SERVER || has_too_much(service, slot)) {
		slot = ranked_choice(service, scheduler);
		changed |= remember_server(locality, scheduler, slot, now);
	}
	locality->used = now;
	if (changed)
		bpf_map_update_elem(&localities, &request->key, locality, BPF_ANY);
	else if (known)
		known->used = now;
	return slot;
}

static __always_inline __u32 schedule_locally(const struct service *service,
					      const struct packet *packet)
{
	request_locality(service, packet);
	return locality_choice(service->id, service->scheduler);
}

#endif
