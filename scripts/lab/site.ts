// SPDX-License-Identifier: MIT
// Client, director and three real servers that are set up and serving; the director itself is not started.

import type { ChildProcess } from "node:child_process";
import { join } from "node:path";
import type { Sandbox } from "../../test/support/netns.ts";
import { fromRoot } from "../../test/support/project.ts";
import { buildTopology, DIRECT_VIP, INTERFACE, type RealServerHost, type Topology, TUNNEL_VIP } from "./topology.ts";
import { startWebServer, writeSite } from "./web.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");

export interface Site extends Topology {
  /** The document root that all web servers share. */
  readonly root: string;
  /** What must go on running, by name. */
  readonly processes: ReadonlyMap<string, ChildProcess>;
}

/** `say` gets what the set-up of each real server prints. */
export async function startSite(sandbox: Sandbox, say: (text: string) => void = () => {}): Promise<Site> {
  const topology = buildTopology(sandbox);
  const root = writeSite(sandbox.folder);
  const processes = new Map<string, ChildProcess>();
  for (const host of topology.realServers) {
    processes.set(`nginx of ${host.name}`, await startWebServer(host, root, sandbox.folder));
    say(`${host.name}: ${await becomeRealServer(sandbox, host)}`);
  }
  return { ...topology, root, processes };
}

/** The VIPs on lo without ARP, and decapsulation, by the command that sets up any real server. */
async function becomeRealServer(sandbox: Sandbox, { name, namespace }: RealServerHost): Promise<string> {
  const pins = sandbox.bpffs(`bpf-${name}`);
  const output = await namespace.exec(process.execPath, [
    ...[MAIN, "realserver", "-i", INTERFACE, "--vip", `${DIRECT_VIP},${TUNNEL_VIP}`, "--method", "tunnel"],
    ...["--pin-dir", join(pins, "realserver"), "--state-file", join(sandbox.folder, `${name}.json`)],
  ]);
  if (output.code !== 0) throw new Error(`xdirector realserver on ${name}: ${output.stderr.trim()}`);
  return output.stdout;
}
