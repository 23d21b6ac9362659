// SPDX-License-Identifier: MIT
// download URL COUNT: the cache lab's client, run in its namespace. Begins so many downloads one after the other, prints
// a line for each: who answers; and ends them all when the last one has begun.

import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { NAME_HEADER } from "./web.ts";

async function begin(url: string): Promise<string> {
  const outgoing = request(url, { agent: false });
  outgoing.end();
  const [response] = (await once(outgoing, "response")) as [IncomingMessage];
  const name = response.headers[NAME_HEADER];
  return response.statusCode === 200 && typeof name === "string" ? name : `- status ${response.statusCode}`;
}

const [url = "", count = "1"] = process.argv.slice(2);
for (let begun = 0; begun < Number(count); begun += 1) {
  const line = await begin(url).catch((error: Error) => `- ${error.message}`);
  process.stdout.write(`${line}\n`);
}
process.exit();
