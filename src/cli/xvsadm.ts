#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The xvsadm command: ipvsadm's command line for a running director.

import { runProcess } from "./ipvsadm/process-world.ts";
import { runIpvsadm } from "./ipvsadm/run.ts";

await runProcess((world) => runIpvsadm(process.argv.slice(2), world));
