// SPDX-License-Identifier: MIT
// How soon the API of a daemon answers, as clients see it that are processes of their own.

import { execFile } from "node:child_process";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";
import type { Daemon } from "../support/daemon.ts";

/** Asked again and again, one path after the other. */
export interface Questions {
  readonly paths: readonly string[];
  /** Between two of them, ms. */
  readonly pause: number;
}

/** ms from the moment that the client, which runs by then, connects. */
export interface Answer {
  readonly path: string;
  /** To the first byte. */
  readonly begin: number;
  /** To the last one. */
  readonly end: number;
}

/** Of many durations, in ms: a hiccup of the machine shows in `max`, a habit in `median`. */
export interface Spread {
  readonly median: number;
  /** 99 of 100 are no longer; the longest one of fewer than 100. */
  readonly p99: number;
  readonly max: number;
}

/** Resolves after so many seconds; the questions of each kind come side by side with those of the others. */
export async function collectAnswers(daemon: Daemon, kinds: readonly Questions[], seconds: number): Promise<Answer[]> {
  const end = performance.now() + 1000 * seconds;
  return (await Promise.all(kinds.map((questions) => ask(daemon, questions, end)))).flat();
}

async function ask(daemon: Daemon, { paths, pause }: Questions, end: number): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let n = 0; performance.now() < end; n++) {
    answers.push(await timed(daemon, paths[n % paths.length] as string));
    await sleep(pause);
  }
  return answers;
}

/** The client's own start-up does not count: nobody who asks often starts anew for each question. */
async function timed({ socket }: Daemon, path: string): Promise<Answer> {
  const times = "%{time_starttransfer} %{time_total}";
  const [begin = 0, end = 0] = (await curl(socket, path, ["-o", "/dev/null", "-w", times])).split(" ").map(Number);
  return { path, begin: 1000 * begin, end: 1000 * end };
}

/** @throws Error unless the answer is a success */
export async function curl(socket: string, path: string, options: readonly string[] = []): Promise<string> {
  const args = ["-s", "-S", "-f", "--unix-socket", socket, ...options, `http://director${path}`];
  return (await promisify(execFile)("curl", args, { maxBuffer: 2 ** 26 })).stdout;
}

export function spread(durations: readonly number[]): Spread {
  const sorted = durations.toSorted((a, b) => a - b);
  const rank = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
  return { median: rank(0.5), p99: rank(0.99), max: rank(1) };
}
