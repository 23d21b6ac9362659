/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* The choice of a server for a new connection. */
#ifndef SCHED_H
#define SCHED_H

#include "maps.h"
#include "packet.h"
#include "ranking.h"
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

/* The way round a table, past servers that are overloaded; on the stack of a global function, as bpf_loop() asks. */
struct table_walk {
	void *table;
	__u32 length;
	__u32 from; /* the first place */
	__u32 slot;
	__u32 passed; /* places, that of `slot` included */
};

static long pass_overloaded(__u32 index, void *context)
{
	struct table_walk *walk = context;
	__u32 place = (walk->from + index) % walk->length;
	__u32 slot = table_word(walk->table, SCHED_TABLE_SLOTS + place);

	if (is_overloaded(slot))
		return 0;
	walk->slot = slot;
	walk->passed = index + 1;
	return 1;
}

/* Likewise, from one server's first place to the next one's. Those behind the walk's beginning come last. */
static long pass_overloaded_firsts(__u32 index, void *context)
{
	struct table_walk *walk = context;
	__u32 place = first_place(walk->table, index), slot;
	bool is_behind = place < walk->from;

	if (is_behind && walk->slot != NO_SERVER)
		return 0;
	slot = table_word(walk->table, SCHED_TABLE_SLOTS + place);
	if (is_overloaded(slot))
		return 0;
	walk->slot = slot;
	walk->passed = place + (is_behind ? walk->length : 0) - walk->from + 1;
	return !is_behind;
}

/*
 * Takes two steps a server at most, however often each has its turn: a level of wrr serves those of the level
 * above in the same order, and more. As many places as there are servers pass all that had a turn already, or the end
 * of the table. Any other server's next turn is its first one.
 */
static __always_inline void walk_table(struct table_walk *walk, __u64 turn)
{
	__u32 servers = table_servers(walk->table);

	walk->slot = NO_SERVER;
	walk->length = table_word(walk->table, SCHED_TABLE_LENGTH);
	if (!walk->length)
		return;
	walk->from = (turn + table_word(walk->table, SCHED_TABLE_OFFSET)) % walk->length;
	bpf_loop(servers ?: walk->length, pass_overloaded, walk, 0);
	if (walk->slot == NO_SERVER)
		bpf_loop(servers, pass_overloaded_firsts, walk, 0);
}

/*
 * For rr and wrr, when the server whose turn it was is overloaded: the next one in the table that is not, and
 * its turn is taken. When all are, nobody's turn is.
 */
__noinline __u32 next_available(__u32 service)
{
	struct table_walk walk = { .table = bpf_map_lookup_elem(&sched_tables, &service) };
	__u64 *turn = bpf_map_lookup_elem(&turns, &service);

	if (!walk.table || !turn)
		return NO_SERVER;
	walk_table(&walk, *turn);
	__sync_fetch_and_add(turn, walk.slot == NO_SERVER ? -1ULL : walk.passed);
	return walk.slot;
}

/* From this place of the table on the first server that is not overloaded. */
static __always_inline __u32 choice_from(void *table, __u64 place)
{
	struct table_walk walk = { .table = table };

	walk_table(&walk, place);
	return walk.slot;
}

/* ip_vs_twos.c: of two servers at random, by weight, the one with less to do for its weight. */
static __always_inline __u32 two_choices(void *table)
{
	__u32 one = choice_from(table, bpf_get_prandom_u32());
	__u32 other = choice_from(table, bpf_get_prandom_u32());

	return rank_better(SCHEDULER_WLC, one + 1, other + 1) - 1;
}

/*
 * The choice of a service that goes by load. Attempts after the first one go through its servers, whoever is the best.
 * Global functions, this and more: a dozen schedulers are many ways for the verifier, which walks these once.
 */
__noinline __u32 load_choice(__u32 service, __u32 scheduler, __u32 attempt)
{
	void *table = bpf_map_lookup_elem(&sched_tables, &service);

	if (!table)
		return NO_SERVER;
	if (attempt)
		return choice_from(table, attempt - 1);
	return scheduler == SCHEDULER_TWOS ? two_choices(table) : ranked_choice(service, scheduler);
}

/*
 * rr and wrr are the same here: user space compiles one period of the kernel's order into a table, and
 * each connection takes the next turn.
 */
static __always_inline __u32 schedule_turn(__u32 service)
{
	void *table = bpf_map_lookup_elem(&sched_tables, &service);
	__u64 *turn = bpf_map_lookup_elem(&turns, &service);
	const struct sched_row *head = table ? table_row(table, 0) : NULL;
	__u32 slot;

	if (!turn || !head || !head->word[SCHED_TABLE_LENGTH])
		return NO_SERVER;
	slot = table_choice(table, head, __sync_fetch_and_add(turn, 1));
	return is_overloaded(slot) ? next_available(service) : slot;
}

static __always_inline bool goes_by_load(__u32 scheduler)
{
	return 1U << scheduler & (1U << SCHEDULER_LC | 1U << SCHEDULER_WLC | 1U << SCHEDULER_SED |
				  1U << SCHEDULER_NQ | 1U << SCHEDULER_FO | 1U << SCHEDULER_OVF |
				  1U << SCHEDULER_TWOS);
}

__noinline __u32 choose_by_number(__u32 service, __u64 number)
{
	void *table = bpf_map_lookup_elem(&sched_tables, &service);
	const struct sched_row *head = table ? table_row(table, 0) : NULL;

	if (!head || !head->word[SCHED_TABLE_LENGTH])
		return NO_SERVER;
	return table_choice(table, head, number);
}

/*
 * The server for a new connection, or NO_SERVER; after the first attempt another one where the scheduler leaves a
 * choice. Of lblc and lblcr: sched_locality.h.
 */
static __always_inline __u32 schedule(const struct service *service, const struct packet *packet,
				      __u32 attempt)
{
	bool falls_back = service->scheduler != SCHEDULER_DH && service->flags & SERVICE_FALLBACK;

	if (is_hashed(service->scheduler))
		return hashed_choice(service->id, service->scheduler, falls_back,
				     hashed_value(service, packet));
	return goes_by_load(service->scheduler) ?
		       load_choice(service->id, service->scheduler, attempt) :
		       schedule_turn(service->id);
}

/* The same server for every packet of a flow as long as the table stays: for flows without state. */
static __always_inline __u32 schedule_stateless(const struct service *service,
						const struct packet *packet, __u64 signature)
{
	if (is_hashed(service->scheduler))
		return schedule(service, packet, 0);
	return choose_by_number(service->id, signature >> 8);
}

#endif
