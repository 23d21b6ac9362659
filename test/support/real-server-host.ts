// SPDX-License-Identifier: MIT
// A namespace that becomes a real server by `xdirector realserver`: VIPs on lo, tunnels of every type opened.

import { join } from "node:path";
import type { Netns, Sandbox } from "./netns.ts";
import { fromRoot } from "./project.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");

/** On its eth0. @throws Error with what the command says */
export async function becomeRealServer(sandbox: Sandbox, server: Netns, vips: readonly string[]): Promise<void> {
  const pins = join(sandbox.bpffs(`${server.name}.bpf`), "pins");
  const places = ["--pin-dir", pins, "--state-file", join(sandbox.folder, `${server.name}.json`)];
  const options = ["-i", "eth0", "--method", "tunnel", "--vip", vips.join()];
  const { code, stderr } = await server.exec(process.execPath, [MAIN, "realserver", ...options, ...places]);
  if (code !== 0) throw new Error(stderr.trim());
}
