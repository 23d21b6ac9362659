// SPDX-License-Identifier: MIT
// npm run bench:health: what it costs the real daemon to check thousands of real servers, and how soon the API answers
// meanwhile. Options: --servers N (5000), --interval SECONDS (2), --seconds N (30), --json.

import { execFile } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs, promisify } from "node:util";
import { Daemon } from "../support/daemon.ts";
import { type Netns, Sandbox } from "../support/netns.ts";

const SERVERS_PER_SERVICE = 50;
/** Jiffies a second in /proc (sysconf(_SC_CLK_TCK) on every Linux that matters). */
const CLOCK_TICKS = 100;
/** Between two requests about one thing, in ms. */
const PAUSE = 100;
/** Between two about everything, in ms. */
const LISTING_PAUSE = 1_000;
/** Between two scrapes of the metrics, in ms: as often as Prometheus would at most. */
const SCRAPE_PAUSE = 5_000;
/** For the daemon to settle, in ms. */
const START_UP = 3_000;

/** Accepts and closes; any of its addresses will do, since all of 10.80.0.0/16 is local. */
const SERVER = `
const server = require("node:net").createServer((socket) => socket.on("error", () => {}).destroy());
server.listen({ port: 80, host: "0.0.0.0", backlog: 4096 });
`;

const REQUESTS = [
  "/healthz",
  "/v1/services/tcp/192.0.2.1/80",
  "/v1/health/tcp/192.0.2.1/80",
  "/v1/stats",
  "/v1/flows",
  "/v1/settings",
];
/** Megabytes each: they are answers when they begin, and come as fast as the client takes them. */
const LISTINGS = ["/v1/services", "/v1/health", "/v1/config", "/v1/compat/proc/net/ip_vs"];
/** A scrape: shown, but no answer that somebody waits for. */
const METRICS = ["/metrics"];

/** ms, as the client saw it from the moment it called. */
interface Answer {
  readonly path: string;
  /** To the first byte. */
  readonly begin: number;
  /** To the last one. */
  readonly end: number;
}

interface Figures {
  readonly servers: number;
  readonly interval: number;
  readonly runs: number;
  readonly failed: number;
  /** Of one core, percent. */
  readonly cpu: number;
  /** Runs that began more than a tenth of the interval after their time. */
  readonly late: number;
  /** Slowest answer about one thing, to its end, and slowest beginning of a listing, ms. */
  readonly api: number;
  /** The slowest of each. */
  readonly answers: readonly Answer[];
}

interface Plan {
  readonly servers: number;
  readonly interval: number;
  readonly seconds: number;
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      servers: { type: "string", default: "5000" },
      interval: { type: "string", default: "2" },
      seconds: { type: "string", default: "30" },
      json: { type: "boolean", default: false },
    },
  });
  const plan = { servers: Number(values.servers), interval: Number(values.interval), seconds: Number(values.seconds) };
  const figures = await measure(plan);
  process.stdout.write(values.json ? `${JSON.stringify(figures, null, 2)}\n` : table(figures));
}

async function measure(plan: Plan): Promise<Figures> {
  using sandbox = new Sandbox("benchhealth");
  const director = sandbox.namespace("director");
  const servers = sandbox.namespace("servers");
  sandbox.link(
    { namespace: director, interface: "eth0", addresses: ["10.79.0.1/24"] },
    { namespace: servers, interface: "eth0", addresses: ["10.79.0.2/24"] },
  );
  director.ip("route", "add", "10.80.0.0/16", "via", "10.79.0.2");
  servers.ip("route", "add", "local", "10.80.0.0/16", "dev", "lo");
  servers.spawn(process.execPath, ["-e", SERVER], { stdio: "ignore" });
  const daemon = await startDirector(sandbox, director, plan);
  try {
    return await observe(daemon, plan);
  } finally {
    await daemon.kill();
  }
}

async function startDirector(sandbox: Sandbox, director: Netns, { servers, interval }: Plan): Promise<Daemon> {
  const rip = (n: number) => `10.80.${1 + Math.floor(n / 250)}.${1 + (n % 250)}`;
  const checked = Array.from({ length: servers }, (_, n) => {
    return { rip: rip(n), method: "masquerade", health: { checks: [{ type: "tcp", delayLoop: interval }] } };
  });
  const services: object[] = [];
  for (let first = 0; first < servers; first += SERVERS_PER_SERVICE) {
    const vip = `192.0.2.${1 + services.length}`;
    const service = { protocol: "tcp", vip, port: 80, scheduler: "wrr" };
    services.push({ ...service, servers: checked.slice(first, first + SERVERS_PER_SERVICE) });
  }
  const config = join(sandbox.folder, "xdirector.json");
  writeFileSync(config, JSON.stringify({ services }));
  return Daemon.start(Daemon.place(sandbox, director), ["--config", config]);
}

async function observe(daemon: Daemon, { servers, interval, seconds }: Plan): Promise<Figures> {
  // The first runs are spread over one interval; then come the second ones.
  await sleep(START_UP + 2_000 * interval);
  const before = { ...(await runsOf(daemon)), cpu: cpuSeconds(daemon), at: performance.now() };
  const answers = await slowestAnswers(daemon, seconds);
  const elapsed = (performance.now() - before.at) / 1000;
  const cpu = (100 * (cpuSeconds(daemon) - before.cpu)) / elapsed;
  const { runs, failed, late } = await runsOf(daemon);
  const rate = (runs - before.runs) / elapsed;
  const waited = answers.filter(({ path }) => !METRICS.includes(path));
  const api = Math.max(...waited.map(({ path, begin, end }) => (LISTINGS.includes(path) ? begin : end)));
  return { servers, interval, runs: rate, failed: failed - before.failed, cpu, late: late - before.late, api, answers };
}

/** Of every path the slowest, while small requests and listings come side by side. */
async function slowestAnswers(daemon: Daemon, seconds: number): Promise<Answer[]> {
  const end = performance.now() + 1000 * seconds;
  const answers = await Promise.all([
    ask(daemon, REQUESTS, PAUSE, end),
    ask(daemon, LISTINGS, LISTING_PAUSE, end),
    ask(daemon, METRICS, SCRAPE_PAUSE, end),
  ]);
  const slowest = new Map<string, Answer>();
  for (const { path, begin, end } of answers.flat()) {
    const other = slowest.get(path) ?? { begin: 0, end: 0 };
    slowest.set(path, { path, begin: Math.max(begin, other.begin), end: Math.max(end, other.end) });
  }
  return [...slowest.values()];
}

async function ask(daemon: Daemon, paths: readonly string[], pause: number, end: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; performance.now() < end; n++) {
    answers.push(await timed(daemon, paths[n % paths.length] as string));
    await sleep(pause);
  }
  return answers;
}

/** By a client that is a process of its own: what this one does must not show. */
async function timed({ socket }: Daemon, path: string): Promise<Answer> {
  const times = "%{time_starttransfer} %{time_total}";
  const [begin = 0, end = 0] = (await curl(socket, path, ["-o", "/dev/null", "-w", times])).split(" ").map(Number);
  return { path, begin: 1000 * begin, end: 1000 * end };
}

/** @throws Error unless the answer is a success */
async function curl(socket: string, path: string, options: readonly string[] = []): Promise<string> {
  const args = ["-s", "-S", "-f", "--unix-socket", socket, ...options, `http://director${path}`];
  return (await promisify(execFile)("curl", args, { maxBuffer: 2 ** 26 })).stdout;
}

/** So far. */
async function runsOf({ socket }: Daemon): Promise<{ runs: number; failed: number; late: number }> {
  const lines = (await curl(socket, "/metrics")).split("\n");
  const read = (name: string) => Number(lines.find((line) => line.startsWith(`xdirector_${name}`))?.split(" ")[1]);
  const failed = read('check_runs_total{check="tcp",result="failure"}');
  const succeeded = read('check_runs_total{check="tcp",result="success"}');
  return { runs: succeeded + failed, failed, late: read('check_late_runs_total{check="tcp"}') };
}

/** User and system time of the daemon, by proc(5) stat. */
function cpuSeconds({ process: { pid } }: Daemon): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").split(") ")[1]?.split(" ") ?? [];
  return (Number(fields[11]) + Number(fields[12])) / CLOCK_TICKS;
}

function table({ servers, interval, runs, failed, cpu, late, api, answers }: Figures): string {
  const rows: readonly (readonly [string, string])[] = [
    ["servers", `${servers}, every ${interval} s`],
    ["checks", `${runs.toFixed(0)} a second, ${failed} failed`],
    ["CPU of the daemon", `${cpu.toFixed(0)} % of one core`],
    ["late checks", `${late} by more than a tenth of the interval`],
    ["slowest answer of the API", `${api.toFixed(0)} ms`],
    ...answers.map(({ path, begin, end }) => {
      return [`  ${path}`, `begins after ${begin.toFixed(0)} ms, ends after ${end.toFixed(0)} ms`] as const;
    }),
  ];
  return rows.map(([name, value]) => `${name.padEnd(36)}${value}\n`).join("");
}

await main();
