/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SCTP from bytes to a struct packet. */
#ifndef SCTP_H
#define SCTP_H

#include "packet.h"

/* Types of chunks (RFC 9260, 3.2). */
#define SCTP_CHUNK_INIT 1
#define SCTP_CHUNK_INIT_ACK 2
#define SCTP_CHUNK_ABORT 6
#define SCTP_CHUNK_SHUTDOWN 7
#define SCTP_CHUNK_SHUTDOWN_ACK 8
#define SCTP_CHUNK_ERROR 9
#define SCTP_CHUNK_COOKIE_ECHO 10
#define SCTP_CHUNK_COOKIE_ACK 11
#define SCTP_CHUNK_SHUTDOWN_COMPLETE 14
/* Of no wire: a cookie with an ABORT behind it. It begins an association as a cookie does, and is the end of one. */
#define SCTP_CHUNK_ABORTED_COOKIE 0x100
/* Chunks begin at multiples of four bytes; none is longer than a frame. */
#define SCTP_CHUNK_MASK 0x7ffcU
/* Where an IP header ends, at most: Ethernet, tags, 60 bytes of IPv4 or 48 of IPv6. */
#define FRAME_OFFSET_MASK 127U

/* RFC 9260, 3.1 */
struct sctp_header {
	struct l4_ports ports;
	__be32 tag;
	__le32 checksum; /* CRC32c */
};

/* RFC 9260, 3.2 */
struct sctp_chunk {
	__u8 type;
	__u8 flags;
	__be16 length; /* without the padding to four bytes */
};

static __always_inline bool is_cookie(__u8 chunk)
{
	return chunk == SCTP_CHUNK_COOKIE_ECHO || chunk == SCTP_CHUNK_COOKIE_ACK;
}

/*
 * The type of the first chunk, at `offset` of the frame. Whether a cookie is followed by an ABORT counts for what
 * becomes of the association (set_sctp_state), not for whether it begins (sctp_conn_schedule). A global function: to
 * its caller the answer is one number, and not one on each of many paths.
 */
__noinline __u32 find_sctp_chunk(struct xdp_md *ctx, __u32 offset)
{
	const void *end = (void *)(long)ctx->data_end;
	const struct sctp_chunk *first, *next;
	__u32 length;

	first = (void *)(long)ctx->data + (offset & FRAME_OFFSET_MASK);
	if ((const void *)(first + 1) > end)
		return 0;
	length = bpf_ntohs(first->length);
	if (!is_cookie(first->type) || length < sizeof(*first))
		return first->type;
	next = (const void *)first + ((length + 3) & SCTP_CHUNK_MASK);
	if ((const void *)(next + 1) > end || next->type != SCTP_CHUNK_ABORT)
		return first->type;
	return SCTP_CHUNK_ABORTED_COOKIE;
}

static __always_inline enum verdict parse_sctp(struct xdp_md *ctx, struct cursor *cursor,
					       struct packet *packet)
{
	const __u32 headers = cursor->at - packet->l3;
	struct sctp_header *sctp = cursor_take(cursor, struct sctp_header);
	const struct sctp_chunk *first = cursor_take(cursor, struct sctp_chunk);

	if (!sctp || !first || packet->length < headers + sizeof(*sctp) + sizeof(*first))
		return VERDICT_MALFORMED;
	packet->protocol = IPPROTO_SCTP;
	packet->sctp_length = packet->length - headers;
	packet->ports = &sctp->ports;
	packet->cport = sctp->ports.source;
	packet->vport = sctp->ports.destination;
	packet->sctp_chunk = find_sctp_chunk(ctx, packet->l2_length + headers +
							  sizeof(struct sctp_header));
	return VERDICT_UNDECIDED;
}

/* As parse_packet(), which leaves SCTP out. */
static __always_inline enum verdict parse_any_packet(struct xdp_md *ctx, struct packet *packet)
{
	struct cursor cursor;
	enum verdict verdict = parse_network(ctx, &cursor, packet);

	if (verdict)
		return verdict;
	if (packet->protocol == IPPROTO_SCTP)
		return parse_sctp(ctx, &cursor, packet);
	return parse_transport(&cursor, packet);
}

#endif
