#!/usr/bin/env node
// SPDX-License-Identifier: MIT
// The xvsadm-restore command: replaces all services by the saved ones on standard input.

import { runProcess } from "./ipvsadm/process-world.ts";
import { runRestore } from "./ipvsadm/run.ts";

await runProcess(runRestore);
