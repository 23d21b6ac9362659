// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The director's data plane: parse -> flow hit ? forward : (classify -> schedule -> create flow ->
 * forward) -> count the verdict at one exit.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "classify.h"
#include "count.h"
#include "flow.h"
#include "forward.h"
#include "packet.h"
#include "sched.h"

/*
 * A flow that does not fit its bucket is forwarded without state: its server follows from its
 * signature. The bucket remembers that, so later packets of the flow, unknown as they are, still
 * reach that server, and the flow is tracked as soon as there is room.
 */
static __always_inline enum verdict open_flow(struct xdp_md *ctx, struct packet *packet,
					      const struct flow_place *place)
{
	const struct service *service = classify(packet);
	bool opens = packet->protocol != IPPROTO_TCP || tcp_opens(packet->tcp_flags);
	__u32 server;

	if (!service)
		return VERDICT_NO_SERVICE;
	if (!opens && !flow_overflowed(place))
		return VERDICT_NO_FLOW;

	server = opens ? schedule(service) : schedule_stateless(service, place->signature);
	if (server == NO_SERVER)
		return VERDICT_NO_SERVER;
	if (!flow_create(place, packet, server)) {
		flow_note_overflow(place);
		server = schedule_stateless(service, place->signature);
	}
	return forward(ctx, packet, server, opens);
}

static __always_inline enum verdict direct(struct xdp_md *ctx, struct packet *packet)
{
	enum verdict verdict = parse_packet(ctx, packet);
	struct flow_place place;
	struct flow_slot *slot;
	__u64 word;

	if (verdict)
		return verdict;
	if (!flow_locate(packet, &place))
		return VERDICT_NO_SERVICE;

	slot = flow_find(&place);
	if (slot) {
		word = slot->word;
		if (flow_touch(slot, &place, word, packet))
			return forward(ctx, packet, flow_server(word), 0);
	}
	return open_flow(ctx, packet, &place);
}

SEC("xdp")
int xdirector(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct(ctx, &packet);

	return count_and_leave(ctx, verdict, packet.egress);
}

char _license[] SEC("license") = "Dual BSD/GPL";
