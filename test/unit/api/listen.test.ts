// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { type AddressInfo, connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, afterEach, describe, it } from "node:test";
import { setTimeout as delay } from "node:timers/promises";
import type { App } from "../../../src/api/context.ts";
import { listen } from "../../../src/api/listen.ts";
import { type Api, startApi } from "./client.ts";

const LOOPBACK = { host: "127.0.0.1", port: 0 };

/** Leaves a socket file behind, as a daemon does that was killed. */
const DIE_LISTENING = `require("net").createServer().listen(process.argv[1], () => process.kill(process.pid, "SIGKILL"))`;

describe("listen", () => {
  const folder = mkdtempSync(join(tmpdir(), "xdirector-listen-"));
  after(() => rmSync(folder, { recursive: true }));
  let sockets = 0;
  /** Servers that a test leaves open, whether it passes or not. */
  const open: { close(): unknown }[] = [];
  afterEach(async () => {
    for (const server of open.splice(0)) await server.close();
  });

  function newSocketPath(): string {
    sockets += 1;
    return join(folder, String(sockets), "run", "xdirector.sock");
  }

  function startOpenApi(): Api {
    const api = startApi();
    open.push(api.app);
    return api;
  }

  async function listenTwice(
    { app }: Api = startOpenApi(),
  ): Promise<{ app: App; socketPath: string; tcp: AddressInfo }> {
    const socketPath = newSocketPath();
    const tcp = await listen(app, { socketPath, tcp: LOOPBACK });
    assert.ok(tcp);
    return { app, socketPath, tcp };
  }

  it("serves one director on the socket and on the TCP port", async () => {
    const { socketPath, tcp } = await listenTwice();
    const body = JSON.stringify({ services: [{ protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr" }] });
    assert.equal((await exchange({ socketPath, path: "/v1/config", method: "PUT" }, body)).status, 200);
    const seen = await exchange({ host: tcp.address, port: tcp.port, path: "/v1/config" });
    assert.equal(JSON.parse(seen.body).services[0].vip, "192.0.2.1");
  });

  it("needs no TCP port", async () => {
    const { app } = startOpenApi();
    const socketPath = newSocketPath();
    assert.equal(await listen(app, { socketPath }), undefined);
    assert.equal((await exchange({ socketPath, path: "/healthz" })).status, 200);
  });

  it("lets owner and group use the socket, nobody else", async () => {
    const { socketPath } = await listenTwice();
    assert.equal(statSync(socketPath).mode & 0o777, 0o660);
  });

  it("ends on both when the app is closed, and the socket file is gone", async () => {
    const { app, socketPath, tcp } = await listenTwice();
    await app.close();
    assert.equal(existsSync(socketPath), false);
    await assert.rejects(exchange({ host: tcp.address, port: tcp.port, path: "/healthz" }), { code: "ECONNREFUSED" });
  });

  for (const kind of ["unix", "tcp"] as const) {
    it(`answers a request under way on the ${kind} side before it ends`, async () => {
      const api = startOpenApi();
      const { app, socketPath, tcp } = await listenTwice(api);
      const gate = new EventEmitter();
      const { snapshot } = api.director;
      api.director.snapshot = async () => {
        const opened = once(gate, "open");
        gate.emit("arrived");
        await opened;
        return snapshot.call(api.director);
      };
      const arrived = once(gate, "arrived");
      const target = kind === "unix" ? { socketPath } : { host: tcp.address, port: tcp.port };
      const answer = exchange({ ...target, path: "/v1/stats" });
      await arrived;
      let isClosed = false;
      const closed = app.close().then(() => {
        isClosed = true;
      });
      await delay(50);
      assert.equal(isClosed, false);
      gate.emit("open");
      assert.equal((await answer).status, 200);
      await closed;
    });
  }

  it("does not wait for clients that keep silent or stop in the middle", async () => {
    const { app, socketPath, tcp } = await listenTwice();
    const head = "PUT /v1/config HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 9\r\n\r\n{";
    const sockets = [{ path: socketPath }, { host: tcp.address, port: tcp.port }].flatMap((target) =>
      ["", "GET /healthz HT", head].map((bytes) => {
        const socket = connect(target);
        open.push({ close: () => socket.destroy() });
        socket.write(bytes);
        return socket.on("error", () => {});
      }),
    );
    await Promise.all(sockets.map((socket) => once(socket, "connect")));
    assert.equal((await exchange({ socketPath, path: "/healthz" })).status, 200);
    await app.close();
  });

  it("takes over the socket of a daemon that died", async () => {
    const { app, socketPath } = await listenTwice();
    await app.close();
    const { signal } = spawnSync(process.execPath, ["-e", DIE_LISTENING, socketPath]);
    assert.equal(signal, "SIGKILL");
    assert.ok(existsSync(socketPath));
    const next = startOpenApi().app;
    await listen(next, { socketPath });
    assert.equal((await exchange({ socketPath, path: "/healthz" })).status, 200);
  });

  it("leaves the socket of a living daemon alone", async () => {
    const { socketPath } = await listenTwice();
    const message = `another director is listening on ${socketPath}`;
    await assert.rejects(listen(startOpenApi().app, { socketPath, tcp: LOOPBACK }), { code: "LISTEN_FAILED", message });
    assert.equal((await exchange({ socketPath, path: "/healthz" })).status, 200);
  });

  it("leaves a file alone that is no socket", async () => {
    const socketPath = join(folder, "notes.txt");
    writeFileSync(socketPath, "mine");
    const message = `${socketPath} exists and is not a socket`;
    await assert.rejects(listen(startOpenApi().app, { socketPath }), { code: "LISTEN_FAILED", message });
    assert.equal(readFileSync(socketPath, "utf8"), "mine");
  });

  it("does not listen at all when the TCP port is taken", async () => {
    const taken = createServer().listen(LOOPBACK);
    open.push(taken);
    await once(taken, "listening");
    const tcp = { ...LOOPBACK, port: (taken.address() as AddressInfo).port };
    const socketPath = newSocketPath();
    await assert.rejects(listen(startOpenApi().app, { socketPath, tcp }), {
      code: "LISTEN_FAILED",
      message: `listen EADDRINUSE: address already in use 127.0.0.1:${tcp.port}`,
    });
    assert.equal(existsSync(socketPath), false);
  });

  it("answers bytes that are not HTTP with an error document, on both", async () => {
    const { socketPath, tcp } = await listenTwice();
    for (const target of [{ path: socketPath }, { host: tcp.address, port: tcp.port }]) {
      const socket = connect(target);
      socket.end("\x16\x03\x01 hello\r\n\r\n");
      const [head = "", body = ""] = (await text(socket)).split("\r\n\r\n");
      assert.match(head, /^HTTP\/1\.1 400 /);
      assert.deepEqual(JSON.parse(body), { code: "INVALID_REQUEST", message: "not an HTTP request", details: [] });
    }
  });
});

interface Target {
  readonly path: string;
  readonly method?: string;
  readonly socketPath?: string;
  readonly host?: string;
  readonly port?: number;
}

async function exchange(target: Target, body?: string): Promise<{ status: number; body: string }> {
  const headers = body === undefined ? {} : { "content-type": "application/json" };
  const sent = request({ ...target, headers, agent: false }).end(body);
  const [response] = await once(sent, "response");
  return { status: response.statusCode, body: await text(response) };
}
