/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract between the data plane and user space: structs, enums and limits, nothing else.
 * User space reads every layout from BTF at run time; addon/flows.cc, which walks the flow table
 * at memory speed, includes this header itself.
 */
#ifndef XDIRECTOR_H
#define XDIRECTOR_H

#include <linux/types.h>

/* One address of either family: IPv4 is held as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
union ip {
	__u8 bytes[16];
	__be32 words[4];
	__u64 halves[2];
};

/*
 * Why a packet left the program. Every packet ends in exactly one verdict, counted per CPU at the
 * single exit and exported as xdirector_packets_total{verdict="..."}; labels are these names with
 * dashes, by way of BTF. Numbers are never reused.
 */
/* clang-format off */
#define VERDICTS(X) \
	X(1, FORWARDED_DIRECT, forwarded_direct) /* sent to a real server by direct routing */ \
	X(2, FORWARDED_TUNNEL, forwarded_tunnel) /* sent to a real server in a tunnel */ \
	X(3, LOCAL_SERVER, local_server) /* the director itself is the real server: passed up */ \
	X(4, NOT_IP, not_ip) /* neither IPv4 nor IPv6 (ARP, LLDP, ...): passed up */ \
	X(5, NOT_TCP_UDP, not_tcp_udp) /* ICMP and other protocols: passed up */ \
	X(6, NO_SERVICE, no_service) /* not addressed to a virtual service: passed up */ \
	X(7, NO_FLOW, no_flow) /* TCP or SCTP to a service, but neither a known flow nor a SYN or INIT: passed up */ \
	X(8, FRAGMENT, fragment) /* a later IP fragment whose first one did not come this way: passed up */ \
	X(9, MALFORMED, malformed) /* headers cut short or lying about lengths: passed up */ \
	X(10, NO_SERVER, no_server) /* the service has no server with weight: dropped, answers being rate limited */ \
	X(11, SERVER_REMOVED, server_removed) /* flow of a server that is gone: dropped */ \
	X(12, NO_NEIGHBOUR, no_neighbour) /* next hop of the server not resolved: dropped */ \
	X(13, TTL_EXPIRED, ttl_expired) /* TTL or hop limit would become 0: dropped, answers being rate limited */ \
	X(14, TOO_BIG, too_big) /* does not fit the path to the server and may not be answered: dropped */ \
	X(15, NO_HEADROOM, no_headroom) /* no room in front of the frame for an outer header: dropped */ \
	X(16, FORWARDED_MASQUERADE, forwarded_masquerade) /* sent to a real server with its address in place of the VIP */ \
	X(17, REPLY_MASQUERADE, reply_masquerade) /* sent to a client with the VIP in place of the real server's address */ \
	X(18, NO_ROOM, no_room) /* no room in the flow table for a masqueraded flow: dropped */ \
	X(19, REPLY_COLLISION, reply_collision) /* replies would be taken for another flow's at every server tried: dropped */ \
	X(20, ANSWERED_NO_SERVER, answered_no_server) /* no server available: answered with ICMP port unreachable */ \
	X(21, ANSWERED_TTL_EXPIRED, answered_ttl_expired) /* answered with ICMP time exceeded */ \
	X(22, ANSWERED_TOO_BIG, answered_too_big) /* answered with ICMP fragmentation needed or packet too big */ \
	X(23, REPLY_EXPIRED, reply_expired) /* a reply whose TTL or hop limit would become 0: dropped, answers being rate limited */ \
	X(24, STRAY_REPLY, stray_reply) /* a masqueraded server's packet without a flow, nat_icmp_send being on: dropped, answers being rate limited */ \
	X(25, ANSWERED_STRAY_REPLY, answered_stray_reply) /* a masqueraded server's packet without a flow: answered with ICMP port unreachable */ \
	X(26, TUNNEL_ERROR, tunnel_error) /* an ICMP error about a tunnel packet that its client is not told: dropped */ \
	X(27, TUNNEL_ERROR_TOLD, tunnel_error_told) /* an ICMP error about a tunnel packet, passed on to the client from the VIP */ \
	X(28, FTP_DATA, ftp_data) /* from port 20, where FTP servers open data connections: never scheduled, passed up */ \
	X(29, OVERLOADED, overloaded) /* the first packet of a flow that was not wanted, drop_packet being on: dropped */ \
	X(30, SCTP_FRAGMENT, sctp_fragment) /* of SCTP to another port, whose checksum needs the whole packet: dropped */ \
	X(31, OTHER_HOST, other_host) /* the frame is for the MAC address of another machine, or of many: passed up */
/* clang-format on */

#define VERDICT_NUMBER(number, NAME, name) VERDICT_##NAME = number,
#define VERDICT_COUNTER(number, NAME, name) __u64 name;

enum verdict {
	VERDICT_UNDECIDED = 0, /* still in the program; never counted */
	VERDICTS(VERDICT_NUMBER)
};

/* Verdict n is counted in the n-th of these. */
struct verdict_counters {
	__u64 undecided;
	VERDICTS(VERDICT_COUNTER)
};

#define VERDICT_MAX (sizeof(struct verdict_counters) / sizeof(__u64))

/* How a packet reaches its real server. */
enum method {
	METHOD_NONE = 0, /* slot unused, or its server removed while flows remain */
	METHOD_DIRECT = 1,
	METHOD_TUNNEL = 2,
	METHOD_MASQUERADE = 3,
	METHOD_LOCAL = 4,
	METHOD_EVICTED = 5, /* like METHOD_NONE, but UDP flows move to another server */
};

/* What a tunnelled packet is wrapped in. */
enum tunnel {
	TUNNEL_IPIP = 0, /* IP in IP, either family in either (RFC 2003, 2473, 4213) */
	TUNNEL_GUE = 1,  /* Generic UDP Encapsulation, variant 0, as Linux's fou */
	TUNNEL_GRE = 2,  /* RFC 2784 */
	TUNNEL_TYPE_MASK = 0x0f,
	TUNNEL_CHECKSUM = 0x80, /* flag: the UDP or GRE checksum is sent */
};

enum scheduler {
	SCHEDULER_RR = 0,
	SCHEDULER_WRR = 1,
	SCHEDULER_LC = 2,
	SCHEDULER_WLC = 3,
	SCHEDULER_SED = 4,
	SCHEDULER_NQ = 5,
	SCHEDULER_LBLC = 6,
	SCHEDULER_LBLCR = 7,
	SCHEDULER_DH = 8,
	SCHEDULER_SH = 9,
	SCHEDULER_MH = 10,
	SCHEDULER_FO = 11,
	SCHEDULER_OVF = 12,
	SCHEDULER_TWOS = 13,
};

/* Of a service; the last three are ipvsadm's flag-1 to flag-3, which mean what the scheduler makes of them. */
enum service_flags {
	SERVICE_PERSISTENT = 1,
	SERVICE_ONE_PACKET = 2,
	SERVICE_FALLBACK = 4, /* sh, mh: another server when the chosen one takes no flow */
	SERVICE_PORT = 8,     /* sh, mh: the client's port counts too */
	SERVICE_FLAG3 = 16,
};

/* A service that goes by a mark: protocol 0, port 0, and the mark is the last word of an otherwise empty address. */
struct service_key {
	union ip vip;
	__be16 port;
	__u8 protocol; /* IPPROTO_* */
	__u8 zero[5];
};

/* Instead of a VLAN's id: tags stay on the same interface and go on another. */
#define VLAN_AS_IT_CAME 0
/* Frames leave without a tag. The same number in either byte order. */
#define VLAN_NONE 0xffff

/* A VLAN device: what it is on, and the id there. */
struct vlan_device {
	__u32 parent; /* ifindex */
	__be16 id;
	__u8 zero[2];
};

/*
 * The key of map marks: a network of destinations. The family counts like 32 leading bits, so that no IPv6
 * network covers the IPv4 addresses, which look like ::ffff:a.b.c.d.
 */
struct mark_key {
	__u32 prefix_length; /* MARK_FAMILY_BITS and those of the address that count */
	__u32 family;        /* enum mark_family */
	union ip address;
};

enum mark_family {
	MARK_IPV4 = 4,
	MARK_IPV6 = 6,
};

#define MARK_FAMILY_BITS 32
#define MARK_PREFIX_FULL (MARK_FAMILY_BITS + 128)
#define MARK_RULES_MAX 64

/* Matches when all of it does. */
struct mark_rule {
	__u32 mark;
	__u32 ifindex; /* by which the packet comes; 0: any */
	__u16 first_port;
	__u16 last_port;
	__u8 protocol; /* IPPROTO_*; 0: any */
	__u8 zero[3];
};

/* For a network, those of the networks around it included. The first that matches counts. */
struct mark_rules {
	__u32 count;
	struct mark_rule rule[MARK_RULES_MAX];
};

/*
 * The transmit record of one real server of one service. It begins as an Ethernet header does. User
 * space replaces it as a whole, in words of 8 bytes: an interface shares one with its method, so that
 * a packet racing with the update never leaves by the old one in the new way.
 */
struct server {
	__u8 destination_mac[6];
	__u8 source_mac[6];
	__be16 vlan;   /* id, VLAN_AS_IT_CAME or VLAN_NONE */
	__u16 mtu;     /* of the egress interface, bytes of L3 */
	__u32 ifindex; /* egress; 0: next hop not resolved */
	__be16 port;
	__u8 method;        /* enum method */
	__u8 tunnel;        /* enum tunnel and its flag */
	__u16 service;      /* service.id */
	__be16 tunnel_port; /* UDP destination of GUE */
	__u32 weight;
	union ip rip;
	union ip dip; /* outer source address of a tunnel */
};

/* Per real server and CPU. Bytes are L3 lengths, as IPVS counts them. */
struct server_counters {
	__u64 packets;
	__u64 bytes;
	__u64 connections;
	__u64 out_packets; /* replies through the director: masquerading only */
	__u64 out_bytes;
};

/*
 * What a real server carries now, beside what it may carry. A line of its own, because every flow that
 * begins or ends writes it. The word is changed by atomic additions, the rest by user space alone.
 */
struct server_load {
	__u64 word;   /* active flows | inactive flows << LOAD_INACTIVE_BIT | LOAD_OVERLOADED */
	__u32 weight; /* as in struct server */
	__u32 upper;  /* flows from which on the server is overloaded; 0: never */
	__u32 lower;  /* flows below which it is not any more; 0: three quarters of upper */
	__u32 leaf;   /* its place in its service's ranking, from 1; 0: none */
	__u32 service;
	__u32 scheduler; /* of the service; enum scheduler */
	__u32 zero[8];
};

#define LOAD_ACTIVE 1ULL
#define LOAD_INACTIVE_BIT 32
#define LOAD_INACTIVE (1ULL << LOAD_INACTIVE_BIT)
#define LOAD_COUNT_MASK 0x7fffffffULL
/* Takes no new flows, as IP_VS_DEST_F_OVERLOAD. */
#define LOAD_OVERLOADED (1ULL << 63)

struct service {
	__u32 id; /* index into turns and sched_tables */
	__u32 persistence; /* SERVICE_PERSISTENT: ticks that a client is remembered after its last new flow */
	__u32 mark;      /* that it goes by; 0: it has an address */
	__be16 port;     /* as in the key; 0: any */
	__u16 mss_clamp; /* the largest MSS that TCP may announce; 0: any */
	__u8 scheduler;  /* enum scheduler */
	__u8 removed; /* 1: deleted while flows remain; kept so that they find home if it returns */
	__u8 flags;   /* enum service_flags */
	__u8 zero[5];
	union ip netmask; /* SERVICE_PERSISTENT: what of their addresses tells clients apart */
};

struct service_record {
	struct service service;
	struct server_counters retired; /* of servers that are gone; for user space only */
};

/* What the services map said of a key. Both together are a cache line. */
struct known_service {
	__u64 key[3];
	struct service service;
};

/*
 * A scheduler table is words of an inner array: its length n, the rotation's offset, then n server
 * slots in the order they are to be served. Connection number t of the service goes to
 * slot[(t + offset) % n]. One period of the table is one period of the scheduler.
 *
 * Where servers have several places, the offset is SCHED_TABLE_FIRSTS or more, and on a row of its own follows how
 * many servers there are, then the first place of each in ascending order.
 */
enum sched_table {
	SCHED_TABLE_LENGTH = 0,
	SCHED_TABLE_OFFSET = 1,
	SCHED_TABLE_SLOTS = 2,
	SCHED_TABLE_ROW = 16, /* words of an element */
};

#define SCHED_TABLE_FIRSTS (1U << 31)

/* A cache line: every look-up in an inner array is a call, and most tables need but one. */
struct sched_row {
	__u32 word[SCHED_TABLE_ROW];
};

/*
 * The ranking of a service whose scheduler goes by load: a tournament. It follows the slots of the scheduler
 * table, on a row of its own: node 1 is the root, node k has the children 2k and 2k+1, and the slots are the
 * leaves, in their order, from node `width` on (a power of two). A node names the best server below it as
 * slot + 1 (0: none takes flows), with a count of its changes above, so that a compare-and-swap
 * that comes late fails. A ranking of lblc and lblcr is followed by a second one, on rows of its own.
 */
#define RANK_SERVER_BITS 18
#define RANK_SERVER_MASK ((1U << RANK_SERVER_BITS) - 1)

/* Where flows of lblc and lblcr go: a destination address of a service. */
struct locality_key {
	union ip destination;
	__u32 service; /* service.id */
	__u32 zero;
};

/* Servers that a destination of lblcr may be spread over. */
#define LOCALITY_SERVERS 16

/* Which servers a destination has: one with lblc, several with lblcr, the one that came last being the last. */
struct locality {
	__u64 used;     /* CLOCK_MONOTONIC_COARSE, ns */
	__u64 modified; /* when a server came or went */
	__u32 count;
	__u32 zero;
	__u64 server[LOCALITY_SERVERS]; /* slot | fingerprint of its address << 32: slots are used again */
};

/* What user space has the data plane do about loads after it changed something: payload of a test run. */
struct settle_request {
	__u32 service; /* index into sched_tables: rank all of it anew */
	__u32 scheduler;
	__u32 slot; /* this server's limits are new; or SETTLE_RANKING */
	__u32 zero;
};

#define SETTLE_RANKING 0xffffffffU

/*
 * The flow table. A bucket begins with two cache lines of four slots; the flow's hash says which of them is its
 * home. When that is full the flow lives in the other one, which is looked at only while a flow lives there away from
 * home: most packets, of known flows and of new ones, touch one line. signature 0 is a free slot, FLOW_CLAIMED one that
 * is being written. The word is changed atomically only.
 */
#define FLOW_WAYS 8
#define FLOW_LINE_WAYS 4
#define FLOW_HALF_OPEN_WAYS 2 /* at most so many slots of a line hold half-open flows */
#define FLOW_CLAIMED 1ULL
#define SIGNATURE_BIT 2ULL /* in the signature of every flow, and of nothing else */

/* The clock of the flow table: CLOCK_MONOTONIC_COARSE >> FLOW_TICK_SHIFT, 24 bits, 0.27 s a tick; clock.h. */
#define FLOW_TICK_SHIFT 28
#define FLOW_TICK_MASK 0xffffffULL

/* word: server slot | last seen (tick) | state | protocol | flags */
#define FLOW_SERVER_BITS 24
#define FLOW_SERVER_MASK 0xffffffULL
#define FLOW_TICK_BIT 24
#define FLOW_STATE_BIT 48
#define FLOW_STATE_MASK 0xfULL
#define FLOW_PROTOCOL_BIT 52
#define FLOW_PROTOCOL_MASK 0x3ULL
/* One of the two slots of a masqueraded flow; each names the other (flow_near.peer), unless it is an orphan: flow_end.h. */
#define FLOW_MASQUERADE (1ULL << 54)
/* The slot of the pair whose tuple is the reply's: real server to client. */
#define FLOW_REPLY_BIT 55
#define FLOW_REPLY (1ULL << FLOW_REPLY_BIT)
/*
 * Controlled by a template (flow_templates), which outlives it; no SYN makes it a new flow. In a reply's slot
 * of UDP: the template has not been told of a reply yet.
 */
#define FLOW_PERSISTENT (1ULL << 56)
/* The flow is over and counts no more: whoever sets it takes the flow off its server's load. */
#define FLOW_ENDED_BIT 57
#define FLOW_ENDED (1ULL << FLOW_ENDED_BIT)
/* The server's port is the packet's own, whatever its record says: ports that a service of port 0 or 21 covers. */
#define FLOW_KEEPS_PORT (1ULL << 58)
/* Addresses are of IPv6. */
#define FLOW_IPV6_BIT 59
#define FLOW_IPV6 (1ULL << FLOW_IPV6_BIT)
/*
 * The rest of a word is its line's or its bucket's, whatever becomes of the flow. In the first word of a line: how
 * many flows whose home it is are in the other line. Counted before they can be seen there and until they cannot.
 */
#define FLOW_AWAY_BIT 60
#define FLOW_AWAY_ONE (1ULL << FLOW_AWAY_BIT)
#define FLOW_AWAY_MASK (7ULL << FLOW_AWAY_BIT)
#define FLOW_OWN_MASK (FLOW_AWAY_ONE - 1)
/* Set in way 0 of a bucket that was once too full to track a flow; see track() in open.h. */
#define FLOW_OVERFLOWED (1ULL << 63)

struct flow_slot {
	__u64 signature;
	__u64 word;
};

/*
 * What is not needed for a hit is written when the flow begins and lies behind the slots of its bucket, where a
 * packet that begins a flow finds it together with them. For IPv4 that is all there is.
 */
struct flow_tuple {
	__be32 cip; /* FLOW_IPV6: the last word of it, the others are far */
	__be32 vip;
	__be16 cport;
	__be16 vport;
	__u32 peer; /* FLOW_MASQUERADE: slot (bucket * FLOW_WAYS + way) of the reply */
};

#define REPLY_VLAN_AS_IT_CAME 0xfff

/* The same of a slot with FLOW_REPLY: what a reply is turned into, and where it leaves. */
struct flow_reply {
	__u32 ifindex : 20;
	__u32 vlan : 12; /* id; 0: untagged; REPLY_VLAN_AS_IT_CAME */
	__be32 vip;
	__u16 route_generation; /* for which the next hop to the client is good */
	__be16 vport;
	__u32 peer; /* slot of the flow */
};

union flow_near {
	struct flow_tuple tuple;
	struct flow_reply reply;
};

struct flow_bucket {
	struct flow_slot way[FLOW_WAYS];
	union flow_near near[FLOW_WAYS];
};

/* The rest, of FLOW_IPV6: what the addresses begin with. */
struct flow_tuple_rest {
	__be32 cip[3];
	__be32 vip[3];
};

/* And of FLOW_REPLY: the next hop to the client. */
struct flow_reply_rest {
	__u8 destination_mac[6];
	__u8 source_mac[6];
	__be32 vip[3];
};

union flow_far {
	struct flow_tuple_rest tuple;
	struct flow_reply_rest reply;
};

/*
 * The template table: which server a client was given, so that its next flows go there too. A template is in
 * one of the two buckets that its signature names, the emptier one. signature 0 is a free way,
 * TEMPLATE_CLAIMED one that is being written, TEMPLATE_UNUSABLE one that nobody finds any more and that waits
 * for its time to be over, as in IPVS (there: ports 65535). Signatures have bit 1, as those of flows.
 */
#define TEMPLATE_WAYS 8
#define TEMPLATE_CLAIMED 1ULL
#define TEMPLATE_UNUSABLE 4ULL

/* word: flows that it controls | when a flow last began (tick) | flags */
#define TEMPLATE_FLOWS_MASK 0xffffffULL
#define TEMPLATE_TICK_BIT 24
#define TEMPLATE_ASSURED (1ULL << 48) /* a flow of it was established, or answered (UDP) */
/* Its time was over while flows remained: it lives TEMPLATE_PROLONGATION since then and from then on. */
#define TEMPLATE_PROLONGED (1ULL << 49)
#define TEMPLATE_GONE (1ULL << 63) /* somebody is about to free it */
#define TEMPLATE_PROLONGATION 224  /* 60 s in ticks */

struct template_entry {
	union ip client; /* under the netmask */
	union ip vip;
	__u32 server; /* slot */
	__u32 timeout;
	__be16 vport; /* 0: whatever the client connects to */
	__u8 protocol;
	__u8 zero[5];
};

struct template_bucket {
	__u64 signature[TEMPLATE_WAYS];
	__u64 word[TEMPLATE_WAYS];
	struct template_entry entry[TEMPLATE_WAYS];
};

enum flow_protocol {
	FLOW_TCP = 0,
	FLOW_UDP = 1,
	FLOW_SCTP = 2,
	FLOW_PROTOCOL_MAX = 4,
};

/* Numbers as in the kernel's include/net/ip_vs.h, which the sync protocol carries too. */
enum tcp_state {
	TCP_STATE_NONE = 0,
	TCP_STATE_ESTABLISHED = 1,
	TCP_STATE_SYN_SENT = 2,
	TCP_STATE_SYN_RECV = 3,
	TCP_STATE_FIN_WAIT = 4,
	TCP_STATE_TIME_WAIT = 5,
	TCP_STATE_CLOSE = 6,
	TCP_STATE_CLOSE_WAIT = 7,
	TCP_STATE_LAST_ACK = 8,
	TCP_STATE_LISTEN = 9,
	TCP_STATE_SYNACK = 10,
	TCP_STATE_MAX = 11,
};

#define UDP_STATE_NORMAL 0

enum sctp_state {
	SCTP_STATE_NONE = 0,
	SCTP_STATE_INIT1 = 1,
	SCTP_STATE_INIT = 2,
	SCTP_STATE_COOKIE_SENT = 3,
	SCTP_STATE_COOKIE_REPLIED = 4,
	SCTP_STATE_COOKIE_WAIT = 5,
	SCTP_STATE_COOKIE = 6,
	SCTP_STATE_COOKIE_ECHOED = 7,
	SCTP_STATE_ESTABLISHED = 8,
	SCTP_STATE_SHUTDOWN_SENT = 9,
	SCTP_STATE_SHUTDOWN_RECEIVED = 10,
	SCTP_STATE_SHUTDOWN_ACK_SENT = 11,
	SCTP_STATE_REJECTED = 12,
	SCTP_STATE_CLOSED = 13,
	SCTP_STATE_MAX = 14,
};

#define FLOW_STATE_MAX 16

/* Services that a packet's exact destination does not find. */
enum wide_services {
	WIDE_PORT = 1, /* port 0: any port of a VIP */
	WIDE_FTP = 2,  /* port 21 of TCP: data connections too */
};

/* What user space may change while packets flow. */
struct settings {
	__u32 timeout[FLOW_PROTOCOL_MAX][FLOW_STATE_MAX]; /* ticks without a packet until expiry */
	__u32 hash_key[16]; /* the secret of the flow signature, drawn once per table */
	/* moves with every change of a route, a neighbour or a link: next hops kept in flows are looked up anew */
	__u32 route_generation;
	/* moves with every change of the services map: what CPUs know of it is looked up anew */
	__u32 service_generation;
	__u32 wide_services; /* enum wide_services: kinds that there are */
	__u32 has_marks;     /* 0: map marks is empty, and nothing is looked up there */
	/* named and numbered as in /proc/sys/net/ipv4/vs */
	__u32 conn_reuse_mode;
	__u32 expire_nodest_conn;
	__u32 sloppy_tcp;
	__u32 sloppy_sctp;
	__u32 nat_icmp_send;
	__u32 pmtu_disc;
	__u32 secure_tcp;
	__u32 expire_quiescent_template;
	__u32 drop_entry;
	__u32 drop_packet;
	__u32 am_droprate;
	__u32 amemthresh;
	__u32 mss_clamps;       /* whether any service has one */
	__u32 lblc_expiration;  /* seconds that a destination keeps its server without a new flow */
	__u32 lblcr_expiration; /* the same, and until a server leaves a destination's several */
	__u32 drop_rate; /* every so manieth new flow is dropped; 0: none. What drop_packet comes to */
	__u32 is_crowded; /* the flow table: home lines are often full, so new flows ask for both at once */
};

/*
 * The MAC addresses of this machine, each as the first 8 bytes of a frame to it, shifted up by 16 bits. One is at the
 * place that its last byte says, or one of the next OWN_MAC_TRIES - 1.
 */
#define OWN_MAC_PLACES 256
#define OWN_MAC_TRIES 4

struct own_macs {
	__u64 count; /* 0: not known, every frame is taken for ours */
	__u64 mac[OWN_MAC_PLACES];
};

_Static_assert(sizeof(struct service_key) == 24, "key of the services map");
_Static_assert(sizeof(struct known_service) == 64, "a known service is one cache line");
_Static_assert(sizeof(struct server) == 64, "a server is one cache line");
_Static_assert(sizeof(struct server_load) == 64, "a load is one cache line");
_Static_assert(sizeof(struct flow_bucket) == 256, "a bucket is four neighbouring cache lines");
_Static_assert(sizeof(struct template_bucket) == 512,
	       "signatures are one cache line, words another");
_Static_assert(sizeof(union flow_near) == sizeof(struct flow_slot), "near parts lie as slots do");
_Static_assert(sizeof(union flow_far) == 24, "far bytes of a slot");
_Static_assert(__builtin_offsetof(struct flow_tuple, peer) ==
		       __builtin_offsetof(struct flow_reply, peer),
	       "both halves of a pair keep their peer in the same place");

#endif
