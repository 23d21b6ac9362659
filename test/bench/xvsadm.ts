// SPDX-License-Identifier: MIT
// npm run bench:xvsadm: how long an operator waits for xvsadm, its start included: 1,000 services with 10 servers each
// are restored, saved and listed, then the connections of a table with a million flows. Options: --rounds N (5),
// --flows N (1000000), --json.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdirSync, openSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Daemon } from "../support/daemon.ts";
import { type Netns, Sandbox } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";
import { until } from "../support/until.ts";
import { buildXdpbench, DIRECTOR_MAC } from "./measure.ts";

const INTERFACE = "eth0";
const ROUTER = "172.16.0.2";
const SERVICES = 1000;
const SERVERS_EACH = 10;
/** Of the service whose connections are listed. */
const VIP = "192.0.2.1";
/** Part of the flows that its hash finds a place for in a table of their number. */
const FOUND_PLACE = 0.9;
/** How often a client is asked how much memory it takes, in ms. */
const WATCH_INTERVAL = 20;

interface Figure {
  readonly what: string;
  /** Of each round, ms. */
  readonly times: readonly number[];
  /** The most that the client took, in MiB. */
  readonly memory: number;
}

interface Plan {
  readonly rounds: number;
  readonly flows: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      rounds: { type: "string", default: "5" },
      flows: { type: "string", default: "1000000" },
      json: { type: "boolean", default: false },
    },
  });
  const figures = await measure({ rounds: Number(values.rounds), flows: Number(values.flows) });
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : table(figures));
}

async function measure({ rounds, flows }: Plan): Promise<Figure[]> {
  using sandbox = new Sandbox("benchxvsadm");
  const director = sandbox.namespace("director");
  sandbox.link(
    { namespace: director, interface: INTERFACE, addresses: ["172.16.0.1/24"] },
    { namespace: sandbox.namespace("peer"), interface: INTERFACE, addresses: [`${ROUTER}/24`] },
  );
  director.ip("link", "set", INTERFACE, "address", DIRECTOR_MAC);
  director.ip("route", "add", "10.0.0.0/8", "via", ROUTER);
  const place = Daemon.place(sandbox, director, [INTERFACE]);
  const daemon = await Daemon.start(place, ["--max-flows", String(flows)]);
  try {
    const figures = await measureRules(sandbox, daemon, rounds);
    await openFlows(director, daemon, flows);
    const connections = `-Lnc of ${flows} connections`;
    return [...figures, await repeat(connections, rounds, () => xvsadm(daemon, "xvsadm", ["-Lnc"], "/dev/null"))];
  } finally {
    await daemon.kill();
  }
}

/** @throws Error when what is saved is not what was restored */
async function measureRules(sandbox: Sandbox, daemon: Daemon, rounds: number): Promise<Figure[]> {
  const [given, saved] = [join(sandbox.folder, "given"), join(sandbox.folder, "saved")];
  writeFileSync(given, rules());
  const size = `${SERVICES} services, ${SERVICES * SERVERS_EACH} servers`;
  const restore = await repeat(`restore of ${size}`, rounds, async () => {
    await xvsadm(daemon, "xvsadm", ["-C"], "/dev/null");
    return xvsadm(daemon, "xvsadm-restore", [], "/dev/null", given);
  });
  const save = await repeat(`save of ${size}`, rounds, () => xvsadm(daemon, "xvsadm-save", ["-n"], saved));
  const sorted = (path: string) => readFileSync(path, "utf8").split("\n").sort().join("\n");
  if (sorted(given) !== sorted(saved)) throw new Error("what was saved is not what was restored");
  const list = await repeat(`-Ln of ${size}`, rounds, () => xvsadm(daemon, "xvsadm", ["-Ln"], saved));
  if (statSync(saved).size < SERVICES * SERVERS_EACH) throw new Error("the listing is not whole");
  return [restore, save, list, await repeat("--version", rounds, () => xvsadm(daemon, "xvsadm", ["-v"], "/dev/null"))];
}

function rules(): string {
  const lines: string[] = [];
  for (let service = 0; service < SERVICES; service++) {
    const virtual = `-t 198.18.${service >> 8}.${service & 255}:80`;
    lines.push(`-A ${virtual} -s wrr`);
    for (let index = service * SERVERS_EACH; index < (service + 1) * SERVERS_EACH; index++)
      lines.push(`-a ${virtual} -r 10.0.${index >> 8}.${index & 255}:80 -g -w 1`);
  }
  return `${lines.join("\n")}\n`;
}

/** By packets that only the program sees. */
async function openFlows(director: Netns, daemon: Daemon, flows: number): Promise<void> {
  const folder = fromRoot("build", "bench");
  mkdirSync(folder, { recursive: true });
  const xdpbench = buildXdpbench(fromRoot("test", "bench", "xdpbench"), folder);
  await xvsadm(daemon, "xvsadm", ["-C"], "/dev/null");
  await daemon.put(`/v1/services/tcp/${VIP}/80`, { scheduler: "rr", servers: [{ rip: "10.0.0.1", method: "direct" }] });
  const program = ["--prog", `xdirector=${join(daemon.place.pinDir, "prog")}`, "--vip", VIP, "--ifname", INTERFACE];
  const packets = ["--mode", "rand", "--flows", String(flows), "--flags", "ack", "--prime", "syn,ack"];
  const { code, stderr } = await director.exec(xdpbench, ["cpu", ...program, ...packets, "--rounds", "1"]);
  if (code !== 0) throw new Error(`xdpbench: ${stderr.trim()}`);
  await until("the flows are in the table", async () => {
    const { body } = await daemon.request("GET", "/v1/stats");
    return (body as { readonly flows: { readonly occupied: number } }).flows.occupied >= FOUND_PLACE * flows;
  });
}

interface Run {
  readonly time: number;
  readonly memory: number;
}

async function repeat(what: string, rounds: number, once: () => Promise<Run>): Promise<Figure> {
  const runs: Run[] = [];
  for (let round = 0; round < rounds; round++) runs.push(await once());
  return { what, times: runs.map(({ time }) => time), memory: Math.max(...runs.map(({ memory }) => memory)) };
}

/** One command to its end. @throws Error when it fails */
async function xvsadm(daemon: Daemon, program: string, args: string[], output: string, input = "/dev/null") {
  const files = [openSync(input, "r"), openSync(output, "w")];
  const env = { ...process.env, XDIRECTOR_SOCKET: daemon.socket };
  const begin = performance.now();
  const path = fromRoot("build", "ts", "src", "cli", `${program}.js`);
  const client = spawn(process.execPath, [path, ...args], { env, stdio: [...files, "inherit"] });
  let memory = 0;
  const watch = setInterval(() => {
    memory = Math.max(memory, peakMemory(client.pid));
  }, WATCH_INTERVAL);
  const [code] = await once(client, "exit");
  const time = performance.now() - begin;
  clearInterval(watch);
  files.forEach(closeSync);
  if (code !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${code}`);
  return { time, memory };
}

/** MiB; 0 once it has ended. */
function peakMemory(pid: number | undefined): number {
  try {
    const [, kilobytes] = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "latin1")) ?? [];
    return Number(kilobytes ?? 0) / 1024;
  } catch {
    return 0;
  }
}

function table(figures: readonly Figure[]): string {
  const rows = figures.map(({ what, times, memory }) => {
    const sorted = times.toSorted((a, b) => a - b);
    const median = sorted[sorted.length >> 1] ?? 0;
    const range = `[${sorted[0]?.toFixed(0)}..${sorted.at(-1)?.toFixed(0)}]`;
    return `${what.padEnd(44)}${median.toFixed(0).padStart(6)} ms ${range.padEnd(14)} ${memory.toFixed(0)} MiB\n`;
  });
  return rows.join("");
}

await main();
