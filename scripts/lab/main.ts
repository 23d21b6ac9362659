// SPDX-License-Identifier: MIT
// npm start: a load balancer at work. Builds the lab's network, starts real web servers and the real director, sends
// real requests, shows who answered, and stays until Ctrl-C. With --once it ends with 0 only if all is as promised.

import type { ChildProcess } from "node:child_process";
import { parseArgs } from "node:util";
import { Daemon } from "../../test/support/daemon.ts";
import { Sandbox } from "../../test/support/netns.ts";
import { chart, complaints, tally } from "./balance.ts";
import { demonstrateCaches } from "./cache-lab.ts";
import { demonstratePair } from "./pair-lab.ts";
import { print } from "./print.ts";
import { sendRequests } from "./requests.ts";
import { startSite } from "./site.ts";
import { endOf } from "./stay.ts";
import { DIRECT_VIP, INTERFACE, type Topology, TUNNEL_VIP } from "./topology.ts";

const HELP = `usage: npm start [-- --lab NAME] [-- --once] [-- --requests N]

  --lab NAME    balance: direct routing and tunnelling by one director; pair: two directors, NAT and VRRP; cache: caches
                in the way to many web servers, by lblc and lblcr (balance)
  --once        send the requests, then end: with 0 if every one was answered and the balance is exact
  --requests N  requests to each service (600)
`;

interface Service {
  readonly title: string;
  readonly vip: string;
  readonly weights: ReadonlyMap<string, number>;
}

interface Lab {
  readonly sandbox: Sandbox;
  readonly topology: Topology;
  readonly director: Daemon;
  /** What must go on running, by name. */
  readonly processes: ReadonlyMap<string, ChildProcess>;
}

const SERVICES: readonly Service[] = [
  {
    title: "direct routing, rr",
    vip: DIRECT_VIP,
    weights: new Map([
      ["rs1", 1],
      ["rs2", 1],
      ["rs3", 1],
    ]),
  },
  {
    title: "tunnelling, wrr 3:2:1",
    vip: TUNNEL_VIP,
    weights: new Map([
      ["rs1", 3],
      ["rs2", 2],
      ["rs3", 1],
    ]),
  },
];

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      lab: { type: "string", default: "balance" },
      once: { type: "boolean", default: false },
      requests: { type: "string", default: "600" },
      help: { type: "boolean" },
    },
  });
  if (values.help) {
    print(HELP);
    return 0;
  }
  const requests = Number(values.requests);
  if (!Number.isInteger(requests) || requests < 1)
    throw new Error(`--requests: "${values.requests}" is no number of requests`);
  // Before the sandbox listens: ending the lab by Ctrl-C is no failure. What there is goes on exit.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(values.once ? 1 : 0));
  using sandbox = new Sandbox("lab");
  if (values.lab === "pair") return await demonstratePair(sandbox, { once: values.once, requests });
  if (values.lab === "cache") return await demonstrateCaches(sandbox, { once: values.once, requests });
  if (values.lab !== "balance") throw new Error(`--lab: "${values.lab}" is none of balance, pair and cache`);
  const lab = await start(sandbox);
  await configure(lab);
  const wrong: string[] = [];
  for (const service of SERVICES) wrong.push(...(await demonstrate(lab, service, requests)));
  print("\n");
  await xvsadm(lab, "-Ln");
  for (const complaint of wrong) print(`WRONG: ${complaint}\n`);
  if (values.once) return wrong.length > 0 ? 1 : 0;
  return await stay(lab);
}

async function start(sandbox: Sandbox): Promise<Lab> {
  print("A client, a director and three real servers, each in a network namespace.\n");
  const site = await startSite(sandbox, print);
  const director = await Daemon.start(Daemon.place(sandbox, site.director, [INTERFACE]));
  print(director.log);
  const processes = new Map([...site.processes, ["the director", director.process]]);
  return { sandbox, topology: site, director, processes };
}

/** One service by the command line, the other over REST. */
async function configure(lab: Lab): Promise<void> {
  const { director, topology } = lab;
  print("\n");
  await xvsadm(lab, "-A", "-t", `${DIRECT_VIP}:80`, "-s", "rr");
  for (const { rip } of topology.realServers) {
    await xvsadm(lab, "-a", "-t", `${DIRECT_VIP}:80`, "-r", `${rip}:80`, "-g");
  }
  const path = `/v1/services/tcp/${TUNNEL_VIP}/80`;
  const servers = topology.realServers.map(({ rip }, index) => ({
    rip,
    port: 80,
    method: "tunnel",
    weight: 3 - index,
  }));
  print(`PUT ${path}\n  ${JSON.stringify({ scheduler: "wrr", servers })}\n`);
  await director.put(path, { scheduler: "wrr", servers });
}

/** @returns what is wrong with the answers */
async function demonstrate({ topology }: Lab, { title, vip, weights }: Service, requests: number): Promise<string[]> {
  print(`\n${requests} requests to http://${vip}/ (${title}), answered by\n`);
  const answers = await sendRequests(topology.client, vip, requests);
  print(chart(tally(answers, [...weights.keys()])));
  return complaints(answers, weights).map((complaint) => `${title}: ${complaint}`);
}

async function xvsadm({ director }: Lab, ...args: readonly string[]): Promise<void> {
  print(`$ xvsadm ${args.join(" ")}\n`);
  const { code, stdout, stderr } = await director.xvsadm(...args);
  print(stdout);
  if (code !== 0) throw new Error(`xvsadm ${args.join(" ")}: ${stderr.trim()}`);
}

/** Until a signal ends the process, or a part of the lab ends by itself. */
function stay({ director, topology, processes }: Lab): Promise<number> {
  print(`
The API is at ${director.socket}; try
  curl --unix-socket ${director.socket} http://localhost/v1/services
  curl --unix-socket ${director.socket} http://localhost/metrics
  XDIRECTOR_SOCKET=${director.socket} node build/ts/src/cli/xvsadm.js -Ln
  ip netns exec ${topology.client.name} curl http://${DIRECT_VIP}/name.txt
Ctrl-C ends the lab.
`);
  return endOf(processes);
}

main().then(
  (code) => {
    process.exitCode = code;
  },
  (error: Error) => {
    process.stderr.write(`lab: ${error.message}\n`);
    process.exitCode = 1;
  },
);
