// SPDX-License-Identifier: MIT
// npm run bench: ns per packet of the program that the real daemon loaded, configured and pinned, in a namespace of its
// own. Options: --quick (fewer flows and rounds), --json (the figures instead of the table).

import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Daemon } from "../support/daemon.ts";
import { type Netns, Sandbox } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";
import {
  type Bench,
  buildXdpbench,
  DIRECTOR_MAC,
  type Effort,
  type Measurement,
  type Method,
  measure,
  VIPS,
} from "./measure.ts";

const INTERFACE = "eth0";
/** A masqueraded flow takes two places and cannot do without: of more, some would find no room. */
const MASQUERADED_MAX = 100_000;
const FULL = {
  flows: [1, 100, 10_000, 100_000, undefined, 1_000_000, undefined],
  effort: { rounds: 9, sliceMs: 100 },
} as const;
const QUICK = { flows: [1, 100, 100_000, undefined], effort: { rounds: 3, sliceMs: 30 } } as const;

interface Plan {
  /** One after the other in one flow table, where those of before stay; undefined: every packet opens a new one. */
  readonly flows: readonly (number | undefined)[];
  readonly effort: Effort;
}

/** What is configured beside the packets' service: the cost of a packet should not depend on it. */
interface Size {
  readonly services: number;
  /** Of the service that is measured. */
  readonly servers: number;
  /** Servers are neighbours up to this number; beyond they are behind one router. */
  readonly nextHops: number;
}

const SMALL: Size = { services: 1, servers: 10, nextHops: 10 };
const LARGE: Size = { services: 1000, servers: 10_000, nextHops: 1 };

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: "boolean" }, json: { type: "boolean" } } });
  const folder = fromRoot("build", "bench");
  mkdirSync(folder, { recursive: true });
  const xdpbench = buildXdpbench(fromRoot("test", "bench", "xdpbench"), folder);
  const plan = values.quick ? QUICK : FULL;
  const results: Row[] = [];
  for (const method of ["direct", "tunnel", "masquerade"] as const) {
    results.push(...(await measureMethod(xdpbench, { method, size: SMALL, plan })));
  }
  results.push(...(await measureMethod(xdpbench, { method: "direct", size: LARGE, plan })));
  process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : table(results));
}

interface Run {
  readonly method: Method;
  readonly size: Size;
  readonly plan: Plan;
}

interface Row extends Measurement, Pick<Size, "services" | "servers"> {
  /** Established flows in the table, of that many that it is meant for. */
  readonly held: number;
}

/** A fresh table for each method. */
async function measureMethod(xdpbench: string, { method, size, plan }: Run): Promise<Row[]> {
  using sandbox = new Sandbox("bench");
  const director = sandbox.namespace("director");
  sandbox.link(
    { namespace: director, interface: INTERFACE, addresses: ["172.16.0.1/24"] },
    { namespace: sandbox.namespace("peer"), interface: INTERFACE },
  );
  director.ip("link", "set", INTERFACE, "address", DIRECTOR_MAC);
  const rips = addServers(director, size);
  const config = join(sandbox.folder, "config.json");
  writeFileSync(config, JSON.stringify({ services: services(method, size, rips) }));
  const place = Daemon.place(sandbox, director, [INTERFACE]);
  await Daemon.start(place, ["--max-flows", "1000000", "--config", config]);
  const program = join(place.pinDir, "prog");
  const { nextHops } = size;
  const bench: Bench = { xdpbench, director, interface: INTERFACE, program, folder: sandbox.folder, nextHops };
  const results: Row[] = [];
  let held = 0;
  for (const flows of flowsOf(method, plan)) {
    process.stderr.write(`bench: ${method}, ${size.services} services, ${flows ?? "new"} flows\n`);
    const { services, servers } = size;
    held = flows ?? held;
    const row = { ...(await measure(bench, { method, flows }, plan.effort)), services, servers, held };
    process.stderr.write(table([row]));
    results.push(row);
  }
  return results;
}

function flowsOf(method: Method, { flows }: Plan): (number | undefined)[] {
  const fitting = flows.filter((count = 0) => method !== "masquerade" || count <= MASQUERADED_MAX);
  return fitting.filter((count, index) => count !== undefined || fitting[index - 1] !== undefined);
}

/** Real servers that are neighbours, or many behind one. @returns their addresses */
function addServers(director: Netns, { servers, nextHops }: Size): string[] {
  for (let index = 0; index < nextHops; index++) {
    const mac = `02:00:00:00:01:${index.toString(16).padStart(2, "0")}`;
    const neighbour = ["add", `172.16.0.${10 + index}`, "lladdr", mac, "dev", INTERFACE, "nud", "permanent"];
    director.ip("neighbour", ...neighbour);
  }
  if (nextHops === servers) return Array.from({ length: servers }, (_, index) => `172.16.0.${10 + index}`);
  director.ip("route", "add", "10.0.0.0/8", "via", "172.16.0.10");
  return Array.from({ length: servers }, (_, index) => `10.0.${index >> 8}.${index & 255}`);
}

/** The measured service, and others that packets never go to. */
function services(method: Method, size: Size, rips: readonly string[]): object[] {
  const port = method === "masquerade" ? 8080 : 80;
  const servers = rips.map((rip) => ({ rip, port, method, weight: 1 }));
  const measured = { protocol: "tcp", vip: VIPS[method], port: 80, scheduler: "rr", servers };
  const others = Array.from({ length: size.services - 1 }, (_, index) => ({
    ...{ protocol: "tcp", vip: `198.18.${index >> 8}.${index & 255}`, port: 80, scheduler: "rr" },
    servers: [{ rip: rips[0], port: 80, method: "direct", weight: 1 }],
  }));
  return [measured, ...others];
}

const COLUMNS = ["method", "services", "servers", "flows", "net ns", "min..max", "x macswap", "macswap net ns"];

function table(results: readonly Row[]): string {
  const rows = results.map(({ method, services, servers, flows, held, net, netMin, netMax, ratio, macswapNet }) => [
    method,
    String(services),
    String(servers),
    flows === undefined ? `new, beside ${held}` : String(flows),
    net.toFixed(1),
    `${netMin.toFixed(1)}..${netMax.toFixed(1)}`,
    ratio.toFixed(2),
    macswapNet.toFixed(1),
  ]);
  const widths = COLUMNS.map((title, column) =>
    Math.max(...[COLUMNS, ...rows].map((row) => (row[column] ?? title).length)),
  );
  const line = (row: readonly string[]) =>
    `${row.map((cell, column) => cell.padStart(widths[column] ?? 0)).join("  ")}\n`;
  return [COLUMNS, ...rows].map(line).join("");
}

await main();
