// SPDX-License-Identifier: MIT
// Our decapsulating program on an interface, pinned so that it outlives this process.

import { existsSync, readlinkSync, rmdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { BpfObject, probe, type XdpMode } from "../../bpf/index.ts";
import { attachAll, findInterface } from "../../dataplane/attach.ts";
import { Pins } from "../../dataplane/pins.ts";
import { type IpRecord, TUNNEL_NUMBERS } from "../../dataplane/records.ts";
import { XdirectorError } from "../../errors.ts";
import { type Address, addressFromBytes, addressToBytes } from "../../model/address.ts";
import type { Tunnel } from "../../model/service.ts";
import type { TunnelProgram } from "./record.ts";

const OBJECT_PATH = fileURLToPath(new URL("../../../../bpf/realserver.bpf.o", import.meta.url));

/** Names on a bpffs have no dots, names of interfaces no colons. */
export function tunnelProgram(pinDir: string, interfaceName: string): TunnelProgram {
  return { kind: "program", pins: join(pinDir, interfaceName.replaceAll(".", ":")) };
}

export interface StartOptions {
  readonly interface: string;
  readonly vips: readonly Address[];
  /** Types that are opened, each with either IP version inside and outside. */
  readonly tunnels: readonly Tunnel["type"][];
  /** UDP port that GUE comes in on. */
  readonly guePort: number;
}

/** Puts it in place of an earlier one without a gap. The mode it runs in. @throws DATAPLANE_FAILED, BpfError */
export function startTunnelProgram(program: TunnelProgram, options: StartOptions): XdpMode {
  const { interface: name, vips, tunnels, guePort } = options;
  ensureBpffs(program.pins);
  const pins = new Pins(program.pins);
  using object = BpfObject.open(OBJECT_PATH);
  object.setRodata(
    "opened_tunnels",
    tunnels.reduce((bits, type) => bits | (1 << TUNNEL_NUMBERS[type]), 0),
  );
  object.setRodata("gue_port", guePort);
  for (const map of ["vips", "verdicts"]) object.setPinPath(map, pins.map(map));
  object.load();
  using accepted = object.map<IpRecord, number>("vips");
  for (const vip of vips) accepted.set({ bytes: addressToBytes(vip) }, 1);
  for (const key of accepted.keys()) if (!vips.includes(addressFromBytes(key.bytes))) accepted.delete(key);
  using loaded = object.program("realserver");
  const [attached] = attachAll({ program: loaded, pins, interfaces: [findInterface(name)], mode: "auto" });
  if (!attached) throw new Error("attachAll() attached nothing");
  return attached.mode;
}

export function removeTunnelProgram({ pins }: TunnelProgram): void {
  new Pins(pins).removeAll();
  try {
    rmdirSync(dirname(pins));
  } catch {
    // Other interfaces have theirs there, or it is the file system's own root.
  }
}

/** A pin needs a bpffs; it is mounted where there is none, unless it would be gone with this command. */
function ensureBpffs(path: string): void {
  let folder = path;
  while (!existsSync(folder)) folder = dirname(folder);
  if (probe.isBpffs(folder)) return;
  const mountPoint = dirname(dirname(path));
  if (hasOwnMounts()) {
    const hint = "mount one and give --pin-dir: mounts of this command end with it";
    throw new XdirectorError("DATAPLANE_FAILED", `${mountPoint} is not a bpffs; ${hint}`);
  }
  probe.mountBpffs(mountPoint);
}

/** Whether this command was given mounts of its own, as `ip netns exec` does. */
function hasOwnMounts(): boolean {
  try {
    return readlinkSync("/proc/self/ns/mnt") !== readlinkSync(`/proc/${process.ppid}/ns/mnt`);
  } catch {
    return false; // not allowed to know
  }
}
