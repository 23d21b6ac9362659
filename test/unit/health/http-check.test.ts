// SPDX-License-Identifier: MIT
// HTTP_GET and SSL_GET against real servers on loopback.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type RequestListener, type Server } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TLSSocket } from "node:tls";
import type { Outcome } from "../../../src/health/checkers/checker.ts";
import { checkHttp } from "../../../src/health/checkers/http.ts";
import type { BodyPattern, HttpCheck, HttpUrl } from "../../../src/model/check.ts";
import { httpCheck, listening, subjectAt, trickle } from "./checks.ts";

const SWITCHING: Partial<HttpUrl> = { statusCodes: [{ from: 100, to: 199 }] };
const BODY = "hello world\n";
/** genhash of {@link BODY}. */
const DIGEST = "6f5902ac237024bdd0c176cb93063dc4";

async function serving<T>(server: Server, use: (port: number) => Promise<T>): Promise<T> {
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  try {
    return await use((server.address() as AddressInfo).port);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

const hello: RequestListener = (_request, response) => response.end(BODY);

/** What the check finds, and the request that the server saw. */
async function check(url: Partial<HttpUrl>, overrides: Partial<HttpCheck> = {}, answer: RequestListener = hello) {
  let seen: IncomingMessage | undefined;
  let port = 0;
  const server = createServer((request, response) => {
    seen = request;
    answer(request, response);
  });
  const outcome = await serving(server, async (at) => {
    port = at;
    return checkHttp(httpCheck([url], overrides), subjectAt(at), 0);
  });
  return { outcome, seen, port };
}

function assertFailed(outcome: Outcome, reason: RegExp): void {
  assert.ok(!outcome.ok, "the check failed");
  assert.match(outcome.reason, reason);
}

describe("the request", () => {
  for (const [protocol, version, close] of [
    ["1.0", "1.0", []],
    ["1.0C", "1.0", ["Connection", "close"]],
    ["1.1", "1.1", ["Connection", "close"]],
  ] as const) {
    test(`speaks HTTP/${version} for http_protocol ${protocol}, as keepalived does`, async () => {
      const { outcome, seen, port } = await check({ path: "/ok?a=b" }, { httpProtocol: protocol });
      assert.deepEqual(outcome, { ok: true, note: "HTTP status code" });
      assert.deepEqual([seen?.method, seen?.url, seen?.httpVersion], ["GET", "/ok?a=b", version]);
      const headers = ["User-Agent", "KeepAliveClient", ...close, "Host", `127.0.0.1:${port}`];
      assert.deepEqual(seen?.rawHeaders, headers);
    });
  }

  const hosts: readonly [name: string, url: Partial<HttpUrl>, check: Partial<HttpCheck>, host: string][] = [
    ["the url's virtual host", { virtualHost: "url.example" }, { virtualHost: "check.example" }, "url.example"],
    ["else the check's", {}, { virtualHost: "check.example" }, "check.example"],
  ];
  test("names else the service's", async () => {
    let host: string | undefined;
    const server = createServer((request, response) => {
      host = request.headers.host;
      response.end();
    });
    const subject = (port: number) => ({ ...subjectAt(port), virtualHost: "service.example" });
    await serving(server, (port) => checkHttp(httpCheck([{}]), subject(port), 0));
    assert.equal(host, "service.example");
  });

  for (const [name, url, overrides, host] of hosts) {
    test(`names ${name}`, async () => {
      assert.equal((await check(url, overrides)).seen?.headers.host, host);
    });
  }
});

describe("the status", () => {
  const statuses: readonly [status: number, accepted: HttpUrl["statusCodes"], ok: boolean][] = [
    [200, [{ from: 200, to: 299 }], true],
    [299, [{ from: 200, to: 299 }], true],
    [404, [{ from: 200, to: 299 }], false],
    [
      302,
      [
        { from: 200, to: 200 },
        { from: 301, to: 302 },
      ],
      true,
    ],
    [
      300,
      [
        { from: 200, to: 200 },
        { from: 301, to: 302 },
      ],
      false,
    ],
  ];
  for (const [status, statusCodes, ok] of statuses) {
    test(`${status} is ${ok ? "accepted" : "refused"} by ${statusCodes.map(({ from, to }) => `${from}-${to}`)}`, async () => {
      const { outcome } = await check({ statusCodes }, {}, (_request, response) => response.writeHead(status).end());
      assert.equal(outcome.ok, ok);
    });
  }
});

describe("the body", () => {
  test("has the digest that genhash prints", async () => {
    assert.deepEqual((await check({ digest: DIGEST })).outcome, { ok: true, note: "MD5 digest" });
    assertFailed((await check({ digest: DIGEST.replace("6", "7") })).outcome, /MD5 digest/);
  });

  test("is searched for the pattern", async () => {
    const pattern = (overrides: Partial<BodyPattern>): Partial<HttpUrl> => {
      return {
        regex: { pattern: "wor[lk]d", options: [], mustNotMatch: false, minOffset: 0, maxOffset: 0, ...overrides },
      };
    };
    const rows: readonly [overrides: Partial<BodyPattern>, ok: boolean][] = [
      [{}, true],
      [{ pattern: "WORLD" }, false],
      [{ pattern: "WORLD", options: ["caseless"] }, true],
      [{ mustNotMatch: true }, false],
      [{ mustNotMatch: true, pattern: "error" }, true],
      [{ minOffset: 6 }, true],
      [{ minOffset: 7 }, false],
      [{ maxOffset: 7 }, true],
      [{ maxOffset: 6 }, false],
    ];
    for (const [overrides, ok] of rows) {
      assert.equal((await check(pattern(overrides))).outcome.ok, ok, JSON.stringify(overrides));
    }
  });

  test("is not searched for ever", async () => {
    const endless = { pattern: "(a+)+$", options: [], minOffset: 0, maxOffset: 0 };
    const page: RequestListener = (_request, response) => response.end(`${"a".repeat(40)}!`);
    for (const mustNotMatch of [false, true]) {
      assertFailed((await check({ regex: { ...endless, mustNotMatch } }, {}, page)).outcome, /more than 200 ms/);
    }
    assert.ok((await check({ regex: { ...endless, pattern: "a!", mustNotMatch: false } }, {}, page)).outcome.ok);
  });

  test("may end early: what came is judged", async () => {
    const cut: RequestListener = (_request, response) => {
      response.writeHead(200, { "Content-Length": 100 }).write(BODY, () => response.destroy());
    };
    assert.deepEqual((await check({ digest: DIGEST }, {}, cut)).outcome, { ok: true, note: "MD5 digest" });
  });
});

describe("a server", () => {
  for (const [name, talk] of [
    ["that closes without an answer", ""],
    ["that speaks something else", "220 mail ready\r\n"],
  ] as const) {
    test(`${name} fails`, async () => {
      using server = await listening((socket) => socket.once("data", () => socket.end(talk)));
      assertFailed(await checkHttp(httpCheck([{}]), subjectAt(server.port), 0), /./);
    });
  }

  for (const [name, head] of [
    ["head", "HTTP/1.1 200 OK\r\nX-Wait: "],
    ["body", "HTTP/1.1 200 OK\r\n\r\n"],
  ] as const) {
    test(`that never ends its ${name} fails, and is not listened to for ever`, async () => {
      let closed: Promise<unknown> = Promise.resolve();
      using server = await listening((socket) => {
        closed = new Promise((resolve) => socket.resume().on("close", resolve));
        socket.write(head);
        trickle(socket);
      });
      const outcome = await checkHttp(httpCheck([{}], { connectTimeout: 100 }), subjectAt(server.port), 0);
      assertFailed(outcome, /timeout/);
      await closed;
    });
  }

  const sloppy: readonly [name: string, answer: string, url: Partial<HttpUrl>][] = [
    ["another protocol (101)", "HTTP/1.1 101 Go\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", SWITCHING],
    [
      "more than it has announced",
      `HTTP/1.0 200 OK\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}more`,
      { digest: DIGEST },
    ],
    ["a length and chunks", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {}],
    ["control characters in a header", "HTTP/1.0 200 OK\r\nX: \u0001\r\n\r\n", {}],
    ["lines that end with LF alone", `HTTP/1.0 200 OK\n\n${BODY}`, { digest: DIGEST }],
  ];
  for (const [name, answer, url] of sloppy) {
    test(`that answers with ${name} is up`, async () => {
      using server = await listening((socket) => socket.once("data", () => socket.end(answer)));
      const outcome = await checkHttp(httpCheck([url]), subjectAt(server.port), 0);
      assert.ok(outcome.ok, JSON.stringify(outcome));
    });
  }

  test("that does not answer within connect_timeout fails", async () => {
    using server = await listening(() => {});
    const outcome = await checkHttp(httpCheck([{}], { connectTimeout: 50 }), subjectAt(server.port), 0);
    assertFailed(outcome, /timeout/);
  });
});

describe("SSL_GET", () => {
  const folder = mkdtempSync(join(tmpdir(), "xd-health-"));
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const subject = ["-subj", "/CN=www.example", "-days", "2"];
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  execFileSync("openssl", ["req", "-x509", ...curve, "-keyout", keyFile, "-out", certFile, ...subject], {
    stdio: "ignore",
  });
  const [key, cert] = [readFileSync(keyFile), readFileSync(certFile)];
  rmSync(folder, { recursive: true });

  async function checkSecure(overrides: Partial<HttpCheck>): Promise<{ outcome: Outcome; name: unknown }> {
    let name: unknown;
    const server = createSecureServer({ key, cert }, (request, response) => {
      name = (request.socket as TLSSocket & { servername: unknown }).servername;
      hello(request, response);
    });
    const wanted = httpCheck([{ digest: DIGEST }], { type: "https", ...overrides });
    const outcome = await serving(server, (port) => checkHttp(wanted, subjectAt(port), 0));
    return { outcome, name };
  }

  test("checks the answer and not the certificate", async () => {
    assert.deepEqual(await checkSecure({}), { outcome: { ok: true, note: "MD5 digest" }, name: false });
  });

  test("names the virtual host to TLS with enable_sni only", async () => {
    assert.equal((await checkSecure({ virtualHost: "www.example", sni: true })).name, "www.example");
    assert.equal((await checkSecure({ virtualHost: "www.example" })).name, false);
  });

  test("fails with a server that has no TLS", async () => {
    const { port, outcome } = await check({}, { type: "https" });
    assert.notEqual(port, 0);
    assertFailed(outcome, /./);
  });
});
