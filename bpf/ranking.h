/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The ranking of a service's servers by load: a tournament over the scheduler table, without locks. A choice
 * reads the root; a changed load plays the matches from its leaf to the root again, so both cost next to
 * the same with two servers and with thousands.
 */
#ifndef RANKING_H
#define RANKING_H

#include "load_key.h"
#include "maps.h"
#include "sched_table.h"
#include "xdirector.h"

#define RANK_LEVELS 17 /* MAX_SERVERS leaves */
#define RANK_CHANGE (1U << RANK_SERVER_BITS)

struct ranking {
	void *table;
	__u32 length;
	__u32 width;
	__u32 nodes; /* word of the table at which node 0 would be; of a table that is none, out of it */
};

#define NO_NODES (1U << 30)

/* The least power of two that is no less than `length`, and at least 2: even one server has a match. */
static __always_inline __u32 rank_width(__u32 length)
{
	__u32 bits = length - 1;

	bits |= 1;
	bits |= bits >> 1;
	bits |= bits >> 2;
	bits |= bits >> 4;
	bits |= bits >> 8;
	bits |= bits >> 16;
	return bits + 1;
}

/* scheduler: the service's, or RANK_IDLEST for the second ranking. False when the service has no servers. */
static __always_inline bool open_ranking(struct ranking *ranking, __u32 service, __u32 scheduler)
{
	ranking->table = bpf_map_lookup_elem(&sched_tables, &service);
	if (!ranking->table)
		return false;
	ranking->length = table_word(ranking->table, SCHED_TABLE_LENGTH);
	ranking->width = rank_width(ranking->length);
	ranking->nodes = whole_rows(SCHED_TABLE_SLOTS + ranking->length);
	if (has_firsts(ranking->table))
		ranking->nodes = NO_NODES;
	else if (scheduler == RANK_IDLEST)
		ranking->nodes += whole_rows(ranking->width);
	return ranking->length;
}

static __always_inline __u32 *rank_node(const struct ranking *ranking, __u32 node)
{
	__u32 index = ranking->nodes + node;
	struct sched_row *row = (struct sched_row *)table_row(ranking->table, index);

	return row ? &row->word[index % SCHED_TABLE_ROW] : NULL;
}

/* Who won it all, or NO_SERVER. */
static __always_inline __u32 ranked_choice(__u32 service, __u32 scheduler)
{
	struct ranking ranking;
	const __u32 *root;

	if (!open_ranking(&ranking, service, scheduler))
		return NO_SERVER;
	root = rank_node(&ranking, 1);
	if (!root) /* the service has another scheduler in a moment */
		return table_word(ranking.table, SCHED_TABLE_SLOTS);
	return (*root & RANK_SERVER_MASK) - 1;
}

/* The server that won below a node, as slot + 1. */
static __always_inline __u32 rank_winner(const struct ranking *ranking, __u32 node)
{
	__u32 leaf = node - ranking->width, index = ranking->nodes + node;

	if (node < ranking->width)
		return table_word(ranking->table, index) & RANK_SERVER_MASK;
	if (leaf < ranking->length)
		return table_word(ranking->table, SCHED_TABLE_SLOTS + leaf) + 1;
	return 0;
}

static __always_inline struct load_key key_of(__u32 scheduler, __u32 winner)
{
	__u32 slot = winner - 1;
	const struct server_load *load = bpf_map_lookup_elem(&server_loads, &slot);

	return load ? load_key(scheduler, load->word, load->weight) : (struct load_key){};
}

/* Who wins, as slot + 1, the earlier one being left. Global functions, verified once: levels times keys are many ways. */
__noinline __u32 rank_better(__u32 scheduler, __u32 left, __u32 right)
{
	struct load_key first = key_of(scheduler, left), second = key_of(scheduler, right);

	if (load_key_replaces(&second, &first))
		return right;
	return first.weight ? left : 0;
}

/*
 * Plays the match of a node again. Twice when another CPU comes between: whoever succeeded in the meantime the
 * second time has looked at the children after this CPU's change. 0 when a third server won and wins,
 * so that nothing changes above.
 */
__noinline int rank_again(__u32 service, __u32 scheduler, __u32 node, __u32 changed)
{
	struct ranking ranking;
	__u32 *word;

	if (!open_ranking(&ranking, service, scheduler))
		return 0;
	word = rank_node(&ranking, node);
	if (!word)
		return 0;
#pragma clang loop unroll(disable)
	for (int attempt = 0; attempt < 2; attempt++) {
		__u32 before = *(volatile __u32 *)word;
		__u32 left = rank_winner(&ranking, 2 * node);
		__u32 right = rank_winner(&ranking, 2 * node + 1);
		__u32 winner = rank_better(scheduler, left, right) & RANK_SERVER_MASK;
		__u32 after = ((before + RANK_CHANGE) & ~RANK_SERVER_MASK) | winner;

		if (__sync_val_compare_and_swap(word, before, after) == before)
			return winner == changed || (before & RANK_SERVER_MASK) != winner;
	}
	return 1;
}

/* After the load of a server changed that has a place in a ranking. */
static __always_inline void rank_server(__u32 slot, const struct server_load *load, __u32 scheduler)
{
	__u32 leaf = load->leaf - 1, node;
	struct ranking ranking;

	if (!open_ranking(&ranking, load->service, scheduler) || leaf >= ranking.length)
		return;
	/* the table was replaced a moment ago, and user space ranks the new one */
	if (table_word(ranking.table, SCHED_TABLE_SLOTS + leaf) != slot)
		return;
	node = (ranking.width + leaf) / 2;
#pragma clang loop unroll(disable)
	for (int level = 0; level < RANK_LEVELS && node; level++) {
		if (!rank_again(load->service, scheduler, node, slot + 1))
			return;
		node /= 2;
	}
}

struct rank_walk {
	__u32 service;
	__u32 scheduler;
	__u32 width;
};

static long rank_next(__u32 done, void *context)
{
	const struct rank_walk *walk = context;

	rank_again(walk->service, walk->scheduler, walk->width - 1 - done, 0);
	return 0;
}

/* All matches, from the leaves to the root. */
static __always_inline void rank_all(__u32 service, __u32 scheduler)
{
	struct rank_walk walk = { .service = service, .scheduler = scheduler };
	struct ranking ranking;

	if (!open_ranking(&ranking, service, scheduler))
		return;
	walk.width = ranking.width;
	bpf_loop(walk.width - 1, rank_next, &walk, 0);
}

#endif
