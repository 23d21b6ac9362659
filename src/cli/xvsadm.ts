#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The xvsadm command: ipvsadm's command line for a running director. Only wires the process to `runIpvsadm`.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { connectApi } from "./client.ts";
import { DEFAULT_SOCKET } from "./daemon-options.ts";
import { SYSTEM_HOST_NAMES } from "./ipvsadm/host-names.ts";
import { type PortNames, parsePortNames } from "./ipvsadm/port-names.ts";
import { runIpvsadm } from "./ipvsadm/run.ts";

const SERVICES_FILE = "/etc/services";

/** Most command lines name no port: the file is read when one does. */
function systemPortNames(): PortNames {
  let names: PortNames | undefined;
  const read = () => (names ??= parsePortNames(readIfThere(SERVICES_FILE)));
  return { portOf: (...query) => read().portOf(...query), nameOf: (...query) => read().nameOf(...query) };
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}

// A reader that has seen enough (`xvsadm -L | head`) is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

const outcome = await runIpvsadm(process.argv.slice(2), {
  program: basename(process.argv[1] ?? "xvsadm", ".js"),
  portNames: systemPortNames(),
  hostNames: SYSTEM_HOST_NAMES,
  api: connectApi(process.env["XDIRECTOR_SOCKET"] ?? DEFAULT_SOCKET),
});
process.stdout.write(outcome.stdout);
process.stderr.write(outcome.stderr);
process.exitCode = outcome.rc;
