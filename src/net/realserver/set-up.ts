// SPDX-License-Identifier: MIT
// Makes this host a real server on one interface, and undoes that. The record of what was found is written before
// anything is changed, so a run that was cut off can be repeated or undone.

import type { XdpMode } from "../../bpf/index.ts";
import { XdirectorError } from "../../errors.ts";
import { type Address, familyOf } from "../../model/address.ts";
import type { Tunnel } from "../../model/service.ts";
import type { Link, LinkAddress } from "../facts.ts";
import { Netlink } from "../netlink.ts";
import {
  type Changes,
  type Decapsulation,
  divide,
  handOver,
  type Needs,
  NO_CHANGES,
  type RealServerRecord,
} from "./record.ts";
import { RecordFile } from "./record-file.ts";
import { arpSettings, readSysctl, type SysctlKey, tunnelSettings, wantedValue, writeSysctl } from "./sysctl.ts";
import { findTunnelDevice, restoreTunnelDevice, startTunnelDevice } from "./tunnel-device.ts";
import { removeTunnelProgram, startTunnelProgram, tunnelProgram } from "./tunnel-program.ts";

export interface RealServerOptions {
  readonly interface: string;
  readonly vips: readonly Address[];
  readonly method: "direct" | "tunnel";
  /** Types of tunnels that are opened. */
  readonly tunnels: readonly Tunnel["type"][];
  /** UDP port that GUE comes in on. */
  readonly guePort: number;
  /** For the program, where the kernel has no tunnel device. */
  readonly pinDir: string;
  readonly stateFile: string;
}

/** What takes packets out of their tunnel. */
export type Opener = { readonly device: string } | { readonly program: XdpMode };

/**
 * May be called again with other options: it converges. Undefined for direct routing, where nothing is to be opened.
 * When a first call fails, what it changed is put back.
 * @throws INVALID_VALUE, DATAPLANE_FAILED, NetlinkError, BpfError
 */
export function setUpRealServer(options: RealServerOptions): Opener | undefined {
  using netlink = new Netlink();
  const lo = findLink(netlink, "lo");
  if (!lo.isUp) throw new XdirectorError("INVALID_VALUE", "lo is down: VIPs on it would not work");
  findLink(netlink, options.interface);
  assertVipsFree(netlink, options.vips, lo);
  const file = new RecordFile(options.stateFile);
  const before = retireDevice(file, options, netlink, lo);
  const needs = needsOf(options, netlink, before);
  const changes = merge(before ?? NO_CHANGES, found(needs, netlink, lo));
  const record = { interface: options.interface, vips: options.vips };
  file.save({ ...record, ...changes });
  try {
    const opener = apply(needs, options, netlink, lo);
    const { kept, surplus } = divide(changes, needs);
    restore(handOverToOthers(surplus, file), netlink, lo);
    file.save({ ...record, ...kept });
    return opener;
  } catch (error) {
    if (!before) undoRealServer(options.stateFile);
    throw error;
  }
}

/** Puts back what {@link setUpRealServer} changed; undefined when there is nothing. @throws as it does */
export function undoRealServer(stateFile: string): RealServerRecord | undefined {
  const file = new RecordFile(stateFile);
  const record = file.load();
  if (record) {
    using netlink = new Netlink();
    restore(handOverToOthers(record, file), netlink, findLink(netlink, "lo"));
  }
  file.remove();
  return record;
}

function needsOf(options: RealServerOptions, netlink: Netlink, before: RealServerRecord | undefined): Needs {
  const { interface: name, vips, method } = options;
  const decapsulation = method === "tunnel" ? (before?.decapsulation ?? choose(netlink, options)) : undefined;
  if (!vips.some((vip) => familyOf(vip) === "ipv4")) return { sysctls: [], vips, decapsulation };
  const arp = arpSettings(name);
  if (!decapsulation) return { sysctls: arp, vips, decapsulation };
  const devices = decapsulation.kind === "device" ? [name, decapsulation.name] : [name];
  return { sysctls: [...arp, ...tunnelSettings(devices)], vips, decapsulation };
}

function choose(netlink: Netlink, options: RealServerOptions): Decapsulation {
  const device = isForDevice(options) ? findTunnelDevice(netlink) : undefined;
  return device ?? tunnelProgram(options.pinDir, options.interface);
}

/** The kernel's device takes IPv4 out of IPv4 and nothing else. */
function isForDevice({ tunnels, vips }: RealServerOptions): boolean {
  return tunnels.every((type) => type === "ipip") && vips.every((vip) => familyOf(vip) === "ipv4");
}

/** What an earlier run left; its tunnel device is put back when it does not suffice any more. */
function retireDevice(
  file: RecordFile,
  options: RealServerOptions,
  netlink: Netlink,
  lo: Link,
): RealServerRecord | undefined {
  const before = file.load();
  if (before?.decapsulation?.kind !== "device" || isForDevice(options)) return before;
  restore(handOverToOthers({ ...NO_CHANGES, decapsulation: before.decapsulation }, file), netlink, lo);
  const after = { ...before, decapsulation: undefined };
  file.save(after);
  return after;
}

/** What is there now of what is needed. */
function found(needs: Needs, netlink: Netlink, lo: Link): Changes {
  const present = netlink.addresses(lo.index).map(({ address }) => address);
  return {
    sysctls: Object.fromEntries(needs.sysctls.map((key): [SysctlKey, string] => [key, readSysctl(key)])),
    addedVips: needs.vips.filter((vip) => !present.includes(vip)),
    decapsulation: needs.decapsulation,
  };
}

/** What an earlier run found is older, and therefore what counts. */
function merge(earlier: Changes, now: Changes): Changes {
  return {
    sysctls: { ...now.sysctls, ...earlier.sysctls },
    addedVips: [...new Set([...earlier.addedVips, ...now.addedVips])],
    decapsulation: earlier.decapsulation ?? now.decapsulation,
  };
}

/** Addresses come last: a VIP that is there without the settings is answered for. */
function apply(needs: Needs, options: RealServerOptions, netlink: Netlink, lo: Link): Opener | undefined {
  const opener = needs.decapsulation && start(needs.decapsulation, options, netlink);
  for (const key of needs.sysctls) writeSysctl(key, wantedValue(key));
  for (const vip of needs.vips) netlink.addAddress(hostAddress(lo, vip));
  return opener;
}

function start(decapsulation: Decapsulation, options: RealServerOptions, netlink: Netlink): Opener {
  if (decapsulation.kind === "program") return { program: startTunnelProgram(decapsulation, options) };
  startTunnelDevice(netlink, decapsulation);
  return { device: decapsulation.name };
}

/** In the opposite order of setting up. */
function restore({ addedVips, decapsulation, sysctls }: Changes, netlink: Netlink, lo: Link): void {
  for (const vip of addedVips) netlink.deleteAddress(hostAddress(lo, vip));
  if (decapsulation?.kind === "program") removeTunnelProgram(decapsulation);
  if (decapsulation?.kind === "device") restoreTunnelDevice(netlink, decapsulation);
  for (const [key, value] of Object.entries(sysctls)) writeSysctl(key, value);
}

/** What remains for us. */
function handOverToOthers(surplus: Changes, file: RecordFile): Changes {
  let remaining = surplus;
  for (const other of file.others()) {
    const record = other.load();
    if (!record) continue;
    const handed = handOver(remaining, record);
    other.save(handed.other);
    remaining = handed.surplus;
  }
  return remaining;
}

function findLink(netlink: Netlink, name: string): Link {
  const link = netlink.link(name);
  if (!link) throw new XdirectorError("INVALID_VALUE", `no interface "${name}"`);
  return link;
}

/** Elsewhere than on lo a VIP is answered for, whatever the settings. */
function assertVipsFree(netlink: Netlink, vips: readonly Address[], lo: Link): void {
  const taken = netlink.addresses().find(({ ifindex, address }) => ifindex !== lo.index && vips.includes(address));
  if (!taken) return;
  const name = netlink.links().find(({ index }) => index === taken.ifindex)?.name ?? taken.ifindex;
  throw new XdirectorError("INVALID_VALUE", `${taken.address} is an address of ${name}: remove it there first`);
}

function hostAddress(lo: Link, vip: Address): LinkAddress {
  return { ifindex: lo.index, address: vip, prefix: familyOf(vip) === "ipv4" ? 32 : 128 };
}
