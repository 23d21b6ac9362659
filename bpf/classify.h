/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/* Packet -> virtual service (ip_vs_service_find). */
#ifndef CLASSIFY_H
#define CLASSIFY_H

#include "config.h"
#include "find_service.h"
#include "mark.h"
#include "packet.h"

#define FTP_PORT bpf_htons(21)
#define FTP_DATA_PORT bpf_htons(20)
#define FIRST_UNPRIVILEGED_PORT 1024

/* Whether an FTP server may expect data connections at this port. */
static __always_inline bool may_be_ftp_data(const struct packet *packet)
{
	return packet->protocol == IPPROTO_TCP &&
	       (packet->vport == FTP_DATA_PORT ||
		bpf_ntohs(packet->vport) >= FIRST_UNPRIVILEGED_PORT);
}

/*
 * Services that cover more than their port: FTP, and then port 0. An FTP service that is not persistent hides
 * the latter but takes nothing beside its port.
 */
static __always_inline const struct service *classify_widely(const struct packet *packet,
							     struct service_key *key)
{
	const struct service *service;

	if (settings.wide_services & WIDE_FTP && may_be_ftp_data(packet)) {
		key->port = FTP_PORT;
		service = find_service(key);
		if (service)
			return service->flags & SERVICE_PERSISTENT ? service : NULL;
	}
	if (!(settings.wide_services & WIDE_PORT))
		return NULL;
	key->port = 0;
	return find_service(key);
}

/* A mark that no service goes by changes nothing. */
static __always_inline const struct service *classify_by_mark(const struct packet *packet,
							      __u32 ingress)
{
	__u32 mark = packet_mark(packet, ingress);
	struct service_key key;

	if (!mark)
		return NULL;
	key = mark_service_key(packet, mark);
	return find_service(&key);
}

static __always_inline const struct service *classify_by_address(const struct packet *packet)
{
	struct service_key key = {
		.vip = packet_vip(packet),
		.port = packet->vport,
		.protocol = packet->protocol,
	};
	const struct service *service = find_service(&key);

	if (service || !settings.wide_services)
		return service;
	return classify_widely(packet, &key);
}

static __always_inline const struct service *classify(const struct packet *packet, __u32 ingress)
{
	const struct service *service = NULL;

	if (settings.has_marks)
		service = classify_by_mark(packet, ingress);
	return service ? service : classify_by_address(packet);
}

/* Whether the packet is for the very port of the service, and not for one that it covers as well. */
static __always_inline bool is_own_port(const struct service *service, const struct packet *packet)
{
	return service->port == packet->vport;
}

#endif
