// SPDX-License-Identifier: MIT
// npm start -- --lab pair: requests through a pair of directors, before and after the master loses its power.

import type { Sandbox } from "../../test/support/netns.ts";
import { until } from "../../test/support/until.ts";
import { chart, complaints, tally } from "./balance.ts";
import { masterOf, PAIR_VIP, type Pair, pullThePlug, startPair } from "./pair.ts";
import { print } from "./print.ts";
import { sendRequests } from "./requests.ts";
import { endOf } from "./stay.ts";

const WEIGHTS = new Map([
  ["rs1", 1],
  ["rs2", 1],
]);

export interface PairLabOptions {
  readonly once: boolean;
  readonly requests: number;
}

/** Resolves to the exit code: with `once`, 0 if all is as promised. */
export async function demonstratePair(sandbox: Sandbox, { once, requests }: PairLabOptions): Promise<number> {
  print("A client, two directors with a keepalived.conf each, and two real servers behind NAT; 10 s or so.\n");
  const pair = await startPair(sandbox);
  const [first, second] = pair.directors;
  print(`\n$ xdirector run -i eth0 -i eth1 --config ${first.config}\n`);
  print(first.daemon.log.replaceAll(/^.*keepalived: (?!.*STATE).*\n/gm, ""));
  const wrong = await send(pair, requests);
  const duration = await failOver(pair);
  print(`${first.name} lost its power; a new request was answered ${(duration / 1000).toFixed(1)} s later\n`);
  wrong.push(...(await send(pair, requests)));
  for (const complaint of wrong) print(`WRONG: ${complaint}\n`);
  if (once) return wrong.length > 0 ? 1 : 0;
  print(`\ncurl --unix-socket ${second.daemon.socket} http://localhost/v1/vrrp\nCtrl-C ends the lab.\n`);
  pair.processes.delete(`director ${first.name}`);
  return endOf(pair.processes);
}

/** ms until the second director is master and a new request is answered. */
async function failOver(pair: Pair): Promise<number> {
  const [first, second] = pair.directors;
  const start = performance.now();
  await pullThePlug(first);
  const url = `http://${PAIR_VIP}/name.txt`;
  const answers = async () => (await pair.client.exec("curl", ["-s", "-o", "/dev/null", "-m", "0.3", url])).code === 0;
  await until("the other director takes over", async () => (await masterOf(pair)) === second && (await answers()));
  return Math.round(performance.now() - start);
}

async function send({ client }: Pair, requests: number): Promise<string[]> {
  print(`\n${requests} requests to http://${PAIR_VIP}/ (masquerading, rr), answered by\n`);
  const answers = await sendRequests(client, PAIR_VIP, requests);
  print(chart(tally(answers, [...WEIGHTS.keys()])));
  return complaints(answers, WEIGHTS);
}
