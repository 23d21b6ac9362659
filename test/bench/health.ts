// SPDX-License-Identifier: MIT
// npm run bench:health: what it costs the real daemon to check thousands of real servers, and how soon the API answers
// meanwhile. Options: --servers N (5000), --interval SECONDS (2), --seconds N (30), --json.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Daemon } from "../support/daemon.ts";
import { type Netns, Sandbox } from "../support/netns.ts";
import { type Answer, collectAnswers, curl, type Questions, type Spread, spread } from "./answers.ts";

const SERVERS_PER_SERVICE = 50;
/** Jiffies a second in /proc (sysconf(_SC_CLK_TCK) on every Linux that matters). */
const CLOCK_TICKS = 100;
/** For the daemon to settle, in ms. */
const START_UP = 3_000;

/** Accepts and closes; any of its addresses will do, since all of 10.80.0.0/16 is local. */
const SERVER = `
const server = require("node:net").createServer((socket) => socket.on("error", () => {}).destroy());
server.listen({ port: 80, host: "0.0.0.0", backlog: 4096 });
`;

const REQUESTS: Questions = {
  paths: [
    "/healthz",
    "/v1/services/tcp/192.0.2.1/80",
    "/v1/health/tcp/192.0.2.1/80",
    "/v1/stats",
    "/v1/flows",
    "/v1/settings",
  ],
  pause: 100,
};
/** Megabytes each: they are answers when they begin, and come as fast as the client takes them. */
const LISTINGS: Questions = {
  paths: ["/v1/services", "/v1/health", "/v1/config", "/v1/compat/proc/net/ip_vs"],
  pause: 1_000,
};
/** A listing too, as often as Prometheus would ask for it at most. */
const METRICS: Questions = { paths: ["/metrics"], pause: 5_000 };

/** ms */
interface PathFigures {
  readonly path: string;
  readonly count: number;
  readonly begin: Spread;
  readonly end: Spread;
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
  /** How long the daemon's main thread was ready to run and had no core, percent of the time: others kept them busy. */
  readonly waiting: number;
  /** What clients wait for, ms: answers about one thing to their end, listings to their beginning. */
  readonly api: Spread;
  readonly answers: readonly PathFigures[];
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
  const before = {
    ...(await runsOf(daemon)),
    cpu: cpuSeconds(daemon),
    waited: secondsWaited(daemon),
    at: performance.now(),
  };
  const answers = await collectAnswers(daemon, [REQUESTS, LISTINGS, METRICS], seconds);
  const elapsed = (performance.now() - before.at) / 1000;
  const cpu = (100 * (cpuSeconds(daemon) - before.cpu)) / elapsed;
  const waiting = (100 * (secondsWaited(daemon) - before.waited)) / elapsed;
  const { runs, failed, late } = await runsOf(daemon);
  const rate = (runs - before.runs) / elapsed;
  return {
    servers,
    interval,
    runs: rate,
    failed: failed - before.failed,
    cpu,
    late: late - before.late,
    waiting,
    api: spread(answers.map(waitOf)),
    answers: byPath(answers),
  };
}

function waitOf({ path, begin, end }: Answer): number {
  return [LISTINGS, METRICS].some(({ paths }) => paths.includes(path)) ? begin : end;
}

function byPath(answers: readonly Answer[]): PathFigures[] {
  return [REQUESTS, LISTINGS, METRICS]
    .flatMap(({ paths }) => paths)
    .map((path) => {
      const those = answers.filter((answer) => answer.path === path);
      const [begin, end] = [spread(those.map(({ begin }) => begin)), spread(those.map(({ end }) => end))];
      return { path, count: those.length, begin, end };
    });
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

/** How long its main thread waited for a core, by /proc/PID/schedstat of Documentation/scheduler/sched-stats.rst. */
function secondsWaited({ process: { pid } }: Daemon): number {
  return Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[1]) / 1e9;
}

function table({ servers, interval, runs, failed, cpu, late, waiting, api, answers }: Figures): string {
  const rows: readonly (readonly [string, string])[] = [
    ["servers", `${servers}, every ${interval} s`],
    ["checks", `${runs.toFixed(0)} a second, ${failed} failed`],
    ["CPU of the daemon", `${cpu.toFixed(0)} % of one core`],
    ["wait of its first thread for a core", `${waiting.toFixed(0)} % of the time`],
    ["late checks", `${late} by more than a tenth of the interval`],
    ["slowest answer of the API", `${api.max.toFixed(0)} ms; median, 99 of 100, slowest: ${inMs(api)}`],
    ...answers.map(({ path, count, begin, end }) => {
      return [`  ${path}`, `${String(count).padEnd(5)}begins after ${inMs(begin)}, ends after ${inMs(end)}`] as const;
    }),
  ];
  return rows.map(([name, value]) => `${name.padEnd(36)}${value}\n`).join("");
}

function inMs({ median, p99, max }: Spread): string {
  return `${[median, p99, max].map((ms) => ms.toFixed(0).padStart(3)).join(" ")} ms`;
}

await main();
