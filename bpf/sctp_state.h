/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* SCTP states as IPVS follows them: the tables of net/netfilter/ipvs/ip_vs_proto_sctp.c, a nibble per state. */
#ifndef SCTP_STATE_H
#define SCTP_STATE_H

#include "config.h"
#include "flow_word.h"
#include "sctp.h"

/* What a packet means for its association. */
enum sctp_event {
	SCTP_EVENT_DATA, /* and all that changes nothing: SACK, HEARTBEAT, ... */
	SCTP_EVENT_INIT,
	SCTP_EVENT_INIT_ACK,
	SCTP_EVENT_COOKIE_ECHO,
	SCTP_EVENT_COOKIE_ACK,
	SCTP_EVENT_SHUTDOWN,
	SCTP_EVENT_SHUTDOWN_ACK,
	SCTP_EVENT_SHUTDOWN_COMPLETE,
	SCTP_EVENT_ERROR,
	SCTP_EVENT_ABORT,
	SCTP_EVENTS,
};

/* By type of chunk (RFC 9260, 3.2); of those that are not here, nothing follows. */
static const __u8 sctp_events[] = {
	[SCTP_CHUNK_INIT] = SCTP_EVENT_INIT,
	[SCTP_CHUNK_INIT_ACK] = SCTP_EVENT_INIT_ACK,
	[SCTP_CHUNK_ABORT] = SCTP_EVENT_ABORT,
	[SCTP_CHUNK_SHUTDOWN] = SCTP_EVENT_SHUTDOWN,
	[SCTP_CHUNK_SHUTDOWN_ACK] = SCTP_EVENT_SHUTDOWN_ACK,
	[SCTP_CHUNK_ERROR] = SCTP_EVENT_ERROR,
	[SCTP_CHUNK_COOKIE_ECHO] = SCTP_EVENT_COOKIE_ECHO,
	[SCTP_CHUNK_COOKIE_ACK] = SCTP_EVENT_COOKIE_ACK,
	[SCTP_CHUNK_SHUTDOWN_COMPLETE] = SCTP_EVENT_SHUTDOWN_COMPLETE,
};

#define SCTP_ROW(no, i1, in, cs, cr, cw, co, ce, es, ss, sr, sa, rj, cl)                           \
	((__u64)SCTP_##no | (__u64)SCTP_##i1 << 4 | (__u64)SCTP_##in << 8 |                        \
	 (__u64)SCTP_##cs << 12 | (__u64)SCTP_##cr << 16 | (__u64)SCTP_##cw << 20 |                \
	 (__u64)SCTP_##co << 24 | (__u64)SCTP_##ce << 28 | (__u64)SCTP_##es << 32 |                \
	 (__u64)SCTP_##ss << 36 | (__u64)SCTP_##sr << 40 | (__u64)SCTP_##sa << 44 |                \
	 (__u64)SCTP_##rj << 48 | (__u64)SCTP_##cl << 52)

enum {
	SCTP_NO = SCTP_STATE_NONE,
	SCTP_I1 = SCTP_STATE_INIT1,
	SCTP_IN = SCTP_STATE_INIT,
	SCTP_CS = SCTP_STATE_COOKIE_SENT,
	SCTP_CR = SCTP_STATE_COOKIE_REPLIED,
	SCTP_CW = SCTP_STATE_COOKIE_WAIT,
	SCTP_CO = SCTP_STATE_COOKIE,
	SCTP_CE = SCTP_STATE_COOKIE_ECHOED,
	SCTP_ES = SCTP_STATE_ESTABLISHED,
	SCTP_SS = SCTP_STATE_SHUTDOWN_SENT,
	SCTP_SR = SCTP_STATE_SHUTDOWN_RECEIVED,
	SCTP_SA = SCTP_STATE_SHUTDOWN_ACK_SENT,
	SCTP_RJ = SCTP_STATE_REJECTED,
	SCTP_CL = SCTP_STATE_CLOSED,
};

/* clang-format off */
/* sctp_states                                            NO  I1  IN  CS  CR  CW  CO  CE  ES  SS  SR  SA  RJ  CL */
static const __u64 sctp_rows[DIRECTIONS][SCTP_EVENTS] = {
	[DIRECTION_INPUT] = {
		[SCTP_EVENT_DATA]               = SCTP_ROW(ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_INIT]               = SCTP_ROW(I1, IN, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, IN, IN),
		[SCTP_EVENT_INIT_ACK]           = SCTP_ROW(CW, CW, CW, CS, CR, CO, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ECHO]        = SCTP_ROW(CR, IN, IN, CR, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ACK]         = SCTP_ROW(ES, I1, IN, CS, CR, CW, CO, ES, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN]           = SCTP_ROW(SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_ACK]       = SCTP_ROW(CL, IN, IN, CS, CR, CW, CO, CE, ES, CL, SR, CL, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_COMPLETE]  = SCTP_ROW(CL, CL, CL, CS, CR, CW, CO, CE, ES, SS, SR, CL, RJ, CL),
		[SCTP_EVENT_ERROR]              = SCTP_ROW(CL, I1, IN, CS, CR, CW, CO, CL, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ABORT]              = SCTP_ROW(CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL),
	},
	[DIRECTION_OUTPUT] = {
		[SCTP_EVENT_DATA]               = SCTP_ROW(ES, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_INIT]               = SCTP_ROW(CW, CW, CW, CW, CW, CW, CW, CW, ES, CW, CW, CW, CW, CW),
		[SCTP_EVENT_INIT_ACK]           = SCTP_ROW(CS, CS, CS, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ECHO]        = SCTP_ROW(CE, CE, CE, CE, CE, CE, CE, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ACK]         = SCTP_ROW(ES, ES, ES, ES, ES, ES, ES, ES, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN]           = SCTP_ROW(SS, SS, SS, SS, SS, SS, SS, SS, SS, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_ACK]       = SCTP_ROW(SA, SA, SA, SA, SA, CW, CO, CE, ES, SA, SA, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_COMPLETE]  = SCTP_ROW(CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ERROR]              = SCTP_ROW(CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ABORT]              = SCTP_ROW(CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL, CL),
	},
	[DIRECTION_INPUT_ONLY] = {
		[SCTP_EVENT_DATA]               = SCTP_ROW(ES, I1, IN, CS, CR, ES, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_INIT]               = SCTP_ROW(I1, IN, IN, IN, IN, IN, CO, CE, ES, SS, SR, SA, IN, IN),
		[SCTP_EVENT_INIT_ACK]           = SCTP_ROW(CE, CE, CE, CE, CE, CE, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ECHO]        = SCTP_ROW(ES, ES, ES, ES, ES, ES, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_COOKIE_ACK]         = SCTP_ROW(ES, I1, IN, ES, ES, CW, ES, ES, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN]           = SCTP_ROW(SR, I1, IN, CS, CR, CW, CO, CE, SR, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_ACK]       = SCTP_ROW(CL, IN, IN, CS, CR, CW, CO, CE, CL, CL, SR, CL, RJ, CL),
		[SCTP_EVENT_SHUTDOWN_COMPLETE]  = SCTP_ROW(CL, CL, CL, CL, CL, CW, CO, CE, ES, SS, CL, CL, RJ, CL),
		[SCTP_EVENT_ERROR]              = SCTP_ROW(CL, I1, IN, CS, CR, CW, CO, CE, ES, SS, SR, SA, RJ, CL),
		[SCTP_EVENT_ABORT]              = SCTP_ROW(CL, CL, CL, CL, CL, RJ, CL, CL, CL, CL, CL, CL, CL, CL),
	},
};
/* clang-format on */

/* A global function: verified once. */
__noinline __u32 sctp_next_state(__u32 state, __u32 chunk, __u32 direction)
{
	__u32 event = chunk < sizeof(sctp_events) ? sctp_events[chunk] : SCTP_EVENT_DATA;

	if (chunk == SCTP_CHUNK_ABORTED_COOKIE)
		event = SCTP_EVENT_ABORT;
	/* what the table holds is known to the compiler, but not to the verifier */
	asm volatile("" : "+r"(event));
	if (event >= SCTP_EVENTS || direction >= DIRECTIONS)
		return state;
	return sctp_rows[direction][event] >> (state * 4) & 0xf;
}

/* With sloppy_sctp anything but ABORT begins an association (sctp_conn_schedule). */
static __always_inline bool sctp_opens(__u16 chunk)
{
	return settings.sloppy_sctp ? chunk != SCTP_CHUNK_ABORT : chunk == SCTP_CHUNK_INIT;
}

/* The four-way handshake is under way. */
static __always_inline bool sctp_is_half_open(__u32 state)
{
	return state >= SCTP_STATE_INIT1 && state <= SCTP_STATE_COOKIE_ECHOED;
}

/* INIT on an association that is over begins a new one: is_new_conn_expected(). */
static __always_inline bool sctp_is_reusable(__u32 state)
{
	return settings.conn_reuse_mode && state == SCTP_STATE_CLOSED;
}

#endif
