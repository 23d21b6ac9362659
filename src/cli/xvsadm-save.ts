#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The xvsadm-save command: `xvsadm -S`, with the same options.

import { runProcess } from "./ipvsadm/process-world.ts";
import { runIpvsadm } from "./ipvsadm/run.ts";

await runProcess((world) => runIpvsadm(["-S", ...process.argv.slice(2)], world));
