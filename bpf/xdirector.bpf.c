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
#include "direct.h"
#include "fragment.h"
#include "packet.h"
#include "related.h"
#include "tunnel.h"

int xdp_related(struct xdp_md *ctx);
int xdp_fragment(struct xdp_md *ctx);
int xdp_answer(struct xdp_md *ctx);
int xdp_tunnel(struct xdp_md *ctx);

enum stage {
	STAGE_RELATED,
	STAGE_FRAGMENT,
	STAGE_ANSWER,
	STAGE_TUNNEL,
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
		    [STAGE_ANSWER] = (void *)&xdp_answer,
		    [STAGE_TUNNEL] = (void *)&xdp_tunnel },
};

/*
 * Rare ways out of the main program: programs of their own, so that it keeps its stack and its time. What
 * the kernel's return thunks cost on every return makes even an empty function too dear for a hit.
 */
SEC("xdp")
int xdp_related(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_related(ctx, &packet);

	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	return count_and_leave(ctx, verdict, packet.egress);
}

SEC("xdp")
int xdp_fragment(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_fragment(ctx, &packet);

	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	return count_and_leave(ctx, verdict, packet.egress);
}

/* Tunnels other than IP in IPv4. */
SEC("xdp")
int xdp_tunnel(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = enter_tunnel(ctx, &packet);

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
	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return count_and_leave(ctx, verdict, packet.egress);
}

char _license[] SEC("license") = "Dual BSD/GPL";
