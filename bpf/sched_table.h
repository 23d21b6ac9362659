/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* What a scheduler table (enum sched_table) says. */
#ifndef SCHED_TABLE_H
#define SCHED_TABLE_H

#include "maps.h"
#include "xdirector.h"

#define NO_SERVER 0xffffffffU

static __always_inline const struct sched_row *table_row(void *table, __u32 index)
{
	__u32 row = index / SCHED_TABLE_ROW;

	return bpf_map_lookup_elem(table, &row);
}

static __always_inline __u32 row_word(const struct sched_row *row, __u32 index)
{
	return row ? row->word[index % SCHED_TABLE_ROW] : 0;
}

static __always_inline __u32 table_word(void *table, __u32 index)
{
	return row_word(table_row(table, index), index);
}

static __always_inline bool is_overloaded(__u32 slot)
{
	const struct server_load *load = bpf_map_lookup_elem(&server_loads, &slot);

	return load && load->word & LOAD_OVERLOADED;
}

/* Whether a new flow may go to this server: IPVS's !is_unavailable(). */
static __always_inline bool takes_flows(__u32 slot)
{
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);

	return server && server->method != METHOD_NONE && server->weight && !is_overloaded(slot);
}

#endif
