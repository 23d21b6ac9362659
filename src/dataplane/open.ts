// SPDX-License-Identifier: MIT
// The kernel's data plane, opened: loaded, adopted where it is pinned, attached.

import { existsSync } from "node:fs";
import { dirname } from "node:path";
import { probe } from "../bpf/index.ts";
import type { DataplaneImage } from "../compile/image.ts";
import { XdirectorError } from "../errors.ts";
import { attachAll, findInterface } from "./attach.ts";
import { Attachments } from "./attachments.ts";
import { KernelDataplane } from "./kernel.ts";
import { Pins } from "./pins.ts";
import type { DataplanePort } from "./port.ts";
import { loadDataplane } from "./program.ts";
import { readImage } from "./read-image.ts";

const BPFFS = "/sys/fs/bpf";

export interface OpenOptions {
  readonly pinDir: string;
  readonly interfaces: readonly string[];
  readonly xdpMode: "auto" | "native" | "generic";
  readonly maxFlows: number | undefined;
  /** Forget what is pinned. */
  readonly fresh: boolean;
}

/** @throws DATAPLANE_FAILED */
export function openKernelDataplane(options: OpenOptions): DataplanePort {
  assertBpffs(options.pinDir);
  const interfaces = options.interfaces.map(findInterface);
  const pins = new Pins(options.pinDir);
  if (options.fresh) pins.removeAll();
  const loaded = loadDataplane({ pins, maxFlows: options.maxFlows });
  const { program, stages, maps } = loaded;
  for (const { index } of interfaces) maps.devices.set(index, index);
  stages.pin(pins.stages(stages.id));
  const attach = { program, pins, mode: options.xdpMode };
  const attachments = attachAll({ ...attach, interfaces });
  pins.removeStagesBut(stages.id);
  return new KernelDataplane(loaded, new Attachments({ ...attach, devices: maps.devices }, attachments));
}

/** What is pinned in `pinDir`, untouched. @throws DATAPLANE_FAILED when nothing is */
export function readPinnedImage(pinDir: string): DataplaneImage {
  const pins = new Pins(pinDir);
  if (!pins.exist()) throw new XdirectorError("DATAPLANE_FAILED", `no data plane is pinned in ${pinDir}`);
  const loaded = loadDataplane({ pins });
  try {
    return readImage(loaded.maps);
  } finally {
    loaded.close();
  }
}

/** A pin needs a bpffs; the usual place gets one when it has none. */
function assertBpffs(pinDir: string): void {
  let folder = pinDir;
  while (!existsSync(folder)) folder = dirname(folder);
  if (probe.isBpffs(folder)) return;
  if (!pinDir.startsWith(`${BPFFS}/`)) {
    const hint = `mount one with: mount -t bpf bpffs ${dirname(pinDir)}`;
    throw new XdirectorError("DATAPLANE_FAILED", `--pin-dir ${pinDir} is not on a bpffs; ${hint}`);
  }
  probe.mountBpffs(BPFFS);
}
