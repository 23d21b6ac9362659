/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The template table (persistence): a set-associative table in shared memory, without locks. Looked up when a
 * flow of a persistent service begins, told when such a flow ends. A template lives as long as it controls
 * flows, whatever its age (ip_vs_conn_expire), so a flow's number for it is always good.
 */
#ifndef TEMPLATE_H
#define TEMPLATE_H

#include "config.h"
#include "flow_word.h"
#include "maps.h"
#include "merge.h"
#include "signature.h"
#include "xdirector.h"

#define NO_TEMPLATE 0xffffffffU
/* Each attempt fails only when another CPU's succeeded. */
#define TEMPLATE_ATTEMPTS 8
#define TEMPLATE_CHOICES 2

static __always_inline struct template_request *template_request(void)
{
	__u32 zero = 0;

	return bpf_map_lookup_elem(&template_requests, &zero);
}

static __always_inline __u64 template_signature(const struct template_entry *entry)
{
	struct flow_key key = { .source = entry->client.words,
				.destination = entry->vip.words,
				.destination_port = entry->vport,
				.protocol = entry->protocol,
				.is_ipv4 = false };

	return flow_signature(&key);
}

/* Of the two buckets that a signature names. */
static __always_inline __u32 template_home(__u64 signature, int choice)
{
	return (choice ? signature & 0xffffffff : signature >> 32) * template_buckets >> 32;
}

static __always_inline struct template_bucket *template_bucket(__u32 number)
{
	__u32 index = number / TEMPLATE_WAYS;

	return bpf_map_lookup_elem(&templates, &index);
}

static __always_inline bool template_is_fired(__u64 word, const struct template_entry *entry,
					      __u64 now)
{
	__u64 limit = word & TEMPLATE_PROLONGED ? TEMPLATE_PROLONGATION : entry->timeout;

	return flow_age(word, now) >= limit;
}

static __always_inline bool template_lives(__u64 word, const struct template_entry *entry,
					   __u64 now)
{
	return word & TEMPLATE_FLOWS_MASK || !template_is_fired(word, entry, now);
}

/* The number of the live template with this signature, or NO_TEMPLATE. */
static __always_inline __u32 template_find(__u64 signature)
{
	__u64 now = flow_now();

#pragma clang loop unroll(disable)
	for (int i = 0; i < TEMPLATE_CHOICES * TEMPLATE_WAYS; i++) {
		__u32 index = template_home(signature, i / TEMPLATE_WAYS), way = i % TEMPLATE_WAYS;
		struct template_bucket *bucket = bpf_map_lookup_elem(&templates, &index);

		if (bucket && bucket->signature[way] == signature &&
		    template_lives(bucket->word[way], &bucket->entry[way], now))
			return index * TEMPLATE_WAYS + way;
	}
	return NO_TEMPLATE;
}

/* One more flow, and time starts anew. False when the template is being freed. */
static __always_inline bool template_arm(struct template_bucket *bucket, __u32 way)
{
	__u64 now = flow_now();

#pragma clang loop unroll(disable)
	for (int i = 0; i < TEMPLATE_ATTEMPTS; i++) {
		__u64 seen = bucket->word[way], word = seen;

		if (seen & TEMPLATE_GONE || (seen & TEMPLATE_FLOWS_MASK) == TEMPLATE_FLOWS_MASK)
			return false;
		if (template_is_fired(seen, &bucket->entry[way], now))
			word |= TEMPLATE_PROLONGED;
		word &= ~(FLOW_TICK_MASK << TEMPLATE_TICK_BIT);
		word |= now << TEMPLATE_TICK_BIT;
		if (__sync_val_compare_and_swap(&bucket->word[way], seen, word + 1) == seen)
			return true;
	}
	return false;
}

/* ip_vs_check_template() */
static __always_inline bool template_is_usable(const struct template_entry *entry)
{
	__u32 slot = entry->server;
	const struct server *server = bpf_map_lookup_elem(&servers, &slot);

	if (!server || server->method == METHOD_NONE)
		return false;
	return server->weight || !settings.expire_quiescent_template;
}

static __always_inline __u64 template_choice(__u32 server, __u32 template)
{
	return (__u64) template << 32 | server;
}

/*
 * What was requested on this CPU: server in the lower half, in the upper one the template that now controls
 * one flow more, or NO_TEMPLATE. All ones when there is none.
 */
__noinline __u64 template_use(__u32 controls)
{
	const struct template_request *request = template_request();
	struct template_bucket *bucket;
	__u32 number, way;

	if (!request)
		return ~0ULL;
	number = template_find(request->signature);
	if (number == NO_TEMPLATE)
		return ~0ULL;
	bucket = template_bucket(number);
	way = number % TEMPLATE_WAYS;
	if (!bucket)
		return ~0ULL;
	if (!template_is_usable(&bucket->entry[way])) {
		__sync_val_compare_and_swap(&bucket->signature[way], request->signature,
					    TEMPLATE_UNUSABLE);
		return ~0ULL;
	}
	if (!controls || !template_arm(bucket, way))
		number = NO_TEMPLATE;
	return template_choice(bucket->entry[way].server, number);
}

/* The ways of a bucket that are free, or whose template's time is over. */
static __always_inline __u32 template_vacancies(const struct template_bucket *bucket)
{
	__u64 now = flow_now();
	__u32 ways = 0;

#pragma clang loop unroll(disable)
	for (int way = 0; way < TEMPLATE_WAYS; way++) {
		__u64 word = bucket->word[way];
		bool is_taken = bucket->signature[way] == TEMPLATE_CLAIMED ||
				(bucket->signature[way] &&
				 template_lives(word, &bucket->entry[way], now));

		ways = any_of(ways + !is_taken, 2 * TEMPLATE_WAYS, word);
	}
	return ways;
}

/* Takes the way for a new template, unless it is taken. */
static __always_inline bool template_claim(struct template_bucket *bucket, __u32 way)
{
	__u64 signature = bucket->signature[way], word = bucket->word[way];

	if (!signature)
		return !__sync_val_compare_and_swap(&bucket->signature[way], 0, TEMPLATE_CLAIMED);
	if (signature == TEMPLATE_CLAIMED || word & TEMPLATE_GONE ||
	    template_lives(word, &bucket->entry[way], flow_now()))
		return false;
	if (__sync_val_compare_and_swap(&bucket->word[way], word, word | TEMPLATE_GONE) != word)
		return false;
	__sync_lock_test_and_set(&bucket->signature[way], TEMPLATE_CLAIMED);
	return true;
}

static __always_inline void template_write(struct template_bucket *bucket, __u32 way,
					   const struct template_request *request, __u32 server)
{
	bucket->entry[way] = request->entry;
	bucket->entry[way].server = server;
	bucket->word[way] = flow_now() << TEMPLATE_TICK_BIT | 1;
	__sync_lock_test_and_set(&bucket->signature[way], request->signature);
}

static __always_inline void template_count_lost(void)
{
	__u32 zero = 0;
	__u64 *lost = bpf_map_lookup_elem(&templates_lost, &zero);

	if (lost)
		++*lost;
}

/*
 * Makes the template that was requested on this CPU; it controls one flow. Its number, or NO_TEMPLATE when
 * there is no room.
 */
__noinline __u32 template_begin(__u32 server)
{
	const struct template_request *request = template_request();
	struct template_bucket *first, *second, *bucket;
	__u32 one, other, index;

	if (!request)
		return NO_TEMPLATE;
	one = template_home(request->signature, 0);
	other = template_home(request->signature, 1);
	first = bpf_map_lookup_elem(&templates, &one);
	second = bpf_map_lookup_elem(&templates, &other);
	if (!first || !second)
		return NO_TEMPLATE;
	index = template_vacancies(first) >= template_vacancies(second) ? one : other;
	bucket = bpf_map_lookup_elem(&templates, &index);
	if (!bucket)
		return NO_TEMPLATE;
#pragma clang loop unroll(disable)
	for (__u32 way = 0; way < TEMPLATE_WAYS; way++) {
		if (!template_claim(bucket, way))
			continue;
		template_write(bucket, way, request, server);
		return index * TEMPLATE_WAYS + way;
	}
	template_count_lost();
	return NO_TEMPLATE;
}

/* A flow that this template controlled has ended. */
__noinline int template_release(__u32 number)
{
	struct template_bucket *bucket = template_bucket(number);

	if (number != NO_TEMPLATE && bucket)
		__sync_fetch_and_sub(&bucket->word[number % TEMPLATE_WAYS], 1);
	return 0;
}

/* The template that controls the flow in this slot; its word says whether one does. */
static __always_inline __u32 flow_template(__u32 flow)
{
	const __u32 *template = bpf_map_lookup_elem(&flow_templates, &flow);

	return template ? *template : NO_TEMPLATE;
}

static __always_inline void flow_set_template(__u32 flow, __u32 template)
{
	__u32 *held = bpf_map_lookup_elem(&flow_templates, &flow);

	if (held)
		*held = template;
}

/* A flow is what it should be: established, or answered. Its template stays under attack (drop_entry). */
__noinline int flow_assure_template(__u32 flow)
{
	__u32 number = flow_template(flow);
	struct template_bucket *bucket = template_bucket(number);

	if (bucket && !(bucket->word[number % TEMPLATE_WAYS] & TEMPLATE_ASSURED))
		__sync_fetch_and_or(&bucket->word[number % TEMPLATE_WAYS], TEMPLATE_ASSURED);
	return 0;
}

#endif
