/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The second word of a flow's slot, taken apart: server, time, state, protocol. */
#ifndef FLOW_WORD_H
#define FLOW_WORD_H

#include <stdbool.h>
#include "clock.h"
#include "config.h"
#include "xdirector.h"

/* A busy flow writes its time at most this often, so that its line stays clean between. */
#define FLOW_REFRESH_TICKS 4
/* Another CPU may have stamped a tick that this one has not seen yet. */
#define FLOW_TICK_SKEW 16

static __always_inline __u64 flow_now(void)
{
	return flow_tick;
}

static __always_inline __u32 flow_server(__u64 word)
{
	return word & FLOW_SERVER_MASK;
}

static __always_inline __u32 flow_state(__u64 word)
{
	return word >> FLOW_STATE_BIT & FLOW_STATE_MASK;
}

static __always_inline __u32 flow_protocol(__u64 word)
{
	return word >> FLOW_PROTOCOL_BIT & FLOW_PROTOCOL_MASK;
}

/* Whose packet it is, and whether the other side's are seen at all. */
enum direction {
	DIRECTION_INPUT,      /* client to server, masqueraded */
	DIRECTION_OUTPUT,     /* server to client, masqueraded */
	DIRECTION_INPUT_ONLY, /* client to server; replies take another way */
	DIRECTIONS,
};

static __always_inline enum direction flow_direction(__u64 word)
{
	if (word & FLOW_REPLY)
		return DIRECTION_OUTPUT;
	return word & FLOW_MASQUERADE ? DIRECTION_INPUT : DIRECTION_INPUT_ONLY;
}

static __always_inline __u64 flow_age(__u64 word, __u64 now)
{
	__u64 age = (now - (word >> FLOW_TICK_BIT)) & FLOW_TICK_MASK;

	return age > FLOW_TICK_MASK - FLOW_TICK_SKEW ? 0 : age;
}

static __always_inline bool flow_is_expired(__u64 word, __u64 now)
{
	return flow_age(word, now) >= settings.timeout[flow_protocol(word)][flow_state(word)];
}

static __always_inline __u64 flow_stamp(__u64 word, __u32 state, __u64 now)
{
	word &= ~(FLOW_TICK_MASK << FLOW_TICK_BIT | FLOW_STATE_MASK << FLOW_STATE_BIT);
	return word | now << FLOW_TICK_BIT | (__u64)state << FLOW_STATE_BIT;
}

#endif
