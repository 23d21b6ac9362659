/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Every map, each with the question it answers. User space sets the sizes marked with 1. */
#ifndef MAPS_H
#define MAPS_H

#include <bpf/bpf_helpers.h>
#include "xdirector.h"

struct answer_request {
	__u64 tick;
	__u32 count;  /* of answers in this tick */
	__u32 server; /* slot */
	__u16 path_mtu;
	__u16 verdict;
	union ip source;
};

/* An MTU that a router reported; the server's record has it while this is current. */
struct path_mtu {
	union ip rip;
	__u32 tick; /* of the report */
	__u16 mtu;
	__u16 link_mtu; /* the record's before */
};

struct fragment_key {
	union ip source;
	union ip destination;
	__u32 id;
	__u8 protocol;
	__u8 zero[3];
};

struct fragment_way {
	__u64 word;  /* of the flow */
	__u32 reply; /* its slot, when these are fragments of a reply */
	__u32 tick;
};

struct fragment_note {
	struct fragment_key key;
	struct fragment_way way;
	__u32 sctp_length; /* struct packet's */
};

struct template_request {
	struct template_entry entry;
	__u64 signature;
};

/* The servers whose loads changed on the way of one packet. */
#define LOAD_NEWS_MAX 8

struct load_news {
	__u32 count;
	__s32 action; /* what the packet waits for */
	__u32 slot[LOAD_NEWS_MAX];
};

/* What this CPU asks about a destination, and what it is about to remember of it. */
struct locality_request {
	struct locality_key key;
	struct locality locality;
};

#define MAX_LOCALITIES 65536
#define MAX_FRAGMENTED 16384
#define MAX_SERVICES 16384
#define SPARE_TABLES 256
#define KNOWN_SERVICES_BITS 10
#define KNOWN_SERVICES (1 << KNOWN_SERVICES_BITS)
#define MAX_SERVERS 131072
#define MAX_DEVICES 256
#define MAX_VLANS 4096
#define MAX_MARK_PREFIXES 16384

/* Which virtual service is this address, port and protocol? */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SERVICES);
	__type(key, struct service_key);
	__type(value, struct service_record);
} services SEC(".maps");

/* What did the services map say of the keys that this CPU asked for last? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, KNOWN_SERVICES);
	__type(key, __u32);
	__type(value, struct known_service);
} known_services SEC(".maps");

/* Which marks may a packet to this destination have? */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, MAX_MARK_PREFIXES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct mark_key);
	__type(value, struct mark_rules);
} marks SEC(".maps");

/* How is this real server reached? Indexed by server slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, struct server);
} servers SEC(".maps");

/* Is this address, port and protocol a masqueraded server, and which slot? Filled while nat_icmp_send is on. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_SERVERS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct service_key);
	__type(value, __u32);
} real_servers SEC(".maps");

/* Which MTU was learned of the way to this server, and when? Indexed by server slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, struct path_mtu);
} path_mtus SEC(".maps");

/* How many flows does this real server have, and how many may it have? Indexed by server slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SERVERS);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct server_load);
} server_loads SEC(".maps");

/*
 * What was the weight of this quiesced server before? Indexed by server slot. For user space only: mh's
 * table goes by it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, __u32);
} former_weights SEC(".maps");

/* Whose loads has this CPU's packet changed, where something follows from that? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct load_news);
} load_news SEC(".maps");

/* What went to this real server? Indexed by server slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, MAX_SERVERS);
	__type(key, __u32);
	__type(value, struct server_counters);
} server_counters SEC(".maps");

/* How many packets ended in each verdict? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct verdict_counters);
} verdicts SEC(".maps");

/* How many connections has this service scheduled? Indexed by service.id. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, MAX_SERVICES);
	__type(key, __u32);
	__type(value, __u64);
} turns SEC(".maps");

/*
 * Which servers take turns, in which order? Indexed by service.id; layout: enum sched_table. The last ones are for
 * rankings that user space makes ready before they take their places.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, MAX_SERVICES + SPARE_TABLES);
	__type(key, __u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_ARRAY);
		__uint(max_entries, 2);
		__uint(map_flags, BPF_F_INNER_MAP);
		__uint(key_size, sizeof(__u32));
		__uint(value_size, sizeof(struct sched_row));
	});
} sched_tables SEC(".maps");

/* Which servers had new flows to this destination last? Those that nobody asks for give way. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_LOCALITIES);
	__type(key, struct locality_key);
	__type(value, struct locality);
} localities SEC(".maps");

/* Which destination is this CPU choosing a server for? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct locality_request);
} locality_requests SEC(".maps");

/* Which server does this flow belong to? Shared memory with user space, which expires and lists. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct flow_bucket);
} flow_table SEC(".maps");

/* What do the addresses of the flow in this slot begin with, or where do its replies go? Indexed by slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, union flow_far);
} flow_far SEC(".maps");

/* Which server was this client given? Shared memory with user space, which expires and lists. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, struct template_bucket);
} templates SEC(".maps");

/* Which template controls the flow in this slot? Says so where the flow's word has FLOW_PERSISTENT. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u32);
} flow_templates SEC(".maps");

/* Which template is this CPU looking for? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct template_request);
} template_requests SEC(".maps");

/* How many templates had no room? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u64);
} templates_lost SEC(".maps");

/* Which fragment is this CPU at? On the stack it would not fit beside a packet's whole way. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct fragment_note);
} fragment_notes SEC(".maps");

/* Where did the first fragment of this packet go? */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_FRAGMENTED);
	__type(key, struct fragment_key);
	__type(value, struct fragment_way);
} fragments SEC(".maps");

/* Which ICMP error does this CPU send next, and how many has it sent in this tick? */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct answer_request);
} answer_requests SEC(".maps");

/* Is this interface a VLAN of another one? Keyed by interface index. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_VLANS);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct vlan_device);
} vlan_devices SEC(".maps");

/* By which interfaces do packets leave? Keyed by interface index. */
struct {
	__uint(type, BPF_MAP_TYPE_DEVMAP_HASH);
	__uint(max_entries, MAX_DEVICES);
	__type(key, __u32);
	__type(value, __u32);
} devices SEC(".maps");

#endif
