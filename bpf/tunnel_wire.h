/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* First words of the headers between two IP headers, as both ends of a tunnel know them. */
#ifndef TUNNEL_WIRE_H
#define TUNNEL_WIRE_H

#include <linux/if_ether.h>
#include <linux/in.h>
#include <bpf/bpf_endian.h>

/* GRE: flags, version, EtherType (RFC 2784). */
#define GRE_IPV4 bpf_htonl(ETH_P_IP)
#define GRE_IPV6 bpf_htonl(ETH_P_IPV6)
#define GRE_CHECKSUM bpf_htonl(0x80000000) /* flag: a word with the checksum follows */

/* GUE: variant 0, no options, IP protocol (draft-ietf-intarea-gue-09, 3.1). */
#define GUE_IPV4 bpf_htonl(IPPROTO_IPIP << 16)
#define GUE_IPV6 bpf_htonl(IPPROTO_IPV6 << 16)

#endif
