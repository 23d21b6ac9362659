// SPDX-License-Identifier: MIT
// Real HTTP requests from the client, one after the other, each over a connection of its own: short ones, or downloads that
// go on.

import { fileURLToPath } from "node:url";
import type { Netns } from "../../test/support/netns.ts";
import type { Answer } from "./balance.ts";

const BROWSE = fileURLToPath(new URL("browse.js", import.meta.url));

const DOWNLOAD = fileURLToPath(new URL("download.js", import.meta.url));

/** One answer for each of `count` requests, in order. */
export function sendRequests(client: Netns, vip: string, count: number): Promise<readonly Answer[]> {
  return send(client, [BROWSE, vip, String(count)]);
}

/** One answer for each of `count` downloads, all of which are under way when the last one begins. */
export function sendDownloads(client: Netns, url: string, count: number): Promise<readonly Answer[]> {
  return send(client, [DOWNLOAD, url, String(count)]);
}

async function send(client: Netns, command: readonly string[]): Promise<readonly Answer[]> {
  const { stdout } = await client.exec(process.execPath, command);
  const count = Number(command.at(-1));
  const lines = stdout.split("\n");
  return Array.from({ length: count }, (_, index) => answerOf(lines[index] ?? "-"));
}

function answerOf(line: string): Answer {
  return line.startsWith("-") ? undefined : line;
}
