/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * Key -> virtual service. Every new flow asks, and the kernel's hash map takes 27 ns to answer: a call, a hash of
 * 24 bytes, a list. So each CPU remembers what it was told, in a table without chains, and for keys that are no
 * service's, too.
 */
#ifndef FIND_SERVICE_H
#define FIND_SERVICE_H

#include "config.h"
#include "maps.h"
#include "xdirector.h"

/* Where the generation goes in the third word of a key, above port and protocol. */
#define KEY_GENERATION_BIT 32

/* Odd numbers whose products have the sum of all lower bits in the highest (the golden ratio, and xxHash's). */
#define MIX_ADDRESS 0x9e3779b97f4a7c15ULL
#define MIX_KEY 0xc2b2ae3d27d4eb4fULL

static __always_inline __u64 key_word(const struct service_key *key, __u32 index)
{
	return ((const __u64 *)key)[index];
}

/* The third word of what is known of this key now. */
static __always_inline __u64 current_word(const struct service_key *key, __u32 generation)
{
	return key_word(key, 2) | (__u64)generation << KEY_GENERATION_BIT;
}

static __always_inline struct known_service *known_place(const struct service_key *key)
{
	__u64 mixed = key_word(key, 0) + key_word(key, 1) * MIX_ADDRESS + key_word(key, 2);
	__u32 index = mixed * MIX_KEY >> (64 - KNOWN_SERVICES_BITS);

	return bpf_map_lookup_elem(&known_services, &index);
}

static __always_inline bool is_known(const struct known_service *known,
				     const struct service_key *key)
{
	return !((known->key[0] ^ key_word(key, 0)) | (known->key[1] ^ key_word(key, 1)) |
		 (known->key[2] ^ current_word(key, settings.service_generation)));
}

/*
 * Looks it up and remembers it. The generation is read first: of what changes meanwhile the old one is remembered,
 * which is then not the current one. A global function: rare, and it keeps the ways to a service from being many.
 */
__noinline int learn_service(const struct service_key *asked)
{
	__u32 generation = *(const volatile __u32 *)&settings.service_generation;
	const struct service_record *record;
	struct known_service *known;
	struct service_key key;

	if (!asked)
		return 0;
	key = *asked; /* Linux 6.1 takes no argument of a global function for a key */
	known = known_place(&key);
	record = bpf_map_lookup_elem(&services, &key);
	if (!known)
		return 0;
	known->service = record ? record->service : (struct service){ .removed = 1 };
	known->key[0] = key_word(&key, 0);
	known->key[1] = key_word(&key, 1);
	known->key[2] = current_word(&key, generation);
	return 0;
}

/* NULL: there is none. As it was when the packet came: not to be written to. */
static __always_inline const struct service *find_service(const struct service_key *key)
{
	struct known_service *known = known_place(key);

	if (!known)
		return NULL;
	if (!is_known(known, key))
		learn_service(key);
	return known->service.removed ? NULL : &known->service;
}

#endif
