// SPDX-License-Identifier: MIT
// Facts about this machine that the data plane depends on.

import { existsSync, mkdirSync, statfsSync } from "node:fs";
import { release } from "node:os";
import { type NativeInterface, native } from "./native.ts";

/** `BPF_FS_MAGIC` of linux/magic.h. */
const BPF_FS_MAGIC = 0xcafe4a11;

export interface NetworkInterface {
  readonly index: number;
  readonly name: string;
  /** `aa:bb:cc:dd:ee:ff`; all zero for one that has none, as lo. */
  readonly mac: string;
  /** Bytes of L3. */
  readonly mtu: number;
}

/** How many values an element of a per-CPU map has. */
export function possibleCpus(): number {
  return native.possibleCpus();
}

/** As `uname -r` prints it. */
export function kernelRelease(): string {
  return release();
}

/** Whether the kernel describes its own types, which typed maps and programs need. */
export function hasBtf(): boolean {
  return existsSync("/sys/kernel/btf/vmlinux");
}

/** In the network namespace of this process; undefined when there is none. */
export function interfaceByName(name: string): NetworkInterface | undefined {
  return toInterface(native.interfaceByName(name));
}

/** In the network namespace of this process; undefined when there is none. */
export function interfaceByIndex(index: number): NetworkInterface | undefined {
  return toInterface(native.interfaceByIndex(index));
}

/** Whether `path`, which must exist, lies in a bpf file system. */
export function isBpffs(path: string): boolean {
  return statfsSync(path).type === BPF_FS_MAGIC;
}

/** Mounts a new bpf file system on `path`, which is made when it does not exist. @throws BpfError */
export function mountBpffs(path: string): void {
  mkdirSync(path, { recursive: true });
  native.mountBpffs(path);
}

function toInterface(found: NativeInterface | undefined): NetworkInterface | undefined {
  return found && { ...found, mac: macText(found.mac) };
}

function macText(mac: Uint8Array): string {
  return Array.from(mac, (byte) => byte.toString(16).padStart(2, "0")).join(":");
}
