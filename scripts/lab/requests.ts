// SPDX-License-Identifier: MIT
// Real HTTP requests from the client, one after the other, each over a connection of its own.

import { fileURLToPath } from "node:url";
import type { Netns } from "../../test/support/netns.ts";
import type { Answer } from "./balance.ts";

const BROWSE = fileURLToPath(new URL("browse.js", import.meta.url));

/** One answer for each of `count` requests, in order. */
export async function sendRequests(client: Netns, vip: string, count: number): Promise<readonly Answer[]> {
  const { stdout } = await client.exec(process.execPath, [BROWSE, vip, String(count)]);
  const lines = stdout.split("\n");
  return Array.from({ length: count }, (_, index) => answerOf(lines[index] ?? "-"));
}

function answerOf(line: string): Answer {
  return line.startsWith("-") ? undefined : line;
}
