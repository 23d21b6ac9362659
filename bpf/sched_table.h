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

static __always_inline __u32 whole_rows(__u32 words)
{
	return (words + SCHED_TABLE_ROW - 1) / SCHED_TABLE_ROW * SCHED_TABLE_ROW;
}

/* Where what follows the slots begins. */
static __always_inline __u32 table_end(void *table)
{
	return whole_rows(SCHED_TABLE_SLOTS + table_word(table, SCHED_TABLE_LENGTH));
}

static __always_inline bool has_firsts(void *table)
{
	return table_word(table, SCHED_TABLE_OFFSET) >= SCHED_TABLE_FIRSTS;
}

/* Servers that have more than one place among them; 0 when every place is another server's. */
static __always_inline __u32 table_servers(void *table)
{
	return has_firsts(table) ? table_word(table, table_end(table)) : 0;
}

/* The first place of the server that is the n-th to have one. */
static __always_inline __u32 first_place(void *table, __u32 n)
{
	return table_word(table, table_end(table) + 1 + n);
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
