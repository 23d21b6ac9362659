#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The xvsadm-save command: ipvsadm-save, which prints the rules.

import { runProcess } from "./ipvsadm/process-world.ts";
import { runSave } from "./ipvsadm/run.ts";

await runProcess((world) => runSave(process.argv.slice(2), world));
