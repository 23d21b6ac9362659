/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The first packet of a flow: classify -> schedule -> create the flow -> forward. */
#ifndef OPEN_H
#define OPEN_H

#include "classify.h"
#include "flow.h"
#include "forward.h"
#include "masq.h"
#include "sched.h"
#include "stages.h"
#include "unwanted.h"

/* Servers tried for a masqueraded flow whose replies would collide with another's. */
#define COLLISION_ATTEMPTS 4

/*
 * A flow that does not fit its bucket is forwarded without state: its server follows from its
 * signature. The bucket remembers that, so later packets of the flow, unknown as they are, still
 * reach that server, and the flow is tracked as soon as there is room.
 */
static __always_inline __u32 track(const struct service *service, const struct packet *packet,
				   const struct flow_place *place, const struct new_flow *flow)
{
	if (flow_create(place, packet, flow))
		return flow->way;
	flow_note_overflow(place);
	return schedule_stateless(service, packet, place->signature);
}

/* The word of the new flow in *word, or why there is none. */
static __always_inline enum verdict begin_flow(struct xdp_md *ctx, struct packet *packet,
					       const struct flow_place *place,
					       const struct service *service, bool opens,
					       __u64 *word)
{
	enum verdict verdict = VERDICT_REPLY_COLLISION;
	struct new_flow flow = {};

#pragma clang loop unroll(disable)
	for (int i = 0; i < COLLISION_ATTEMPTS && verdict == VERDICT_REPLY_COLLISION; i++) {
		__u32 slot = opens ? schedule(service, packet, i) :
				     schedule_stateless(service, packet, place->signature);
		const struct server *server = bpf_map_lookup_elem(&servers, &slot);

		if (slot == NO_SERVER || !server)
			return VERDICT_NO_SERVER;
		flow.way = slot;
		if (server->method != METHOD_MASQUERADE) {
			*word = track(service, packet, place, &flow);
			return VERDICT_UNDECIDED;
		}
		flow.way |= server->port ? FLOW_MASQUERADE : FLOW_MASQUERADE | FLOW_KEEPS_PORT;
		verdict = flow_create_pair(ctx, place, packet, &flow, server);
		*word = flow.way;
	}
	return verdict;
}

/* UNDECIDED: the packet is to be forwarded by *word. `opens`: it may begin a flow. */
static __always_inline enum verdict open_flow(struct xdp_md *ctx, struct packet *packet,
					      const struct flow_place *place, bool opens,
					      __u64 *word)
{
	const struct service *service = classify(packet, ctx->ingress_ifindex);

	if (!service)
		return VERDICT_NO_SERVICE;
	if (!opens && !flow_overflowed(place))
		return VERDICT_NO_FLOW;
	if (packet->cport == FTP_DATA_PORT)
		return VERDICT_FTP_DATA;
	if (opens && is_unwanted())
		return VERDICT_OVERLOADED;
	if (service->flags & (SERVICE_PERSISTENT | SERVICE_ONE_PACKET) ||
	    goes_by_locality(service->scheduler)) {
		if (packet->protocol == IPPROTO_SCTP)
			bpf_tail_call_static(ctx, &stages, STAGE_SCTP_SPECIAL);
		bpf_tail_call_static(ctx, &stages, STAGE_SPECIAL);
	}
	return begin_flow(ctx, packet, place, service, opens, word);
}

#endif
