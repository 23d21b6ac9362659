// SPDX-License-Identifier: MIT
// Code that runs inside a namespace: a process belongs to one, so each piece gets a process of its own there.

import { createInterface } from "node:readline";
import type { Netns } from "../support/netns.ts";

export const NETLINK = new URL("../../src/net/netlink.js", import.meta.url).href;
const WATCHER_PROCESS = new URL("watcher-process.js", import.meta.url).pathname;

/**
 * What `body`, the body of an async function, returns; an error comes as its fields. It may use `netlink`, a Netlink,
 * and `subscribe` and `execFileSync`.
 */
export function evaluate(namespace: Netns, body: string): unknown {
  const program = `
    import { execFileSync } from "node:child_process";
    import { Netlink, subscribe } from ${JSON.stringify(NETLINK)};
    const netlink = new Netlink();
    const run = async () => { ${body} };
    try {
      console.log(JSON.stringify(await run() ?? null));
    } catch (error) {
      const { name, message, operation, code, errno } = error;
      console.log(JSON.stringify({ name, message, operation, code, errno }));
    }`;
  return JSON.parse(namespace.run(process.execPath, ["--input-type=module", "-e", program]));
}

/** A NextHopWatcher in a namespace. */
export class RemoteWatcher {
  readonly #process: ReturnType<Netns["spawn"]>;
  readonly #answers: AsyncIterator<string>;
  /** How often the watcher has called onChange, as far as it was read. */
  changes = 0;

  constructor(namespace: Netns) {
    this.#process = namespace.spawn(process.execPath, [WATCHER_PROCESS], { stdio: ["pipe", "pipe", "inherit"] });
    const { stdout } = this.#process;
    if (!stdout) throw new Error("no pipe to the watcher");
    this.#answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  }

  async watch(...addresses: readonly string[]): Promise<Record<string, unknown>> {
    return this.#call({ method: "watch", addresses });
  }

  async current(): Promise<Record<string, unknown>> {
    return this.#call({ method: "current" });
  }

  async resolve(addresses: readonly string[], timeoutMs: number): Promise<Record<string, unknown>> {
    return this.#call({ method: "resolve", addresses, timeoutMs });
  }

  /** Returns once it has ended by itself. @returns its exit code */
  close(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.#process.once("exit", resolve));
    this.#process.stdin?.end();
    return ended;
  }

  async #call(request: unknown): Promise<Record<string, unknown>> {
    this.#process.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("the watcher has ended");
    const { nextHops, changes } = JSON.parse(value);
    this.changes = changes;
    return nextHops;
  }
}
