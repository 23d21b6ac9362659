// SPDX-License-Identifier: MIT
// npm start -- --lab cache: what lblc and lblcr are for. Requests to many destinations through three caches: how often
// these have to ask the origin with rr and with lblc, and how a hot destination is spread with lblc and with lblcr.

import type { Sandbox } from "../../test/support/netns.ts";
import { type Answer, chart, tally } from "./balance.ts";
import { type CacheSite, LARGE, MARK, startCaches, WORLD } from "./cache.ts";
import { print } from "./print.ts";
import { sendDownloads, sendRequests } from "./requests.ts";
import { endOf } from "./stay.ts";

const DESTINATIONS = 12;
/** Beyond so many active flows a cache is overloaded, if another one is idle. */
const WEIGHT = 5;
const DOWNLOADS = 60;

export interface CacheLabOptions {
  readonly once: boolean;
  readonly requests: number;
}

/** Resolves to the exit code: with `once`, 0 if all is as promised. */
export async function demonstrateCaches(sandbox: Sandbox, { once, requests }: CacheLabOptions): Promise<number> {
  print(`A client, a director, three caches and the origin of what they cache. The client goes to ${WORLD}.\n\n`);
  const site = await startCaches(sandbox);
  await configure(site);
  const each = Math.ceil(requests / DESTINATIONS);
  const wrong = [...failures(await browse(site, each, "10.99.1"))];
  await schedule(site, "lblc");
  wrong.push(...strays(site, await browse(site, each, "10.99.2")));
  print(`\n${DOWNLOADS} downloads at once from one destination; the caches' weight is ${WEIGHT}\n`);
  wrong.push(...failures([await download(site, "10.99.3.1")]));
  await schedule(site, "lblcr");
  const spread = await download(site, "10.99.3.2");
  wrong.push(...failures([spread]), ...crowds(site, spread));
  await xvsadm(site, "-Ln");
  for (const complaint of wrong) print(`WRONG: ${complaint}\n`);
  if (once) return wrong.length > 0 ? 1 : 0;
  print(`
  ip netns exec ${site.client.name} curl -sI http://10.99.4.1/
  curl --unix-socket ${site.director.socket} http://localhost/v1/marks
Ctrl-C ends the lab.
`);
  return endOf(site.processes);
}

async function configure(site: CacheSite): Promise<void> {
  const path = `/v1/marks/${MARK}`;
  const document = { match: [{ destination: WORLD, protocol: "tcp", ports: [80] }] };
  print(`PUT ${path}\n  ${JSON.stringify(document)}\n`);
  await site.director.put(path, document);
  await xvsadm(site, "-A", "-f", String(MARK), "-s", "rr");
  for (const { rip } of site.caches) {
    await xvsadm(site, "-a", "-f", String(MARK), "-r", rip, "-g", "-w", String(WEIGHT));
  }
}

async function schedule(site: CacheSite, scheduler: string): Promise<void> {
  print("\n");
  await xvsadm(site, "-E", "-f", String(MARK), "-s", scheduler);
}

/** @returns for each destination of the network who answered */
async function browse(site: CacheSite, each: number, network: string): Promise<readonly (readonly Answer[])[]> {
  const before = site.fetches();
  const answers: (readonly Answer[])[] = [];
  for (let host = 1; host <= DESTINATIONS; host += 1) {
    answers.push(await sendRequests(site.client, `${network}.${host}`, each));
  }
  print(`\n${each} requests to each of ${DESTINATIONS} destinations, ${network}.1 and so on, answered by\n`);
  print(chart(tally(answers.flat(), names(site))));
  print(`  of ${each * DESTINATIONS} requests ${site.fetches() - before} had to be passed on to the origin\n`);
  return answers;
}

async function download(site: CacheSite, destination: string): Promise<readonly Answer[]> {
  const answers = await sendDownloads(site.client, `http://${destination}${LARGE}`, DOWNLOADS);
  print(chart(tally(answers, names(site))));
  return answers;
}

const names = ({ caches }: CacheSite) => caches.map(({ name }) => name);

function failures(answers: readonly (readonly Answer[])[]): string[] {
  const failed = answers.flat().filter((answer) => answer === undefined).length;
  return failed === 0 ? [] : [`${failed} requests failed`];
}

/** With lblc every destination has one cache, and every cache some destinations. */
function strays(site: CacheSite, answers: readonly (readonly Answer[])[]): string[] {
  const torn = answers.filter((ofDestination) => new Set(ofDestination).size !== 1).length;
  const idle = [...tally(answers.flat(), names(site))].filter(([, count]) => count === 0);
  return [
    ...failures(answers),
    ...(torn > 0 ? [`${torn} destinations were answered by several caches`] : []),
    ...idle.map(([name]) => `${name} had nothing to do`),
  ];
}

/** With lblcr a hot destination ends up at all caches alike. */
function crowds(site: CacheSite, answers: readonly Answer[]): string[] {
  const counts = tally(answers, names(site));
  const most = Math.max(...counts.values());
  const least = Math.min(...counts.values());
  return most - least > 2 ? [`a cache has ${most} downloads and another one ${least}`] : [];
}

async function xvsadm({ director }: CacheSite, ...args: readonly string[]): Promise<void> {
  print(`$ xvsadm ${args.join(" ")}\n`);
  const { code, stdout, stderr } = await director.xvsadm(...args);
  print(stdout);
  if (code !== 0) throw new Error(`xvsadm ${args.join(" ")}: ${stderr.trim()}`);
}
