/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SCTP on its way: as TCP and UDP, but apart from them, so that they need not ask for it. */
#ifndef DIRECT_SCTP_H
#define DIRECT_SCTP_H

#include <linux/bpf.h>
#include "direct.h"
#include "merge.h"
#include "packet.h"
#include "fragment.h"
#include "sctp.h"
#include "special.h"

/*
 * UNDECIDED: *packet is filled in. The length goes by way of the note: to the verifier it is one number then, and not
 * another on each of many paths.
 */
static __always_inline enum verdict parse_noted_sctp(struct xdp_md *ctx, struct packet *packet,
						     struct fragment_note *note)
{
	struct fragment_place place = { .is_first = true, .is_last = true };
	struct cursor cursor;
	enum verdict verdict = parse_network(ctx, &cursor, packet);

	if (verdict == VERDICT_FRAGMENT) {
		if (!parse_fragment(&cursor, packet, &note->key, &place))
			return VERDICT_MALFORMED;
		verdict = VERDICT_UNDECIDED;
	}
	if (!verdict)
		verdict = parse_sctp(ctx, &cursor, packet);
	note->sctp_length = place.is_last ? packet->sctp_length : 0;
	barrier();
	packet->sctp_length = note->sctp_length;
	if (verdict)
		return verdict;
	return merge_packet(ctx, packet, sizeof(struct sctp_header)) ? VERDICT_UNDECIDED :
								       VERDICT_MALFORMED;
}

/* For whole packets and for first fragments, as the main program found them. */
static __always_inline enum verdict direct_sctp(struct xdp_md *ctx, struct packet *packet)
{
	__u32 zero = 0;
	struct fragment_note *note = bpf_map_lookup_elem(&fragment_notes, &zero);
	enum verdict verdict = note ? parse_noted_sctp(ctx, packet, note) : VERDICT_MALFORMED;

	if (verdict || !note)
		return verdict;
	verdict = direct(ctx, packet);
	if (!note->sctp_length)
		remember_way(note, packet, verdict);
	return verdict;
}

/* The same for services that direct_special() is for. */
static __always_inline enum verdict direct_sctp_special(struct xdp_md *ctx, struct packet *packet)
{
	__u32 zero = 0;
	struct fragment_note *note = bpf_map_lookup_elem(&fragment_notes, &zero);
	enum verdict verdict = note ? parse_noted_sctp(ctx, packet, note) : VERDICT_MALFORMED;

	if (verdict || !note)
		return verdict;
	verdict = begin_special(ctx, packet);
	if (!note->sctp_length)
		remember_way(note, packet, verdict);
	return verdict;
}

#endif
