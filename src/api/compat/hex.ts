// SPDX-License-Identifier: MIT
// Numbers and addresses as the kernel's IPVS writes them into its proc files. Pure.

import { type Address, addressToBytes, familyOf } from "../../model/address.ts";

/** `0A000064`, or `2001:0db8:0000:0000:0000:0000:0000:0001` (printk's %pI6). */
export function hexAddress(address: Address): string {
  if (familyOf(address) === "ipv4")
    return hex(
      address.split(".").reduce((word, byte) => word * 256 + Number(byte), 0),
      8,
    );
  const groups = Buffer.from(addressToBytes(address)).toString("hex").match(/.{4}/g) ?? [];
  return groups.join(":");
}

/** `0A000064:0050`, `[2001:...:0001]:0050` */
export function hexEndpoint(address: Address, port: number): string {
  const text = hexAddress(address);
  return `${familyOf(address) === "ipv6" ? `[${text}]` : text}:${hex(port, 4)}`;
}

export function hex(value: number, digits: number): string {
  return value.toString(16).toUpperCase().padStart(digits, "0");
}
