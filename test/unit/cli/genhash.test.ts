// SPDX-License-Identifier: MIT
// `xdirector genhash` beside what genhash of keepalived 2.2.7 printed for the same server.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { fromRoot } from "../../support/project.ts";

const MAIN = fromRoot("build", "ts", "src", "main.js");
const DIGEST = "6f5902ac237024bdd0c176cb93063dc4";

const VERBOSE = `-----------------------[    HTTP Header Buffer    ]-----------------------
0000  48 54 54 50 2f 31 2e 31 - 20 32 30 30 20 4f 4b 0d   HTTP/1.1 200 OK.
0016  0a 43 6f 6e 6e 65 63 74 - 69 6f 6e 3a 20 63 6c 6f   .Connection: clo
0032  73 65 0d 0a 0d 0a       -                           se....          
-----------------------[ HTTP Header Ascii Buffer ]-----------------------
HTTP/1.1 200 OK\r
Connection: close\r
\r

-----------------------[        HTML Buffer        ]-----------------------
0000  68 65 6c 6c 6f 20 77 6f - 72 6c 64 0a               hello world.    

-----------------------[    HTML hash resulting    ]-----------------------
0000  6f 59 02 ac 23 70 24 bd - d0 c1 76 cb 93 06 3d c4   oY..#p$...v...=.
-----------------------[ HTML hash final resulting ]-----------------------
${DIGEST}

Global response time for [/x] = N usecs
`;

describe("genhash", () => {
  const server = createServer((_request, response) => {
    response.sendDate = false;
    response.end("hello world\n");
  });
  before(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)));
  after(() => server.close());

  function genhash(...options: string[]): Promise<{ stdout: string }> {
    const port = String((server.address() as AddressInfo).port);
    const args = [MAIN, "genhash", "-s", "127.0.0.1", "-p", port, "-u", "/x", ...options];
    return promisify(execFile)(process.execPath, args);
  }

  test("prints the digest", async () => {
    assert.equal((await genhash()).stdout, `${DIGEST}\n`);
    assert.equal((await genhash("-P", "1.0c", "-V", "www.example")).stdout, `${DIGEST}\n`);
  });

  test("prints everything with -v", async () => {
    assert.equal((await genhash("-v")).stdout.replace(/= \d+ usecs/, "= N usecs"), VERBOSE);
  });

  test("ends with 1 when there is no answer, with 2 on a mistake in its options", async () => {
    await assert.rejects(genhash("-S"), { code: 1 });
    await assert.rejects(genhash("-P", "2"), {
      code: 2,
      stderr: 'xdirector: --protocol: "2" is none of 1.0, 1.0c, 1.1\n',
    });
  });
});
