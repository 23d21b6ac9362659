// SPDX-License-Identifier: MIT
// The program on its interfaces. Pinned links of an earlier run get the new program in place of the old
// one: no packet is dropped, none goes around the program.

import { existsSync, renameSync } from "node:fs";
import { type BpfProgram, probe, unpin, XdpLink } from "../bpf/index.ts";
import { XdirectorError } from "../errors.ts";
import type { Pins } from "./pins.ts";
import type { Attachment } from "./port.ts";

export interface FoundInterface {
  readonly name: string;
  readonly index: number;
}

export interface AttachOptions {
  readonly program: BpfProgram;
  readonly pins: Pins;
  readonly interfaces: readonly FoundInterface[];
  readonly mode: "auto" | "native" | "generic";
}

/** @throws DATAPLANE_FAILED, naming the interface; nothing of it stays attached that was not before */
export function attachAll({ program, pins, interfaces, mode }: AttachOptions): Attachment[] {
  const attachments = interfaces.map(({ name, index }): Attachment => {
    const attached = attachOne({ program, path: pins.link(name), name, ifindex: index, mode });
    return { name, ifindex: index, mode: attached };
  });
  const isWanted = (link: string) => interfaces.some(({ name }) => name === link);
  for (const link of pins.linkedInterfaces()) if (!isWanted(link)) unpin(pins.link(link));
  pinProgram(program, pins);
  return attachments;
}

/** @throws DATAPLANE_FAILED, naming it */
export function findInterface(name: string): FoundInterface {
  const found = probe.interfaceByName(name);
  if (!found) throw new XdirectorError("DATAPLANE_FAILED", `no interface "${name}"`);
  return { name, index: found.index };
}

export interface AttachOne {
  readonly program: BpfProgram;
  readonly path: string;
  readonly name: string;
  readonly ifindex: number;
  readonly mode: AttachOptions["mode"];
}

/** The XDP mode it runs in. @throws DATAPLANE_FAILED, naming the interface */
export function attachOne({ program, path, name, ifindex, mode }: AttachOne): Attachment["mode"] {
  try {
    using adopted = adoptLink(path, ifindex);
    if (adopted && (mode === "auto" || mode === adopted.mode)) {
      adopted.update(program);
      return adopted.mode;
    }
    unpin(path);
    adopted?.detach();
    using link = XdpLink.attach(program, ifindex, mode);
    link.pin(path);
    return link.mode;
  } catch (error) {
    throw new XdirectorError("DATAPLANE_FAILED", `cannot attach to ${name}: ${(error as Error).message}`, [], error);
  }
}

/** The pinned link, unless its interface is gone (a new one of the same name may have come since). */
function adoptLink(path: string, ifindex: number): XdpLink | undefined {
  if (!existsSync(path)) return undefined;
  try {
    const link = XdpLink.open(path);
    if (link.ifindex === ifindex) return link;
    link.close();
  } catch (error) {
    if ((error as { code?: string }).code !== "ENODEV") throw error;
  }
  return undefined;
}

/** By a rename, so that there is always a program under the name. */
function pinProgram(program: BpfProgram, pins: Pins): void {
  const temporary = `${pins.program}-new`;
  unpin(temporary);
  program.pin(temporary);
  renameSync(temporary, pins.program);
}
