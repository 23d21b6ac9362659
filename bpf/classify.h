/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packet -> virtual service: address, protocol and port exactly (ip_vs_service_find, its second step). */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include "maps.h"
#include "packet.h"

static __always_inline const struct service *classify(const struct packet *packet)
{
	struct service_key key = {
		.vip = packet_vip(packet),
		.port = packet->vport,
		.protocol = packet->protocol,
	};
	const struct service *service = bpf_map_lookup_elem(&services, &key);

	return service && !service->removed ? service : NULL;
}

#endif
