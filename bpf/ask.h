/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Which verdicts may be answered with an ICMP error, and the note about it from the program that finds one
 * to the program that writes the answer; answer.h.
 */
#ifndef ASK_H
#define ASK_H

#include "flow_word.h"
#include "maps.h"
#include "packet.h"

/* per CPU and tick of the flow clock: about a thousand a second, the default of icmp_msgs_per_sec */
#define ANSWERS_PER_TICK 256

static __always_inline bool has_answer(enum verdict verdict)
{
	return verdict == VERDICT_NO_SERVER || verdict == VERDICT_TTL_EXPIRED ||
	       verdict == VERDICT_TOO_BIG || verdict == VERDICT_REPLY_EXPIRED;
}

/* Those to real servers come from the director's address towards them, those to clients from the VIP. */
static __always_inline bool is_for_server(enum verdict verdict)
{
	return verdict == VERDICT_REPLY_EXPIRED || verdict == VERDICT_STRAY_REPLY;
}

/* The note for this CPU's next answer; NULL when enough was said in this tick. */
static __always_inline struct answer_request *next_answer(void)
{
	__u32 zero = 0;
	struct answer_request *request = bpf_map_lookup_elem(&answer_requests, &zero);
	__u64 now = flow_now();

	if (!request)
		return NULL;
	if (request->tick != now) {
		request->tick = now;
		request->count = 0;
	}
	return request->count++ < ANSWERS_PER_TICK ? request : NULL;
}

/* Leaves word for answer(), on this CPU: about a packet of the flow or the server that `word` names. */
static __always_inline bool ask_for_answer(enum verdict verdict, __u32 path_mtu, __u64 word)
{
	struct answer_request *request = next_answer();

	if (!request)
		return false;
	request->verdict = verdict;
	request->path_mtu = path_mtu;
	request->server = flow_server(word);
	return true;
}

#endif
