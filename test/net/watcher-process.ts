// SPDX-License-Identifier: MIT
// The other end of RemoteWatcher: a NextHopWatcher driven by lines of JSON, one answer a line. Ends when stdin does,
// by having nothing left to do.

import { createInterface } from "node:readline";
import type { Address } from "../../src/model/address.ts";
import { NextHopWatcher } from "../../src/net/next-hops.ts";

interface Request {
  readonly method: "watch" | "current" | "resolve";
  readonly addresses: Address[];
  readonly timeoutMs: number;
}

let changes = 0;
const watcher = new NextHopWatcher({ onChange: () => changes++ });
watcher.start();
for await (const line of createInterface({ input: process.stdin })) {
  const { method, addresses, timeoutMs } = JSON.parse(line) as Request;
  if (method === "watch") watcher.watch(addresses);
  const found = method === "resolve" ? await watcher.resolve(addresses, timeoutMs) : watcher.current();
  console.log(JSON.stringify({ nextHops: Object.fromEntries(found), changes }));
}
watcher.close();
