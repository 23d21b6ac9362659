// SPDX-License-Identifier: MIT
// browse VIP COUNT: the lab's client, run in its namespace. Requests the page over and over, each time over a new
// connection, and prints a line for each: who answered, or "-" and what went wrong.

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { buffer } from "node:stream/consumers";
import { NAME_HEADER, PAGE_LENGTH } from "./web.ts";

const PATIENCE_MS = 5000;

/**
 * The connection is kept alive for the server, so that it is the client who closes first: its kernel then keeps the
 * port for a minute. A server that closes first leaves the port free at once, and a SYN from the port of a flow that
 * the director still remembers goes where that flow went, as in IPVS, instead of being the scheduler's next.
 */
async function browse(vip: string): Promise<string> {
  const outgoing = request({ host: vip, agent: false, headers: { connection: "keep-alive" }, timeout: PATIENCE_MS });
  outgoing.once("timeout", () => outgoing.destroy(new Error("no answer")));
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const page = await buffer(response);
  outgoing.destroy();
  const name = response.headers[NAME_HEADER];
  if (response.statusCode !== 200 || page.length !== PAGE_LENGTH) {
    throw new Error(`status ${response.statusCode}, ${page.length} bytes`);
  }
  return typeof name === "string" ? name : "-";
}

const [vip = "", count = "1"] = process.argv.slice(2);
for (let sent = 0; sent < Number(count); sent += 1) {
  const line = await browse(vip).catch((error: Error) => `- ${error.message}`);
  process.stdout.write(`${line}\n`);
}
