// SPDX-License-Identifier: MIT
// Whether this machine can run the data plane, in one line when it cannot.

import { existsSync } from "node:fs";
import { release } from "node:os";
import { CommandError } from "./command-error.ts";

const KERNEL_FLOOR = [6, 1] as const;

/** @throws CommandError that says what is missing */
export function assertMachine(): void {
  if (process.geteuid?.() !== 0)
    throw new CommandError("must run as root: loading and attaching XDP programs needs it");
  const [major = 0, minor = 0] = release()
    .split(".")
    .map((part) => Number.parseInt(part, 10));
  const [floorMajor, floorMinor] = KERNEL_FLOOR;
  if (major < floorMajor || (major === floorMajor && minor < floorMinor)) {
    throw new CommandError(`kernel ${release()} is too old: ${KERNEL_FLOOR.join(".")} or newer is needed`);
  }
  if (!existsSync("/sys/kernel/btf/vmlinux")) {
    throw new CommandError(
      "the kernel has no BTF (/sys/kernel/btf/vmlinux): one built with CONFIG_DEBUG_INFO_BTF is needed",
    );
  }
}
