/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * How many flows every server has, at any moment. The counts follow the words of the flow table: whoever
 * changes a word atomically, and only he, passes the difference on.
 */
#ifndef LOAD_H
#define LOAD_H

#include "flow_word.h"
#include "load_word.h"
#include "maps.h"
#include "xdirector.h"

/*
 * Asks for what follows from a changed load, at the end of the packet's way: settle.h. A global function: only
 * services with thresholds or a ranking need it.
 */
__noinline int note_load(__u32 slot)
{
	__u32 zero = 0;
	struct load_news *news = bpf_map_lookup_elem(&load_news, &zero);

	if (!news || news->count >= LOAD_NEWS_MAX)
		return 0; /* the next sweep sees to it */
	news->slot[news->count & (LOAD_NEWS_MAX - 1)] = slot;
	news->count++;
	return 0;
}

static __always_inline void load_add(__u32 slot, __u64 difference)
{
	struct server_load *load = bpf_map_lookup_elem(&server_loads, &slot);

	if (!load || !difference)
		return;
	__sync_fetch_and_add(&load->word, difference);
	if (load->leaf | load->upper)
		note_load(slot);
}

/* Before others can see the slot: nobody ends a flow that was not counted. */
static __always_inline void load_begin(__u64 word)
{
	load_add(flow_server(word), load_of_flow(word));
}

static __always_inline void load_move(__u64 before, __u64 after)
{
	load_add(flow_server(before), load_of_flow(after) - load_of_flow(before));
}

static __always_inline void load_end(__u64 word)
{
	load_add(flow_server(word), -load_of_flow(word));
}

#endif
