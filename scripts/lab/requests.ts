// SPDX-License-Identifier: MIT
// Real HTTP requests from the client, one after the other, each over a connection of its own.

import type { Netns } from "../../test/support/netns.ts";
import type { Answer } from "./balance.ts";
import { NAME_HEADER, PAGE_LENGTH } from "./web.ts";

/** A request that takes so long has failed: seconds. */
const PATIENCE = "5";

/** One answer for each of `count` requests, in order. */
export async function sendRequests(client: Netns, vip: string, count: number): Promise<readonly Answer[]> {
  const { stdout } = await client.exec("curl", [
    ...["--silent", "--max-time", PATIENCE, "--header", "Connection: close", "--output", "/dev/null"],
    ...["--write-out", `%{http_code} %{size_download} %{num_connects} %header{${NAME_HEADER}}\n`],
    `http://${vip}/?[1-${count}]`,
  ]);
  const lines = stdout.split("\n").slice(0, -1);
  return Array.from({ length: count }, (_, index) => answerOf(lines[index] ?? ""));
}

function answerOf(line: string): Answer {
  const [status, length, connections, name] = line.split(" ");
  const isWhole = status === "200" && Number(length) === PAGE_LENGTH && connections === "1";
  return isWhole ? name : undefined;
}
