// SPDX-License-Identifier: MIT
// Transparent caches: a client reaches web servers all over the world through a director, which hands what goes to their
// port 80 to caches instead. They answer in the servers' names and get what they do not have from the origin, which
// stands for all of them.
//
//   client   director   cache1  cache2  cache3   origin
//     |         |         |       |       |        |
//   --+---------+---------+-------+-------+--------+--   10.97.0.0/24; the world, 10.99.0.0/16, is behind the director

import type { ChildProcess } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Daemon } from "../../test/support/daemon.ts";
import type { Netns, Sandbox } from "../../test/support/netns.ts";
import type { RealServerHost } from "./topology.ts";
import { NAME_HEADER, startNginx, writeSite } from "./web.ts";

/** Where the client wants to go. */
export const WORLD = "10.99.0.0/16";
/** What of it takes a while to download. */
export const LARGE = "/large.bin";
export const MARK = 7;
const DIRECTOR = "10.97.0.1";
const ORIGIN = "10.97.0.50";
const LARGE_BYTES = 1 << 20;

export interface CacheSite {
  readonly client: Netns;
  readonly director: Daemon;
  readonly caches: readonly RealServerHost[];
  /** What must go on running, by name. */
  readonly processes: ReadonlyMap<string, ChildProcess>;
  /** How many requests the caches had to pass on. */
  fetches(): number;
}

/** Resolves when everything runs; the director has nothing to do yet. */
export async function startCaches(sandbox: Sandbox): Promise<CacheSite> {
  const client = sandbox.namespace("client");
  const directorHost = sandbox.namespace("director");
  const caches = [1, 2, 3].map((number) => host(sandbox, `cache${number}`, `10.97.0.${10 + number}`));
  const origin = host(sandbox, "origin", ORIGIN);
  sandbox.segment([
    port(client, "10.97.0.2"),
    port(directorHost, DIRECTOR),
    ...[...caches, origin].map(({ namespace, rip }) => port(namespace, rip)),
  ]);
  client.ip("route", "add", WORLD, "via", DIRECTOR);
  const { folder } = sandbox;
  const root = writeSite(folder);
  writeFileSync(join(root, LARGE), Buffer.alloc(LARGE_BYTES));
  const log = join(folder, "origin.log");
  const processes = new Map([["the origin", await startNginx(origin, folder, () => originSite(root, log))]]);
  writeFileSync(log, "");
  for (const cache of caches) {
    // every address of the world is one of its own, though it tells nobody
    cache.namespace.ip("route", "add", "local", WORLD, "dev", "lo");
    processes.set(cache.name, await startNginx(cache, folder, (prefix) => cacheSite(cache.name, prefix)));
  }
  const director = await Daemon.start(Daemon.place(sandbox, directorHost));
  processes.set("the director", director.process);
  const fetches = () => readFileSync(log, "utf8").split("\n").length - 1;
  return { client, director, caches, processes, fetches };
}

function host(sandbox: Sandbox, name: string, rip: string): RealServerHost {
  return { name, rip, namespace: sandbox.namespace(name) };
}

function port(namespace: Netns, address: string) {
  return { namespace, interface: "eth0", addresses: [`${address}/24`] };
}

function originSite(root: string, log: string): string {
  return `
  access_log ${log};
  server {
    listen 80;
    root ${root};
  }`;
}

/** Large downloads are slow, so that they are under way at the same time. */
function cacheSite(name: string, prefix: string): string {
  return `
  access_log off;
  proxy_cache_path ${prefix}/cache keys_zone=world:1m;
  server {
    listen 80;
    proxy_set_header Host $host;
    proxy_cache world;
    proxy_cache_key $host$uri;
    proxy_cache_valid 1h;
    add_header ${NAME_HEADER} ${name} always;
    location / { proxy_pass http://${ORIGIN}; }
    location = ${LARGE} {
      proxy_pass http://${ORIGIN};
      limit_rate 1k;
    }
  }`;
}
