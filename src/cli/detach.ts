// SPDX-License-Identifier: MIT
// `xdirector detach`: the data plane's end, whether or not a daemon still runs.

import { parseArgs } from "node:util";
import { probe } from "../bpf/index.ts";
import { Pins } from "../dataplane/pins.ts";
import { removeProbePrograms } from "../dataplane/probe-path.ts";
import { releaseAddresses } from "../net/address-owner.ts";
import { DEFAULT_PIN_DIR } from "./daemon-options.ts";
import { assertMachine } from "./machine.ts";

const HELP = `usage: xdirector detach [--pin-dir DIR]

Detaches the program from every interface and removes its pins: flows and counters are gone, packets go
to the kernel's stack. VIPs that the director has put on an interface are removed. The saved state stays.
`;

export async function runDetach(argv: string[]): Promise<number> {
  const { values } = parseArgs({
    args: argv,
    options: {
      "pin-dir": { type: "string", default: DEFAULT_PIN_DIR },
      help: { type: "boolean", short: "h", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(HELP);
    return 0;
  }
  assertMachine();
  const pins = new Pins(values["pin-dir"]);
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
