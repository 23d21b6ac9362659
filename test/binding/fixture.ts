// SPDX-License-Identifier: MIT
// The test programs, compiled, and what tests of the binding need around them.

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { BpfObject, probe } from "../../src/bpf/index.ts";
import { Sandbox } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";

const objects = mkdtempSync(join(tmpdir(), "binding-"));
process.on("exit", () => rmSync(objects, { recursive: true }));

/** Compiles test/binding/NAME.bpf.c; the path of the object file. */
export function compile(name: string): string {
  const output = join(objects, `${name}.bpf.o`);
  const include = `-I/usr/include/${execFileSync("uname", ["-m"], { encoding: "utf8" }).trim()}-linux-gnu`;
  const options = ["-O2", "-g", "-Wall", "-Wextra", "-Werror", "-Wno-unused-parameter", "-target", "bpf", "-mcpu=v3"];
  const source = fromRoot("test/binding", `${name}.bpf.c`);
  execFileSync("clang", [...options, include, "-c", source, "-o", output]);
  return output;
}

/** fixture.bpf.c, in the kernel. */
export function loadFixture(configure: (object: BpfObject) => void = () => {}): BpfObject {
  const object = BpfObject.open(compile("fixture"));
  configure(object);
  object.load();
  return object;
}

/** Calls `use` with the path of a bpf file system of its own, which is gone afterwards. */
export function withBpffs(use: (path: string) => void): void {
  using sandbox = new Sandbox("pins");
  const path = join(sandbox.folder, "bpf");
  probe.mountBpffs(path);
  use(path);
}

/** Open descriptors of this process that belong to bpf(2), with their flags. */
export function bpfDescriptors(): { readonly fd: string; readonly flags: number }[] {
  return readdirSync("/proc/self/fd").flatMap((fd) => {
    const target = existsSync(`/proc/self/fdinfo/${fd}`) ? readlinkSync(`/proc/self/fd/${fd}`) : "";
    if (!target.startsWith("anon_inode:bpf")) return [];
    const flags = /^flags:\s+(\d+)$/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, "utf8"));
    return [{ fd, flags: Number.parseInt(flags?.[1] as string, 8) }];
  });
}

export const PACKET = new Uint8Array(64).fill(0xee);

export const XDP = { aborted: 0, drop: 1, pass: 2, tx: 3 } as const;
