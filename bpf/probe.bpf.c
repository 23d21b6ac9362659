// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Health checks that try a VIP on one real server, by the way that clients' packets take. Packets that the
 * director makes itself do not pass XDP, and the VIP is its own address, which its stack would neither leave
 * the machine for nor take answers from. So the check connects to the server's own address, by a socket with a
 * mark. Behind the stack, at tc egress, the address becomes the VIP and the packet goes into the server's tunnel
 * if it has one; what comes from the VIP is put right before the stack sees it, at tc ingress. Routes, neighbours,
 * reverse path filters and firewalls see an ordinary connection to the real server.
 */
#include <linux/bpf.h>
#include <linux/pkt_cls.h>
#include <stddef.h>
#include <bpf/bpf_helpers.h>
#include "outer.h"
#include "packet.h"
#include "probe.h"
#include "shim.h"
#include "xdirector.h"

#define MAX_PROBES 65536
#define MAX_PROBE_FLOWS 65536

/* Ports tried before a packet is given up: then more connections to one VIP are open than there is room for. */
#define PORT_ATTEMPTS 16
#define FIRST_UNPRIVILEGED_PORT 1024

/* How long a port belongs to a connection after its last packet, in ns. */
#define OPEN_FOR 60000000000ULL
#define CLOSED_FOR 2000000000ULL

#define OUTER_TTL 64 /* the inner one says that probes stay near; see addon/marked_socket.cc */
#define L3 sizeof(struct ethernet_header)

/* Where do packets with this mark go? */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, MAX_PROBES);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct probe);
} probes SEC(".maps");

/* Whose connection is this? Probes of one VIP on two servers may come from the same port. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, MAX_PROBE_FLOWS);
	__type(key, struct probe_flow_key);
	__type(value, struct probe_flow);
} probe_flows SEC(".maps");

/* As parse_packet(), but the payload need not be within reach. VLAN tags are beside the bytes of an skb. */
static __always_inline bool parse_skb(struct __sk_buff *skb, struct packet *packet)
{
	struct cursor cursor = {
		.at = (void *)(long)skb->data,
		.end = (void *)(long)skb->data_end,
	};
	__be16 protocol;

	if (!parse_ethernet(&cursor, packet, &protocol) || packet->l2_length != L3)
		return false;
	packet->is_ipv4 = protocol == bpf_htons(ETH_P_IP);
	if (packet->is_ipv4) {
		packet->ipv4 = cursor_take(&cursor, struct iphdr);
		if (!packet->ipv4 || packet->ipv4->ihl != 5)
			return false;
		packet->length = bpf_ntohs(packet->ipv4->tot_len);
		packet->protocol = packet->ipv4->protocol;
	} else {
		packet->ipv6 = cursor_take(&cursor, struct ipv6hdr);
		if (!packet->ipv6 || protocol != bpf_htons(ETH_P_IPV6))
			return false;
		packet->length = sizeof(struct ipv6hdr) + bpf_ntohs(packet->ipv6->payload_len);
		packet->protocol = packet->ipv6->nexthdr;
	}
	return !parse_transport(&cursor, packet);
}

static __always_inline __u32 l3_length(const struct packet *packet)
{
	return packet->is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
}

static __always_inline __u32 checksum_offset(const struct packet *packet)
{
	return L3 + l3_length(packet) +
	       (packet->protocol == IPPROTO_TCP ? offsetof(struct tcphdr, check) :
						  offsetof(struct udphdr, check));
}

enum end {
	SOURCE,
	DESTINATION
};

/*
 * Puts another address in the place of one. bpf_l4_csum_replace() takes the change for one that shows in the sum of
 * the whole packet; with IPv6, which has no checksum of its own to make up for it, that has to be taken back.
 */
static __always_inline bool replace_address(struct __sk_buff *skb, const struct packet *packet,
					    enum end end, const union ip *from, const union ip *to)
{
	__u64 flags = BPF_F_PSEUDO_HDR |
		      (packet->protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0);
	__s64 difference = bpf_csum_diff((__be32 *)from, sizeof(*from), (__be32 *)to, sizeof(*to),
					 0);

	if (bpf_l4_csum_replace(skb, checksum_offset(packet), 0, difference, flags))
		return false;
	if (!packet->is_ipv4) {
		bpf_csum_update(skb, difference);
		return !bpf_skb_store_bytes(skb,
					    L3 + (end == SOURCE ? offsetof(struct ipv6hdr, saddr) :
								  offsetof(struct ipv6hdr, daddr)),
					    to, sizeof(*to), 0);
	}
	return !bpf_l3_csum_replace(skb, L3 + offsetof(struct iphdr, check), 0, difference, 0) &&
	       !bpf_skb_store_bytes(skb,
				    L3 + (end == SOURCE ? offsetof(struct iphdr, saddr) :
							  offsetof(struct iphdr, daddr)),
				    &to->words[3], sizeof(to->words[3]), 0);
}

static __always_inline bool replace_port(struct __sk_buff *skb, const struct packet *packet,
					 enum end end, __be16 from, __be16 to)
{
	__u64 flags = sizeof(to) | (packet->protocol == IPPROTO_UDP ? BPF_F_MARK_MANGLED_0 : 0);
	__u32 offset = L3 + l3_length(packet) +
		       (end == SOURCE ? offsetof(struct l4_ports, source) :
					offsetof(struct l4_ports, destination));

	if (from == to)
		return true;
	return !bpf_l4_csum_replace(skb, checksum_offset(packet), from, to, flags) &&
	       !bpf_skb_store_bytes(skb, offset, &to, sizeof(to), 0);
}

/* Ports are tried from the socket's own on. */
static __always_inline __be16 port_to_try(__be16 own, int attempt)
{
	__u16 port = bpf_ntohs(own) + attempt;

	return bpf_htons(port < FIRST_UNPRIVILEGED_PORT ? port + FIRST_UNPRIVILEGED_PORT : port);
}

/* The port that the connection has, in *key, whoever has lost one before it meanwhile. */
static __always_inline bool keep_port(struct probe_flow_key *key, __u32 mark, __be16 own,
				      __u64 until)
{
#pragma clang loop unroll(disable)
	for (int i = 0; i < PORT_ATTEMPTS; i++) {
		struct probe_flow *held;

		key->dport = port_to_try(own, i);
		held = bpf_map_lookup_elem(&probe_flows, key);
		if (held && held->mark == mark && held->dport == own) {
			held->until = until;
			return true;
		}
	}
	return false;
}

/* The same; for a new connection one that no other probe has with this VIP. */
static __always_inline bool find_port(struct probe_flow_key *key, __u32 mark, __be16 own,
				      __u64 holds_for)
{
	__u64 now = bpf_ktime_get_ns();
	struct probe_flow flow = { .until = now + holds_for, .mark = mark, .dport = own };

	if (keep_port(key, mark, own, flow.until))
		return true;
#pragma clang loop unroll(disable)
	for (int i = 0; i < PORT_ATTEMPTS; i++) {
		const struct probe_flow *held;

		key->dport = port_to_try(own, i);
		held = bpf_map_lookup_elem(&probe_flows, key);
		if (held && held->until > now)
			continue;
		if (!bpf_map_update_elem(&probe_flows, key, &flow, held ? BPF_EXIST : BPF_NOEXIST))
			return true;
	}
	return false;
}

static __always_inline bool is_open(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP && !(packet->tcp_flags & (TCP_FIN | TCP_RST));
}

/*
 * What a tunnel's checksum covers inside, without a look at it: a packet whose checksum is right, or will be when
 * the card has filled it in, sums up to the opposite of its pseudo header.
 */
static __always_inline __u64 sum_by_headers(const struct packet *packet)
{
	union ip source = packet_cip(packet), destination = packet_vip(packet);
	__u32 transport = packet->length - l3_length(packet);
	__u64 pseudo = bpf_htonl(packet->protocol) + (__u64)bpf_htonl(transport);
	const __be32 *ip = packet->l3;

#pragma clang loop unroll(full)
	for (int i = 0; i < 4; i++)
		pseudo += (__u64)source.words[i] + destination.words[i];
	/* the two 0xffff of IPv4 addresses are zeros, as is an IPv4 header with its checksum */
	if (packet->is_ipv4)
		return csum_fold(pseudo);
	return csum_fold(pseudo) + (pseudo - bpf_htonl(packet->protocol) - bpf_htonl(transport)) +
	       ip[0] + ip[1];
}

static __always_inline __u64 room_flags(const struct packet *packet, const struct shim *shim)
{
	__u64 flags = packet->is_ipv4 ? BPF_F_ADJ_ROOM_ENCAP_L3_IPV4 : BPF_F_ADJ_ROOM_ENCAP_L3_IPV6;

	if (shim->protocol == IPPROTO_UDP)
		flags |= BPF_F_ADJ_ROOM_ENCAP_L4_UDP;
	if (shim->protocol == IPPROTO_GRE)
		flags |= BPF_F_ADJ_ROOM_ENCAP_L4_GRE;
	return flags;
}

/* The shim has no, one, two or three words; the verifier wants to see constants. */
static __always_inline bool store_shim(struct __sk_buff *skb, __u32 offset, const struct shim *shim)
{
#pragma clang loop unroll(full)
	for (__u32 i = 0; i < 3; i++) {
		if (i * sizeof(__be32) >= shim->length)
			break;
		if (bpf_skb_store_bytes(skb, offset + i * sizeof(__be32), &shim->words[i],
					sizeof(__be32), 0))
			return false;
	}
	return true;
}

/* VIP and RIP are of one family: the type of the frame stays. */
static __always_inline bool enter_tunnel(struct __sk_buff *skb, const struct server *server,
					 __u32 hash)
{
	struct packet packet = {};
	struct shim shim;

	if (!parse_skb(skb, &packet))
		return false;
	shim = make_shim(&packet, server, hash, sum_by_headers(&packet));
	if (packet.is_ipv4) {
		struct outer_ipv4 outer = outer_ipv4(&packet, server, &shim, OUTER_TTL, hash);

		return !bpf_skb_adjust_room(skb, sizeof(outer) + shim.length, BPF_ADJ_ROOM_MAC,
					    room_flags(&packet, &shim)) &&
		       !bpf_skb_store_bytes(skb, L3, &outer, sizeof(outer), 0) &&
		       store_shim(skb, L3 + sizeof(outer), &shim);
	}
	struct outer_ipv6 outer = outer_ipv6(&packet, server, &shim, OUTER_TTL);

	return !bpf_skb_adjust_room(skb, sizeof(outer) + shim.length, BPF_ADJ_ROOM_MAC,
				    room_flags(&packet, &shim)) &&
	       !bpf_skb_store_bytes(skb, L3, &outer, sizeof(outer), 0) &&
	       store_shim(skb, L3 + sizeof(outer), &shim);
}

static __always_inline bool send_to_vip(struct __sk_buff *skb, const struct packet *packet,
					const struct probe *probe)
{
	struct probe_flow_key key = {};
	__be16 port = packet->cport;

	key.vip = probe->vip;
	key.dip = packet_cip(packet);
	key.vport = packet->vport;
	key.protocol = packet->protocol;
	if (!find_port(&key, skb->mark, port, is_open(packet) ? OPEN_FOR : CLOSED_FOR))
		return false;
	if (!replace_address(skb, packet, DESTINATION, &probe->server.rip, &probe->vip) ||
	    !replace_port(skb, packet, SOURCE, port, key.dport))
		return false;
	return probe->server.method != METHOD_TUNNEL ||
	       enter_tunnel(skb, &probe->server, bpf_get_hash_recalc(skb));
}

static __always_inline bool is_for(const struct packet *packet, const union ip *rip)
{
	union ip destination = packet_vip(packet);

	return destination.halves[0] == rip->halves[0] && destination.halves[1] == rip->halves[1];
}

/* Others' filters see the packet as well, and an interface below this one does not treat it again. */
SEC("tc")
int probe_out(struct __sk_buff *skb)
{
	__u32 mark = skb->mark;
	const struct probe *probe = mark ? bpf_map_lookup_elem(&probes, &mark) : NULL;
	struct packet packet = {};

	if (!probe)
		return TC_ACT_UNSPEC;
	if (!parse_skb(skb, &packet))
		return TC_ACT_SHOT;
	if (!is_for(&packet, &probe->server.rip))
		return TC_ACT_UNSPEC;
	if (!send_to_vip(skb, &packet, probe))
		return TC_ACT_SHOT;
	skb->mark = 0;
	return TC_ACT_UNSPEC;
}

SEC("tc")
int probe_in(struct __sk_buff *skb)
{
	struct packet packet = {};
	struct probe_flow_key key = {};
	const struct probe_flow *flow;
	const struct probe *probe;

	if (!parse_skb(skb, &packet))
		return TC_ACT_UNSPEC;
	key.vip = packet_cip(&packet);
	key.dip = packet_vip(&packet);
	key.vport = packet.cport;
	key.dport = packet.vport;
	key.protocol = packet.protocol;
	flow = bpf_map_lookup_elem(&probe_flows, &key);
	probe = flow ? bpf_map_lookup_elem(&probes, &flow->mark) : NULL;
	if (!probe)
		return TC_ACT_UNSPEC;
	if (!replace_address(skb, &packet, SOURCE, &probe->vip, &probe->server.rip) ||
	    !replace_port(skb, &packet, DESTINATION, key.dport, flow->dport))
		return TC_ACT_SHOT;
	return TC_ACT_UNSPEC;
}

char _license[] SEC("license") = "Dual BSD/GPL";
