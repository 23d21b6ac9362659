// SPDX-License-Identifier: MIT
// Frames that tell a network where an address is now: gratuitous ARP and unsolicited neighbour advertisements. Pure.

import { type Address, addressToBytes, familyOf } from "../model/address.ts";

const BROADCAST = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
/** ff02::1, and the MAC address of it (RFC 2464, 7). */
const ALL_NODES = [0xff, 0x02, ...new Array<number>(13).fill(0), 0x01];
const ALL_NODES_MAC = [0x33, 0x33, 0, 0, 0, 0x01];

const ETHERTYPE_ARP = [0x08, 0x06];
const ETHERTYPE_IPV6 = [0x86, 0xdd];
const ICMPV6 = 58;
/** The only hop limit with which it is accepted (RFC 4861, 7.1.2). */
const HOP_LIMIT = 255;
/** Neighbour advertisement, code 0, a checksum to come, flag Override (RFC 4861, 4.4). */
const ADVERTISEMENT = [136, 0, 0, 0, 0x20, 0, 0, 0];
/** Option: target link-layer address, 8 bytes long (RFC 4861, 4.6.1). */
const TARGET_MAC = [2, 1];
const CHECKSUM_OFFSET = 2;

/** The whole Ethernet frame. @param mac - `aa:bb:cc:dd:ee:ff` */
export function announcement(address: Address, mac: string): Uint8Array {
  const sender = mac.split(":").map((part) => Number.parseInt(part, 16));
  return familyOf(address) === "ipv4" ? gratuitousArp(address, sender) : advertisement(address, sender);
}

/** A request for the sender's own address (RFC 5227, 3; RFC 826): hosts that know the address take the new MAC. */
function gratuitousArp(address: Address, mac: readonly number[]): Uint8Array {
  const ip = [...addressToBytes(address)].slice(-4);
  const request = [0, 1, 8, 0, 6, 4, 0, 1];
  return Uint8Array.from([...BROADCAST, ...mac, ...ETHERTYPE_ARP, ...request, ...mac, ...ip, 0, 0, 0, 0, 0, 0, ...ip]);
}

/** RFC 4861, 7.2.6. */
function advertisement(address: Address, mac: readonly number[]): Uint8Array {
  const ip = [...addressToBytes(address)];
  const message = [...ADVERTISEMENT, ...ip, ...TARGET_MAC, ...mac];
  const pseudo = [...ip, ...ALL_NODES, 0, 0, 0, message.length, 0, 0, 0, ICMPV6];
  const checksum = internetChecksum([...pseudo, ...message]);
  message.splice(CHECKSUM_OFFSET, 2, checksum >> 8, checksum & 0xff);
  const header = [0x60, 0, 0, 0, 0, message.length, ICMPV6, HOP_LIMIT, ...ip, ...ALL_NODES];
  return Uint8Array.from([...ALL_NODES_MAC, ...mac, ...ETHERTYPE_IPV6, ...header, ...message]);
}

/** RFC 1071, of an even number of bytes. */
function internetChecksum(bytes: readonly number[]): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return ~sum & 0xffff;
}
