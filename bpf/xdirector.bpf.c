// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The director's data plane: parse -> flow hit ? forward : (classify -> schedule -> create flow ->
 * forward) -> count the verdict at one exit.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer.h"
#include "clock.h"
#include "count.h"
#include "flow.h"
#include "forward.h"
#include "fragment.h"
#include "masq.h"
#include "open.h"
#include "packet.h"
#include "related.h"

int xdp_related(struct xdp_md *ctx);
int xdp_fragment(struct xdp_md *ctx);
int xdp_answer(struct xdp_md *ctx);

enum stage {
	STAGE_RELATED,
	STAGE_FRAGMENT,
	STAGE_ANSWER,
	STAGES,
};

/* Where does the main program go on with a packet that is not for it? */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, STAGES);
	__uint(key_size, sizeof(__u32));
	__array(values, int(void *));
} stages SEC(".maps") = {
	.values = { [STAGE_RELATED] = (void *)&xdp_related,
		    [STAGE_FRAGMENT] = (void *)&xdp_fragment,
		    [STAGE_ANSWER] = (void *)&xdp_answer },
};

static __always_inline enum verdict continue_flow(struct xdp_md *ctx, struct packet *packet,
						  const struct flow_place *place,
						  const struct flow_slot *slot, __u64 word)
{
	enum verdict verdict;

	if (!(word & FLOW_REPLY))
		return forward(ctx, packet, word, 0);
	packet->word = word;
	packet->reply = flow_number(place, slot);
	verdict = masquerade_reply(ctx, packet, packet->reply);
	if (verdict == VERDICT_REPLY_MASQUERADE)
		count_reply(flow_server(word), packet);
	return verdict;
}

/*
 * expire_nodest_conn=1: flows of a removed server end with their next packet, and a SYN leaves a server
 * that is quiesced (ip_vs_in).
 */
static __always_inline bool is_abandoned(const struct packet *packet, __u64 word)
{
	__u32 slot = flow_server(word);
	const struct server *server;

	if (!settings.expire_nodest_conn)
		return false;
	server = bpf_map_lookup_elem(&servers, &slot);
	if (!server || server->method == METHOD_NONE)
		return true;
	return !server->weight && packet->protocol == IPPROTO_TCP && tcp_opens(packet->tcp_flags);
}

/* A packet whose ports are known. */
static __always_inline enum verdict direct(struct xdp_md *ctx, struct packet *packet)
{
	struct flow_place place;
	struct flow_slot *slot;
	__u64 word;

	if (!flow_locate_packet(packet, &place))
		return VERDICT_NO_SERVICE;
	slot = flow_find(&place);
	if (slot) {
		word = slot->word;
		if (is_abandoned(packet, word))
			flow_free(slot, &place, word);
		else if (flow_touch(slot, &place, word, packet))
			return continue_flow(ctx, packet, &place, slot, word);
	}
	return open_flow(ctx, packet, &place);
}

static __always_inline enum verdict direct_fragment(struct xdp_md *ctx, struct packet *packet)
{
	struct fragment_key key = {};
	enum verdict verdict;
	struct cursor cursor;
	bool is_first;

	if (parse_network(ctx, &cursor, packet) != VERDICT_FRAGMENT ||
	    !parse_fragment(&cursor, packet, &key, &is_first))
		return VERDICT_MALFORMED;
	if (!is_first)
		return follow_fragment(ctx, packet, &key);
	verdict = parse_transport(&cursor, packet);
	if (verdict)
		return verdict;
	verdict = direct(ctx, packet);
	if (is_transmitted(verdict))
		note_fragment(&key, packet);
	return verdict;
}

/*
 * Rare ways out of the main program: programs of their own, so that it keeps its stack and its time. What
 * the kernel's return thunks cost on every return makes even an empty function too dear for a hit.
 */
SEC("xdp")
int xdp_related(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_related(ctx, &packet);

	return count_and_leave(ctx, verdict, packet.egress);
}

SEC("xdp")
int xdp_fragment(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_fragment(ctx, &packet);

	return count_and_leave(ctx, verdict, packet.egress);
}

SEC("xdp")
int xdp_answer(struct xdp_md *ctx)
{
	return count_and_leave(ctx, answer(ctx), ctx->ingress_ifindex);
}

SEC("xdp")
int xdp_start_clock(__attribute__((unused)) struct xdp_md *ctx)
{
	return start_clock();
}

SEC("xdp")
int xdirector(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = parse_packet(ctx, &packet);

	if (!verdict)
		verdict = direct(ctx, &packet);
	else if (verdict == VERDICT_NOT_TCP_UDP)
		bpf_tail_call_static(ctx, &stages, STAGE_RELATED);
	else if (verdict == VERDICT_FRAGMENT)
		bpf_tail_call_static(ctx, &stages, STAGE_FRAGMENT);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return count_and_leave(ctx, verdict, packet.egress);
}

char _license[] SEC("license") = "Dual BSD/GPL";
