// SPDX-License-Identifier: MIT
// `xdirector detach`: the data plane's end, whether or not a daemon still runs.

import { probe } from "../bpf/index.ts";
import { Pins } from "../dataplane/pins.ts";
import { removeProbePrograms } from "../dataplane/probe-path.ts";
import { releaseAddresses } from "../net/address-owner.ts";
import { assertMachine } from "./machine.ts";
import { parsePinDir } from "./pin-dir.ts";

const HELP = `usage: xdirector detach [--pin-dir DIR]

Detaches the program from every interface and removes its pins: flows and counters are gone, packets go
to the kernel's stack. VIPs that the director has put on an interface are removed. The saved state stays.
`;

export async function runDetach(argv: string[]): Promise<number> {
  const pinDir = parsePinDir(argv, HELP);
  if (pinDir === undefined) return 0;
  assertMachine();
  const pins = new Pins(pinDir);
  const interfaces = pins.linkedInterfaces();
  releaseAddresses();
  pins.removeAll();
  for (const name of interfaces) {
    const found = probe.interfaceByName(name);
    if (found) removeProbePrograms(found.index);
  }
  process.stdout.write(interfaces.length > 0 ? `detached from ${interfaces.join(", ")}\n` : "nothing was attached\n");
  return 0;
}
