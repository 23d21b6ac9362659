// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * The director's data plane: parse -> flow hit ? forward : (classify -> schedule -> create flow ->
 * forward) -> count the verdict at one exit.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include "answer.h"
#include "ask.h"
#include "clamp.h"
#include "clock.h"
#include "count.h"
#include "direct.h"
#include "direct_sctp.h"
#include "fragment.h"
#include "merge.h"
#include "own_mac.h"
#include "packet.h"
#include "path_mtu.h"
#include "related.h"
#include "settle.h"
#include "special.h"
#include "stages.h"
#include "stray.h"
#include "tag.h"
#include "tunnel.h"
#include "tunnel_error.h"

/* Out, by way of what follows from loads that this packet changed, in this program or in the one before. */
static __always_inline int leave(struct xdp_md *ctx, enum verdict verdict, __u32 egress,
				 bool moves_load)
{
	int action = count_and_leave(ctx, verdict, egress);

	if (moves_load && has_load_news(action))
		bpf_tail_call_static(ctx, &stages, STAGE_LOADS);
	return action;
}

/*
 * Rare ways out of the main program: programs of their own, so that it keeps its stack and its time. What
 * the kernel's return thunks cost on every return makes even an empty function too dear for a hit.
 */
SEC("xdp")
int xdp_sctp(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_sctp(ctx, &packet);

	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	if (verdict == VERDICT_NO_SERVICE && settings.nat_icmp_send)
		bpf_tail_call_static(ctx, &stages, STAGE_STRAY);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu, packet.word))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return leave(ctx, verdict, packet.egress, true);
}

SEC("xdp")
int xdp_related(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_related(ctx, &packet);

	if (verdict == VERDICT_NOT_TCP_UDP && is_icmp(&packet))
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL_ERROR);
	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	return count_and_leave(ctx, verdict, packet.egress);
}

SEC("xdp")
int xdp_fragment(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_fragment(ctx, &packet);

	if (verdict == VERDICT_NOT_TCP_UDP && packet.protocol == IPPROTO_SCTP)
		bpf_tail_call_static(ctx, &stages, STAGE_SCTP);
	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu, packet.word))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return leave(ctx, verdict, packet.egress, packet.moves_load);
}

/* ICMP that quotes nothing known: perhaps what the director has wrapped itself. */
SEC("xdp")
int xdp_tunnel_error(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_tunnel_error(ctx, &packet);

	return count_and_leave(ctx, verdict, packet.egress);
}

/* Not for a service, and nat_icmp_send is on. */
SEC("xdp")
int xdp_stray(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = find_stray(ctx, &packet);

	if (verdict == VERDICT_STRAY_REPLY && ask_for_answer(verdict, 0, packet.word))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return count_and_leave(ctx, verdict, packet.egress);
}

/* Tunnels other than IP in IPv4. */
SEC("xdp")
int xdp_tunnel(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = enter_tunnel(ctx, &packet);

	return leave(ctx, verdict, packet.egress, true);
}

SEC("xdp")
int xdp_answer(struct xdp_md *ctx)
{
	const struct answer_request *request = this_answer();

	/* then the packet fits; its server has counted it twice, once in ten minutes */
	if (request && request->verdict == VERDICT_TOO_BIG && restore_path_mtu(request->server))
		bpf_tail_call_static(ctx, &stages, STAGE_MAIN);
	return leave(ctx, answer(ctx), ctx->ingress_ifindex, true);
}

/* New flows of services that are persistent, have flows of one packet, or go by destinations. */
SEC("xdp")
int xdp_special(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_special(ctx, &packet);

	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu, packet.word))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return leave(ctx, verdict, packet.egress, true);
}

/* Out of an interface by another VLAN than it came. */
SEC("xdp")
int xdp_tag(struct xdp_md *ctx)
{
	const struct tag_request *request = this_tag();

	if (!request)
		return XDP_ABORTED;
	if (!retag(ctx, request))
		return leave(ctx, VERDICT_NO_HEADROOM, 0, true);
	return leave(ctx, request->verdict, request->egress, true);
}

/* A SYN, while a service clamps its MSS: then the main program's turn comes. */
SEC("xdp")
int xdp_clamp(struct xdp_md *ctx)
{
	clamp(ctx);
	if (mark_clamped())
		bpf_tail_call_static(ctx, &stages, STAGE_MAIN);
	return XDP_ABORTED;
}

SEC("xdp")
int xdp_sctp_special(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict = direct_sctp_special(ctx, &packet);

	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu, packet.word))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return leave(ctx, verdict, packet.egress, true);
}

SEC("xdp")
int xdp_start_clock(__attribute__((unused)) struct xdp_md *ctx)
{
	return start_clock();
}

SEC("xdp")
int xdp_loads(__attribute__((unused)) struct xdp_md *ctx)
{
	return settle_loads();
}

/* For user space. */
SEC("xdp")
int xdp_settle(struct xdp_md *ctx)
{
	return settle_request(ctx);
}

SEC("xdp")
int xdirector(struct xdp_md *ctx)
{
	struct packet packet = {};
	enum verdict verdict;

	if (!is_for_us(ctx))
		return count_and_leave(ctx, VERDICT_OTHER_HOST, 0);
	verdict = parse_packet(ctx, &packet);
	if (packet.tcp_flags & TCP_SYN && settings.mss_clamps && !take_clamped())
		bpf_tail_call_static(ctx, &stages, STAGE_CLAMP);
	/* all tags are one to the verifier; untagged packets are spared it */
	if (!verdict && packet.l2_length != L2_UNTAGGED &&
	    !merge_packet(ctx, &packet, sizeof(struct l4_ports)))
		verdict = VERDICT_MALFORMED;
	if (!verdict)
		verdict = direct(ctx, &packet);
	else if (verdict == VERDICT_NOT_TCP_UDP && packet.protocol == IPPROTO_SCTP)
		bpf_tail_call_static(ctx, &stages, STAGE_SCTP);
	else if (verdict == VERDICT_NOT_TCP_UDP)
		bpf_tail_call_static(ctx, &stages, STAGE_RELATED);
	else if (verdict == VERDICT_FRAGMENT)
		bpf_tail_call_static(ctx, &stages, STAGE_FRAGMENT);
	if (verdict == VERDICT_UNDECIDED)
		bpf_tail_call_static(ctx, &stages, STAGE_TUNNEL);
	if (verdict == VERDICT_NO_SERVICE && settings.nat_icmp_send)
		bpf_tail_call_static(ctx, &stages, STAGE_STRAY);
	if (has_answer(verdict) && ask_for_answer(verdict, packet.path_mtu, packet.word))
		bpf_tail_call_static(ctx, &stages, STAGE_ANSWER);
	return leave(ctx, verdict, packet.egress, packet.moves_load);
}

char _license[] SEC("license") = "Dual BSD/GPL";
