/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The choice of a server for a new connection. */
#ifndef SCHED_H
#define SCHED_H

#include "maps.h"
#include "packet.h"
#include "sched_hash.h"
#include "sched_table.h"
#include "xdirector.h"

/* head: the first row of the table, whose length is not 0 */
static __always_inline __u32 table_choice(void *table, const struct sched_row *head, __u64 number)
{
	__u64 turn = number + head->word[SCHED_TABLE_OFFSET];
	__u32 index = SCHED_TABLE_SLOTS + (__u32)(turn % head->word[SCHED_TABLE_LENGTH]);

	return index < SCHED_TABLE_ROW ? row_word(head, index) : table_word(table, index);
}

/*
 * rr and wrr are the same here: user space compiles one period of the kernel's order into a table, and
 * each connection takes the next turn.
 */
static __always_inline __u32 schedule_turn(const struct service *service)
{
	__u32 id = service->id;
	void *table = bpf_map_lookup_elem(&sched_tables, &id);
	__u64 *turn = bpf_map_lookup_elem(&turns, &id);
	const struct sched_row *head = table ? table_row(table, 0) : NULL;

	if (!turn || !head || !head->word[SCHED_TABLE_LENGTH])
		return NO_SERVER;
	return table_choice(table, head, __sync_fetch_and_add(turn, 1));
}

/* The server for a new connection, or NO_SERVER. */
static __always_inline __u32 schedule(const struct service *service, const struct packet *packet)
{
	return is_hashed(service) ? schedule_hashed(service, packet) : schedule_turn(service);
}

/* The same server for every packet of a flow as long as the table stays: for flows without state. */
static __always_inline __u32 schedule_stateless(const struct service *service,
						const struct packet *packet, __u64 signature)
{
	const struct sched_row *head;
	__u32 id = service->id;
	void *table;

	if (is_hashed(service))
		return schedule_hashed(service, packet);
	table = bpf_map_lookup_elem(&sched_tables, &id);
	head = table ? table_row(table, 0) : NULL;
	if (!head || !head->word[SCHED_TABLE_LENGTH])
		return NO_SERVER;
	return table_choice(table, head, signature >> 8);
}

#endif
