/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * New flows of services that do more than schedule: persistent ones, where a client goes on to the server that it
 * has (ip_vs_sched_persist), those whose every datagram is a flow (one-packet scheduling), and those where servers
 * go with destinations.
 */
#ifndef SPECIAL_H
#define SPECIAL_H

#include "classify.h"
#include "flow.h"
#include "forward.h"
#include "fragment.h"
#include "masq.h"
#include "merge.h"
#include "packet.h"
#include "sched.h"
#include "sched_locality.h"
#include "template.h"

/*
 * Says on this CPU which template the flow belongs to. One for each port of the VIP, but for all ports where the
 * service covers more than its own, and where it is FTP's, whose data connections go where control went. One for
 * all that has a mark.
 */
static __always_inline bool request_template(const struct service *service,
					     const struct packet *packet)
{
	bool is_one_port = service->port == packet->vport && service->port != FTP_PORT;
	struct template_request *request = template_request();
	struct template_entry *entry;

	if (!request)
		return false;
	entry = &request->entry;
	entry->client = packet_cip(packet);
	entry->client.halves[0] &= service->netmask.halves[0];
	entry->client.halves[1] &= service->netmask.halves[1];
	entry->vip = service->mark ? mark_service_key(packet, service->mark).vip :
				     packet_vip(packet);
	entry->vport = is_one_port ? packet->vport : 0;
	entry->protocol = service->mark ? 0 : packet->protocol;
	entry->timeout = service->persistence;
	request->signature = template_signature(entry);
	return true;
}

/* The server that the client has, or NO_SERVER. The flow comes under its template's control if it opens. */
static __always_inline __u32 follow_template(const struct service *service,
					     const struct packet *packet, bool opens,
					     struct new_flow *flow)
{
	__u64 choice;

	if (!(service->flags & SERVICE_PERSISTENT) || !request_template(service, packet))
		return NO_SERVER;
	choice = template_use(opens);
	flow->template = choice >> 32;
	return choice;
}

/* The server of a new flow, or NO_SERVER. */
static __always_inline __u32 choose_server(const struct service *service,
					   const struct packet *packet,
					   const struct flow_place *place, bool opens,
					   struct new_flow *flow)
{
	__u32 slot = follow_template(service, packet, opens, flow);

	if (slot != NO_SERVER)
		return slot;
	if (!opens)
		return schedule_stateless(service, packet, place->signature);
	slot = goes_by_locality(service->scheduler) ? schedule_locally(service, packet) :
						      schedule(service, packet, 0);
	if (service->flags & SERVICE_PERSISTENT && slot != NO_SERVER)
		flow->template = template_begin(slot);
	return slot;
}

/*
 * What is to be known of a flow to this server, beside its state. A global function: what it returns is one unknown
 * number to the verifier, which otherwise walks every way on for each combination of flags.
 */
__noinline __u64 way_to(__u32 slot, const struct service *service, __u32 vport, __u32 template)
{
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);
	__u64 way = slot;

	if (!server || !service)
		return way;
	if (server->method == METHOD_MASQUERADE)
		way |= FLOW_MASQUERADE;
	if (template != NO_TEMPLATE)
		way |= FLOW_PERSISTENT;
	if ((service->flags & SERVICE_PERSISTENT && service->port != (__be16)vport) ||
	    !server->port)
		way |= FLOW_KEEPS_PORT;
	return way;
}

/* UNDECIDED: the flow is in the table, or does not need to be. */
static __always_inline enum verdict remember_flow(struct xdp_md *ctx, const struct packet *packet,
						  const struct flow_place *place,
						  const struct service *service,
						  const struct server *server,
						  const struct new_flow *flow)
{
	enum verdict verdict;

	if (service->flags & SERVICE_ONE_PACKET && packet->protocol == IPPROTO_UDP) {
		template_release(flow->template);
		return VERDICT_UNDECIDED;
	}
	if (flow->way & FLOW_MASQUERADE) {
		verdict = flow_create_pair(ctx, place, packet, flow, server);
		if (verdict)
			template_release(flow->template);
		return verdict;
	}
	if (!flow_create(place, packet, flow)) {
		flow_note_overflow(place);
		template_release(flow->template);
	}
	return VERDICT_UNDECIDED;
}

static __always_inline enum verdict open_special(struct xdp_md *ctx, struct packet *packet,
						 const struct flow_place *place)
{
	const struct service *service = classify(packet, ctx->ingress_ifindex);
	bool opens = may_open(packet);
	struct new_flow flow = { .template = NO_TEMPLATE };
	const struct server *server;
	enum verdict verdict;
	__u32 slot;

	if (!service)
		return VERDICT_NO_SERVICE;
	slot = choose_server(service, packet, place, opens, &flow);
	server = bpf_map_lookup_elem(&servers, &slot);
	/* FTP's service without servers does not answer for ports that may be others' (ip_vs_leave) */
	if (slot == NO_SERVER || !server)
		return service->port == FTP_PORT && packet->vport != FTP_PORT ? VERDICT_NO_SERVICE :
										VERDICT_NO_SERVER;
	flow.way = way_to(slot, service, packet->vport, flow.template);
	verdict = remember_flow(ctx, packet, place, service, server, &flow);
	return verdict ? verdict : forward(ctx, packet, flow.way, opens);
}

static __always_inline enum verdict begin_special(struct xdp_md *ctx, struct packet *packet)
{
	struct flow_place place;

	if (!flow_locate_packet(packet, &place))
		return VERDICT_NO_SERVICE;
	packet->hash = place.signature;
	return open_special(ctx, packet, &place);
}

/* For whole packets and for first fragments, as the main program found them. */
static __always_inline enum verdict direct_special(struct xdp_md *ctx, struct packet *packet)
{
	struct fragment_note *note = NULL;
	enum verdict verdict = parse_packet(ctx, packet);

	if (verdict == VERDICT_FRAGMENT)
		verdict = parse_first_fragment(ctx, packet, &note);
	if (verdict)
		return verdict;
	if (!merge_packet(ctx, packet, sizeof(struct l4_ports)))
		return VERDICT_MALFORMED;
	verdict = begin_special(ctx, packet);
	if (note)
		remember_way(note, packet, verdict);
	return verdict;
}

#endif
