/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* TCP states as IPVS follows them: the tables of net/netfilter/ipvs/ip_vs_proto_tcp.c, a nibble per state. */
#ifndef TCP_H
#define TCP_H

#include "config.h"
#include "flow_word.h"
#include "packet.h"

#define TCP_ROW(no, es, ss, sr, fw, tw, cl, cw, la, li, sa)                                        \
	((__u64)TCP_##no | (__u64)TCP_##es << 4 | (__u64)TCP_##ss << 8 | (__u64)TCP_##sr << 12 |   \
	 (__u64)TCP_##fw << 16 | (__u64)TCP_##tw << 20 | (__u64)TCP_##cl << 24 |                   \
	 (__u64)TCP_##cw << 28 | (__u64)TCP_##la << 32 | (__u64)TCP_##li << 36 |                   \
	 (__u64)TCP_##sa << 40)

enum {
	TCP_NO = TCP_STATE_NONE,
	TCP_ES = TCP_STATE_ESTABLISHED,
	TCP_SS = TCP_STATE_SYN_SENT,
	TCP_SR = TCP_STATE_SYN_RECV,
	TCP_FW = TCP_STATE_FIN_WAIT,
	TCP_TW = TCP_STATE_TIME_WAIT,
	TCP_CL = TCP_STATE_CLOSE,
	TCP_CW = TCP_STATE_CLOSE_WAIT,
	TCP_LA = TCP_STATE_LAST_ACK,
	TCP_LI = TCP_STATE_LISTEN,
	TCP_SA = TCP_STATE_SYNACK,
};

/* In this order of priority, as the kernel's tcp_state_idx() has it. */
enum tcp_event {
	TCP_EVENT_RST,
	TCP_EVENT_SYN,
	TCP_EVENT_FIN,
	TCP_EVENT_ACK,
	TCP_EVENTS,
};

/* clang-format off */
/* secure_tcp=0: tcp_states of ip_vs_proto_tcp.c  NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
static const __u64 tcp_rows[DIRECTIONS][TCP_EVENTS] = {
	[DIRECTION_INPUT] = {
		[TCP_EVENT_SYN] = TCP_ROW(  SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR),
		[TCP_EVENT_FIN] = TCP_ROW(  CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, TW),
		[TCP_EVENT_ACK] = TCP_ROW(  ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES),
		[TCP_EVENT_RST] = TCP_ROW(  CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, SR),
	},
	[DIRECTION_OUTPUT] = {
		[TCP_EVENT_SYN] = TCP_ROW(  SS, ES, SS, SR, SS, SS, SS, SS, SS, LI, SR),
		[TCP_EVENT_FIN] = TCP_ROW(  TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW),
		[TCP_EVENT_ACK] = TCP_ROW(  ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES),
		[TCP_EVENT_RST] = TCP_ROW(  CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL),
	},
	[DIRECTION_INPUT_ONLY] = {
		[TCP_EVENT_SYN] = TCP_ROW(  SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR),
		[TCP_EVENT_FIN] = TCP_ROW(  CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW),
		[TCP_EVENT_ACK] = TCP_ROW(  ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES),
		[TCP_EVENT_RST] = TCP_ROW(  CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL),
	},
};

/* secure_tcp=3: tcp_states_dos                   NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
static const __u64 tcp_secure_rows[DIRECTIONS][TCP_EVENTS] = {
	[DIRECTION_INPUT] = {
		[TCP_EVENT_SYN] = TCP_ROW(  SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SA),
		[TCP_EVENT_FIN] = TCP_ROW(  CL, CW, SS, TW, TW, TW, CL, CW, LA, LI, SA),
		[TCP_EVENT_ACK] = TCP_ROW(  ES, ES, SS, SR, FW, TW, CL, CW, CL, LI, SA),
		[TCP_EVENT_RST] = TCP_ROW(  CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL),
	},
	[DIRECTION_OUTPUT] = {
		[TCP_EVENT_SYN] = TCP_ROW(  SS, ES, SS, SA, SS, SS, SS, SS, SS, LI, SA),
		[TCP_EVENT_FIN] = TCP_ROW(  TW, FW, SS, TW, FW, TW, CL, TW, LA, LI, TW),
		[TCP_EVENT_ACK] = TCP_ROW(  ES, ES, SS, ES, FW, TW, CL, CW, LA, ES, ES),
		[TCP_EVENT_RST] = TCP_ROW(  CL, CL, SS, CL, CL, TW, CL, CL, CL, CL, CL),
	},
	[DIRECTION_INPUT_ONLY] = {
		[TCP_EVENT_SYN] = TCP_ROW(  SA, ES, ES, SR, SA, SA, SA, SA, SA, SA, SA),
		[TCP_EVENT_FIN] = TCP_ROW(  CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW),
		[TCP_EVENT_ACK] = TCP_ROW(  ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES),
		[TCP_EVENT_RST] = TCP_ROW(  CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL),
	},
};
/* clang-format on */

/* TCP_EVENTS when no flag is set that means anything. */
static __always_inline __u32 tcp_event(__u8 flags)
{
	if (flags & TCP_RST)
		return TCP_EVENT_RST;
	if (flags & TCP_SYN)
		return TCP_EVENT_SYN;
	if (flags & TCP_FIN)
		return TCP_EVENT_FIN;
	return flags & TCP_ACK ? TCP_EVENT_ACK : TCP_EVENTS;
}

static __always_inline __u32 tcp_next_state(__u32 state, __u8 flags, enum direction direction)
{
	__u32 event;
	__u64 row;

	/* what nearly every packet is; no table says otherwise */
	if (state == TCP_STATE_ESTABLISHED &&
	    (flags & (TCP_SYN | TCP_FIN | TCP_RST | TCP_ACK)) == TCP_ACK)
		return state;
	event = tcp_event(flags);
	/* as set_tcp_state() begins: what no table knows closes the connection */
	if (event >= TCP_EVENTS || direction >= DIRECTIONS)
		return TCP_STATE_CLOSE;
	row = settings.secure_tcp ? tcp_secure_rows[direction][event] : tcp_rows[direction][event];
	return row >> (state * 4) & 0xf;
}

/*
 * IPVS schedules on a SYN; a SYN+ACK counts, a SYN with RST does not (tcp_conn_schedule). With
 * sloppy_tcp anything but RST opens a flow.
 */
static __always_inline bool tcp_opens(__u8 flags)
{
	if (settings.sloppy_tcp)
		return !(flags & TCP_RST);
	return (flags & (TCP_SYN | TCP_RST)) == TCP_SYN;
}

static __always_inline bool tcp_is_half_open(__u32 state)
{
	return state == TCP_STATE_SYN_RECV || state == TCP_STATE_SYN_SENT ||
	       state == TCP_STATE_SYNACK;
}

static __always_inline bool tcp_is_closing(__u32 state)
{
	return state != TCP_STATE_ESTABLISHED && !tcp_is_half_open(state);
}

/* A SYN on a finished connection begins a new one: is_new_conn_expected(), conn_reuse_mode. */
static __always_inline bool tcp_is_reusable(__u32 state, bool masqueraded)
{
	if (settings.conn_reuse_mode & 2 && state == TCP_STATE_FIN_WAIT && !masqueraded)
		return true;
	return settings.conn_reuse_mode &&
	       (state == TCP_STATE_TIME_WAIT || state == TCP_STATE_CLOSE);
}

#endif
