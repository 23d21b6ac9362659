// SPDX-License-Identifier: MIT
// npm run bench: ns per packet of the program that the real daemon loaded, configured and pinned, in a namespace of its
// own. Options: --quick (fewer flows and rounds), --json (the figures instead of the table).

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { Daemon } from "../support/daemon.ts";
import { Sandbox } from "../support/netns.ts";
import { fromRoot } from "../support/project.ts";
import { type Bench, buildXdpbench, type Effort, type Measurement, measure, VIPS } from "./measure.ts";

const SERVERS = 10;
const INTERFACE = "eth0";
const FULL = { flows: [1, 100, 10_000, 100_000, 1_000_000, undefined], effort: { rounds: 9, sliceMs: 100 } } as const;
const QUICK = { flows: [1, 100, 100_000, undefined], effort: { rounds: 3, sliceMs: 30 } } as const;

interface Plan {
  readonly flows: readonly (number | undefined)[];
  readonly effort: Effort;
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { quick: { type: "boolean" }, json: { type: "boolean" } } });
  const folder = fromRoot("build", "bench");
  mkdirSync(folder, { recursive: true });
  const xdpbench = buildXdpbench(fromRoot("test", "bench", "xdpbench"), folder);
  const results: Measurement[] = [];
  for (const method of ["direct", "tunnel"] as const) {
    results.push(...(await measureMethod(xdpbench, method, values.quick ? QUICK : FULL)));
  }
  process.stdout.write(values.json ? `${JSON.stringify(results, null, 2)}\n` : table(results));
}

/** A fresh table for each method; new flows come last, because they fill it. */
async function measureMethod(xdpbench: string, method: "direct" | "tunnel", plan: Plan): Promise<Measurement[]> {
  using sandbox = new Sandbox("bench");
  const director = sandbox.namespace("director");
  sandbox.link(
    { namespace: director, interface: INTERFACE, addresses: ["172.16.0.1/24"] },
    { namespace: sandbox.namespace("peer"), interface: INTERFACE },
  );
  const servers = Array.from({ length: SERVERS }, (_, index) => `172.16.0.${10 + index}`);
  for (const [index, rip] of servers.entries()) {
    const mac = `02:00:00:00:01:${index.toString(16).padStart(2, "0")}`;
    director.ip("neighbour", "add", rip, "lladdr", mac, "dev", INTERFACE, "nud", "permanent");
  }
  const place = Daemon.place(sandbox, director, [INTERFACE]);
  const daemon = await Daemon.start(place, ["--max-flows", "1000000"]);
  await daemon.put(`/v1/services/tcp/${VIPS[method]}/80`, {
    scheduler: "rr",
    servers: servers.map((rip) => ({ rip, port: 80, method, weight: 1 })),
  });
  const program = join(place.pinDir, "prog");
  const bench: Bench = { xdpbench, director, interface: INTERFACE, program, folder: sandbox.folder, servers: SERVERS };
  const results: Measurement[] = [];
  for (const flows of plan.flows) {
    process.stderr.write(`bench: ${method}, ${flows ?? "new"} flows\n`);
    results.push(await measure(bench, { method, flows }, plan.effort));
  }
  return results;
}

const COLUMNS = ["method", "flows", "net ns", "min..max", "x macswap", "macswap net ns"];

function table(results: readonly Measurement[]): string {
  const rows = results.map(({ method, flows, net, netMin, netMax, ratio, macswapNet }) => [
    method,
    flows === undefined ? "new each packet" : String(flows),
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
