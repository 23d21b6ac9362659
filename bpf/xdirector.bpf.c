// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The director's data plane: parse -> flow hit ? forward : (classify -> schedule -> create flow ->
 * forward) -> count the verdict at one exit.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer.h"
#include "count.h"
#include "flow.h"
#include "forward.h"
#include "masq.h"
#include "open.h"
#include "packet.h"
#include "related.h"

int xdp_related(struct xdp_md *ctx);
int xdp_answer(struct xdp_md *ctx);

enum stage {
	STAGE_RELATED,
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
	.values = { [STAGE_RELATED] = (void *)&xdp_related, [STAGE_ANSWER] = (void *)&xdp_answer },
};

static __always_inline enum verdict continue_flow(struct xdp_md *ctx, struct packet *packet,
						  const struct flow_place *place,
						  const struct flow_slot *slot, __u64 word)
{
	enum verdict verdict;

	if (!(word & FLOW_REPLY))
		return forward(ctx, packet, word, 0);
	verdict = masquerade_reply(ctx, packet, flow_number(place, slot));
	if (verdict == VERDICT_REPLY_MASQUERADE)
		count_reply(flow_server(word), packet);
	return verdict;
}

static __always_inline enum verdict direct(struct xdp_md *ctx, struct packet *packet)
{
	enum verdict verdict = parse_packet(ctx, packet);
	struct flow_place place;
	struct flow_slot *slot;
	__u64 word;

	if (verdict)
		return verdict;
	if (!flow_locate_packet(packet, &place))
		return VERDICT_NO_SERVICE;

	slot = flow_find(&place);
	if (slot) {
		word = slot->word;
		if (flow_touch(slot, &place, word, packet))
			return continue_flow(ctx, packet, &place, slot, word);
	}
	return open_flow(ctx, packet, &place);
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
int xdp_answer(struct xdp_md *ctx)
{
	return count_and_leave(ctx, answer(ctx), ctx->ingress_ifindex);
}

SEC("xdp")
int xdirector(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct(ctx, &packet);

	if (verdict == VERDICT_NOT_TCP_UDP)
		bpf_tail_call_static(ctx, &stages, STAGE_RELATED);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return count_and_leave(ctx, verdict, packet.egress);
}

char _license[] SEC("license") = "Dual BSD/GPL";
