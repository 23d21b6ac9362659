// SPDX-License-Identifier: MIT
// Scripts of operators: what they are given, what they may not do, and MISC_CHECK's reading of their ends.

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { checkMisc } from "../../../src/health/checkers/misc.ts";
import { runScript, type ScriptPolicy, type ScriptRun } from "../../../src/health/scripts.ts";
import { until } from "../../support/until.ts";
import { miscCheck } from "./checks.ts";

const AS_ROOT: ScriptPolicy = { user: { user: "root" }, security: false };
const folder = mkdtempSync(join(tmpdir(), "xd-scripts-"));
chmodSync(folder, 0o777);
after(() => rmSync(folder, { recursive: true }));

function shell(line: string): Pick<ScriptRun, "script"> {
  return { script: { argv: ["/bin/sh", "-c", line] } };
}

function isRunning(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, "latin1").includes(") Z ");
  } catch {
    return false;
  }
}

describe("a script", () => {
  test("runs without a shell: its arguments are what they are", async () => {
    const file = join(folder, "arguments");
    const argv = ["/bin/sh", "-c", `printf '%s|' "$@" > ${file}`, "name", "$(id)", "a b", ";"];
    assert.deepEqual(await runScript({ script: { argv }, extra: ["last"] }, AS_ROOT), { kind: "exited", status: 0 });
    assert.equal(readFileSync(file, "utf8"), "$(id)|a b|;|last|");
  });

  test("gets a clean environment and the root folder", async () => {
    const file = join(folder, "environment");
    process.env["XD_SECRET"] = "of the director";
    await runScript(shell(`{ /usr/bin/env; pwd; } > ${file}`), AS_ROOT);
    delete process.env["XD_SECRET"];
    const lines = readFileSync(file, "utf8").trim().split("\n");
    assert.deepEqual(
      lines.filter((line) => /^(XD_SECRET|HOME|NODE)/.test(line)),
      [],
    );
    assert.equal(lines.at(-1), "/");
  });

  test("runs as the user it names, else as the configured one", async () => {
    const file = join(folder, "user");
    const asNobody = { user: "nobody" };
    await runScript(shell(`/usr/bin/id -un > ${file}`), { user: asNobody, security: false });
    assert.equal(readFileSync(file, "utf8"), "nobody\n");
    rmSync(file);
    const named = { script: { ...shell(`/usr/bin/id -un > ${file}`).script, user: "daemon", group: "nogroup" } };
    await runScript(named, { user: asNobody, security: false });
    assert.equal(readFileSync(file, "utf8"), "daemon\n");
  });

  test("of an unknown user, and one that is not there, does not run and says why", async () => {
    const nobody = await runScript({ script: { argv: ["/bin/true"], user: "no-such-user" } }, AS_ROOT);
    assert.deepEqual(nobody, { kind: "not-run", reason: "no user no-such-user" });
    const missing = await runScript({ script: { argv: [join(folder, "missing")] } }, AS_ROOT);
    assert.ok(missing.kind === "not-run" && missing.reason.includes("ENOENT"));
  });

  test("that hangs is killed with everything it started, though it ignores SIGTERM", async () => {
    const file = join(folder, "pids");
    const stubborn = `trap '' TERM; echo $$ > ${file}; /bin/sleep 60 & echo $! >> ${file}; wait; /bin/sleep 60`;
    assert.deepEqual(await runScript({ ...shell(stubborn), timeout: 200 }, AS_ROOT), { kind: "timeout" });
    const pids = readFileSync(file, "utf8").trim().split("\n").map(Number);
    assert.equal(pids.length, 2);
    await until("all are gone", () => !pids.some(isRunning));
  });

  test("that hangs is killed with what has left its process group and its parent", async () => {
    const file = join(folder, "escaped");
    const daemon = `/usr/bin/setsid /bin/sh -c 'echo $$ >> ${file}; exec /bin/sleep 60'`;
    const escaping = `${daemon} & (${daemon} &) ; /bin/sleep 60`;
    assert.deepEqual(await runScript({ ...shell(escaping), timeout: 500 }, AS_ROOT), { kind: "timeout" });
    const pids = readFileSync(file, "utf8").trim().split("\n").map(Number);
    assert.equal(pids.length, 2);
    await until("all are gone", () => !pids.some(isRunning));
  });

  test("that prints without end is not listened to", async () => {
    const before = process.memoryUsage().rss;
    assert.deepEqual(await runScript({ ...shell("exec yes"), timeout: 300 }, AS_ROOT), { kind: "timeout" });
    assert.ok(process.memoryUsage().rss - before < 2 ** 26);
  });

  test("does not run as root because the name service fails", async () => {
    const [path, file] = [process.env["PATH"], join(folder, "getent")];
    writeFileSync(file, "#!/bin/sh\nexit 1\n");
    chmodSync(file, 0o755);
    process.env["PATH"] = folder;
    const end = await runScript({ script: { argv: ["/bin/true"], group: "nogroup" } }, { security: false });
    process.env["PATH"] = path;
    assert.ok(
      end.kind === "not-run" && /user keepalived_script cannot be looked up/.test(end.reason),
      JSON.stringify(end),
    );
  });

  test("does not begin when its check was given up before", async () => {
    const file = join(folder, "begun");
    const controller = new AbortController();
    const run = runScript({ ...shell(`touch ${file}`), signal: controller.signal }, AS_ROOT);
    controller.abort();
    assert.deepEqual(await run, { kind: "not-run", reason: "given up" });
    assert.ok(!existsSync(file));
  });

  test("ends when its check is given up", async () => {
    const controller = new AbortController();
    const run = runScript({ ...shell("exec sleep 60"), signal: controller.signal }, AS_ROOT);
    setTimeout(() => controller.abort(), 100);
    assert.deepEqual(await run, { kind: "timeout" });
  });

  test("that others may change does not run as root under script security", async () => {
    const file = join(folder, "open.sh");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o777);
    const secure = { ...AS_ROOT, security: true };
    const refused = await runScript({ script: { argv: [file] } }, secure);
    assert.ok(refused.kind === "not-run" && refused.reason.includes("can be changed by others"));
    assert.deepEqual(await runScript({ script: { argv: [file], user: "nobody" } }, secure), {
      kind: "exited",
      status: 0,
    });
    for (const name of ["/bin/true", "true"]) {
      assert.deepEqual(await runScript({ script: { argv: [name] } }, secure), { kind: "exited", status: 0 });
    }
    const missing = await runScript({ script: { argv: ["no-such-program"] } }, secure);
    assert.ok(missing.kind === "not-run" && missing.reason.includes("no program no-such-program"));
    assert.ok(existsSync(file));
  });
});

describe("MISC_CHECK", () => {
  const rows: readonly [name: string, line: string, isDynamic: boolean, expected: unknown][] = [
    ["status 0 is a success", "exit 0", true, { ok: true }],
    ["status 1 is a failure", "exit 1", true, { ok: false, reason: "exited with status 1" }],
    ["status 2 asks for weight 0 when dynamic", "exit 2", true, { ok: true, weight: 0 }],
    ["status 22 asks for weight 20 when dynamic", "exit 22", true, { ok: true, weight: 20 }],
    ["status 255 asks for weight 253 when dynamic", "exit 255", true, { ok: true, weight: 253 }],
    ["status 22 is a failure otherwise", "exit 22", false, { ok: false, reason: "exited with status 22" }],
    ["a signal is a failure", "kill -SEGV $$", true, { ok: false, reason: "killed by SIGSEGV" }],
    ["a timeout is a failure", "sleep 60", true, { ok: false, reason: "timed out" }],
  ];
  for (const [name, line, dynamicWeight, expected] of rows) {
    test(name, async () => {
      const check = miscCheck(["/bin/sh", "-c", line], { dynamicWeight, timeout: 500 });
      assert.deepEqual(await checkMisc(check, AS_ROOT, new AbortController().signal), expected);
    });
  }
});
