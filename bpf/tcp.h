/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * TCP states as IPVS follows them when it sees only the client's packets (direct routing and
 * tunnelling): the INPUT_ONLY table of net/netfilter/ipvs/ip_vs_proto_tcp.c, a nibble per state.
 */
#ifndef TCP_H
#define TCP_H

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

/* clang-format off */
/*                                   NO  ES  SS  SR  FW  TW  CL  CW  LA  LI  SA */
#define TCP_INPUT_ONLY_SYN TCP_ROW(  SR, ES, ES, SR, SR, SR, SR, SR, SR, SR, SR)
#define TCP_INPUT_ONLY_FIN TCP_ROW(  CL, FW, SS, TW, FW, TW, CL, CW, LA, LI, TW)
#define TCP_INPUT_ONLY_ACK TCP_ROW(  ES, ES, SS, ES, FW, TW, CL, CW, CL, LI, ES)
#define TCP_INPUT_ONLY_RST TCP_ROW(  CL, CL, CL, SR, CL, CL, CL, CL, LA, LI, CL)
/* clang-format on */

/* The kernel's tcp_state_idx(): RST before SYN before FIN before ACK; none of them changes nothing. */
static __always_inline __u32 tcp_next_state(__u32 state, __u8 flags)
{
	__u64 row;

	if (flags & TCP_RST)
		row = TCP_INPUT_ONLY_RST;
	else if (flags & TCP_SYN)
		row = TCP_INPUT_ONLY_SYN;
	else if (flags & TCP_FIN)
		row = TCP_INPUT_ONLY_FIN;
	else if (flags & TCP_ACK && state != TCP_STATE_ESTABLISHED)
		row = TCP_INPUT_ONLY_ACK;
	else
		return state;
	return row >> (state * 4) & 0xf;
}

/* IPVS schedules on a SYN; a SYN+ACK counts, a SYN with RST does not (tcp_conn_schedule). */
static __always_inline bool tcp_opens(__u8 flags)
{
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

/* A SYN on a finished connection begins a new one: conn_reuse_mode=1 (is_new_conn_expected). */
static __always_inline bool tcp_is_reusable(__u32 state)
{
	return state == TCP_STATE_TIME_WAIT || state == TCP_STATE_CLOSE;
}

#endif
