// SPDX-License-Identifier: MIT
// npm start, as a whole: real web servers behind the real director. And however it ends, nothing stays behind.

import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { connectApi } from "../../src/cli/client.ts";
import type { DirectorSnapshot } from "../../src/stats/snapshot.ts";
import { vipOf } from "../support/memory-director.ts";
import { fromRoot } from "../support/project.ts";
import { traces } from "../support/traces.ts";
import { until } from "../support/until.ts";

const LAB = fromRoot("build", "ts", "scripts", "lab", "main.js");

interface RunningLab {
  readonly child: ChildProcess;
  /** All that it said so far. */
  said(): string;
  /** Resolves to the exit code, undefined after a signal. */
  readonly ended: Promise<number | null>;
}

function startLab(...args: readonly string[]): RunningLab {
  const child = spawn(process.execPath, [LAB, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
  }
  return { child, said: () => said, ended: once(child, "close").then(([code]) => code as number | null) };
}

/** Resolves once it serves, to its sandbox's name. */
async function serving(lab: RunningLab): Promise<string> {
  await until("the lab serves", () => {
    assert.equal(lab.child.exitCode, null, lab.said());
    return lab.said().includes("Ctrl-C ends the lab");
  });
  return sandboxOf(lab);
}

function sandboxOf({ child }: RunningLab): string {
  return `xd-lab-${child.pid}`;
}

function gone(name: string): Promise<void> {
  return until(`nothing of ${name} is left`, () => traces(name).length === 0);
}

describe("the lab", () => {
  it("--once answers every request in exact proportion, ends with 0 and leaves nothing", async () => {
    const lab = startLab("--once", "--requests", "3000");
    const code = await lab.ended;
    const said = lab.said();
    assert.equal(code, 0, said);
    for (const [server, direct, tunnelled] of [
      ["rs1", 1000, 1500],
      ["rs2", 1000, 1000],
      ["rs3", 1000, 500],
    ] as const) {
      const counts = [...said.matchAll(new RegExp(`^ +${server} +(\\d+) +#+$`, "gm"))].map((match) => Number(match[1]));
      assert.deepEqual(counts, [direct, tunnelled]);
    }
    assert.match(said, /^TCP {2}10\.77\.0\.100:80 rr$/m);
    assert.match(said, /^ {2}-> 10\.77\.0\.13:80 +Tunnel +1 /m);
    assert.deepEqual(traces(sandboxOf(lab)), []);
  });

  it("stays, with its API where it says, until Ctrl-C, and leaves nothing", async () => {
    const lab = startLab("--requests", "60");
    const name = await serving(lab);
    const [, socket = ""] = /The API is at (\S+);/.exec(lab.said()) ?? [];
    const { status, body } = await connectApi(socket).request({ method: "GET", path: "/v1/services" });
    assert.equal(status, 200);
    assert.deepEqual(
      (body as DirectorSnapshot).services.map((service) => [vipOf(service), Number(service.connections)]),
      [
        ["10.77.0.100", 60],
        ["10.77.0.101", 60],
      ],
    );
    lab.child.kill("SIGINT");
    assert.equal(await lab.ended, 0);
    assert.deepEqual(traces(name), []);
  });

  it("leaves nothing when it is killed", async () => {
    const lab = startLab("--requests", "6");
    const name = await serving(lab);
    lab.child.kill("SIGKILL");
    await gone(name);
  });

  it("leaves nothing when it is interrupted half-way", async () => {
    const lab = startLab();
    await until("the first real server is up", () => lab.said().includes("rs1"));
    lab.child.kill("SIGINT");
    await lab.ended;
    assert.deepEqual(traces(sandboxOf(lab)), []);
  });

  for (const [part, pattern] of [
    ["the director", "main.js run"],
    ["nginx of rs2", "nginx: master process"],
  ] as const) {
    it(`says so and ends, leaving nothing, when ${part} is killed`, async () => {
      const lab = startLab("--requests", "6");
      const name = await serving(lab);
      const line = traces(name).find(
        (trace) => trace.includes(pattern) && (part === "the director" || trace.includes("/rs2")),
      );
      const pid = /^\s*(\d+) /.exec(line ?? "")?.[1];
      assert.ok(pid !== undefined, `${part} is among ${traces(name).join("\n")}`);
      process.kill(Number(pid), "SIGKILL");
      assert.equal(await lab.ended, 1);
      assert.match(lab.said(), new RegExp(`${part} ended; so does the lab`));
      assert.deepEqual(traces(name), []);
    });
  }

  it("ends when its parent, npm, is killed", async () => {
    const parent = spawn("sh", ["-c", `"${process.execPath}" "${LAB}" --requests 6 & echo $!; wait`], {
      stdio: ["ignore", "pipe", "ignore"],
    });
    let said = "";
    parent.stdout.setEncoding("utf8").on("data", (text: string) => {
      said += text;
    });
    await until("the lab serves", () => said.includes("Ctrl-C ends the lab"));
    const name = `xd-lab-${said.split("\n")[0]}`;
    assert.notDeepEqual(traces(name), []);
    parent.kill("SIGKILL");
    await gone(name);
  });

  it("refuses a number of requests that is none", async () => {
    const lab = startLab("--requests", "many");
    assert.equal(await lab.ended, 1);
    assert.equal(lab.said(), 'lab: --requests: "many" is no number of requests\n');
  });
});
