// SPDX-License-Identifier: MIT
// Numbers and addresses as the kernel's IPVS writes them into its proc files. Pure.

import { type Address, addressToBytes, familyOf, ipv4ToWord } from "../../model/address.ts";

/** Looked up, because a million connections have eighteen million of them. */
const BYTES = Array.from({ length: 256 }, (_, byte) => hex(byte, 2));

/** `0A000064`, or `2001:0db8:0000:0000:0000:0000:0000:0001` (printk's %pI6). */
export function hexAddress(address: Address): string {
  if (familyOf(address) === "ipv4") {
    const word = ipv4ToWord(address);
    return hexPort(word >>> 16) + hexPort(word & 0xffff);
  }
  const groups = Buffer.from(addressToBytes(address)).toString("hex").match(/.{4}/g) ?? [];
  return groups.join(":");
}

/** `0050` */
export function hexPort(port: number): string {
  return `${BYTES[port >> 8]}${BYTES[port & 0xff]}`;
}

/** `0A000064:0050`, `[2001:...:0001]:0050` */
export function hexEndpoint(address: Address, port: number): string {
  const text = hexAddress(address);
  return `${familyOf(address) === "ipv6" ? `[${text}]` : text}:${hexPort(port)}`;
}

export function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
