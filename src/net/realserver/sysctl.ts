// SPDX-License-Identifier: MIT
// Kernel settings under /proc/sys, of this process's network namespace, and those that a real server needs.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A path below /proc/sys, because names of interfaces may have dots: `net/ipv4/conf/eth0.7/arp_ignore`. */
export type SysctlKey = string;

/**
 * Per interface, by the last part of the key. A real server shares its VIP with others: it must neither answer ARP
 * for it (arp_ignore 1: only for addresses of the interface that was asked) nor use it as a source (arp_announce 2).
 * Packets out of a tunnel come in where their sender is not routed to (rp_filter 0).
 */
const VALUES = { arp_ignore: "1", arp_announce: "2", rp_filter: "0" } as const;

export function arpSettings(interfaceName: string): SysctlKey[] {
  return ["all", "lo", interfaceName].flatMap((name) => [setting(name, "arp_ignore"), setting(name, "arp_announce")]);
}

export function tunnelSettings(interfaceNames: readonly string[]): SysctlKey[] {
  return ["all", ...interfaceNames].map((name) => setting(name, "rp_filter"));
}

/** What a key of {@link arpSettings} or {@link tunnelSettings} is set to. */
export function wantedValue(key: SysctlKey): string {
  const name = key.slice(key.lastIndexOf("/") + 1);
  return VALUES[name as keyof typeof VALUES];
}

/** @throws Error ENOENT when this kernel does not have it */
export function readSysctl(key: SysctlKey): string {
  return readFileSync(join("/proc/sys", key), "utf8").trim();
}

/** Whether it exists, as it does not when its interface is gone. */
export function writeSysctl(key: SysctlKey, value: string): boolean {
  try {
    writeFileSync(join("/proc/sys", key), value, { flag: "r+" });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
}

function setting(interfaceName: string, name: keyof typeof VALUES): SysctlKey {
  return `net/ipv4/conf/${interfaceName}/${name}`;
}
