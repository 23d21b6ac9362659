// SPDX-License-Identifier: MIT
// The client and the command as processes see them: a unix socket, an exit code, two streams.

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmSync, symlinkSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, before, describe, it } from "node:test";
import { connectApi, DaemonUnreachable } from "../../../src/cli/client.ts";

const folder = mkdtempSync(join(tmpdir(), "xvsadm-test-"));
const socketPath = join(folder, "sock");
const XVSADM = join(import.meta.dirname, "../../../src/cli/xvsadm.js");

const LISTING = `Prot LocalAddress:Port Scheduler Flags
  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn
TCP  127.0.0.1:80 rr
`;

/** Answers with what it was asked, or as the path says. */
function makeServer(): Server {
  return createServer(async (request, response) => {
    const { method, url, headers } = request;
    const body = await text(request);
    if (url === "/empty") response.writeHead(204).end();
    else if (url === "/garbage") response.end("<html>");
    else if (url === "/break") request.socket.destroy();
    else if (url === "/v1/compat/ipvsadm/services") response.end(LISTING);
    else if (url === "/half") response.write("one\n", () => request.socket.destroy());
    else if (url === "/none") response.writeHead(404).end(JSON.stringify({ code: "NOT_FOUND" }));
    else {
      const { "content-type": type, "if-none-match": ifNoneMatch } = headers;
      response.writeHead(201).end(JSON.stringify({ method, url, type, ifNoneMatch, body }));
    }
  });
}

const server = makeServer();
before(() => new Promise<void>((resolve) => server.listen(socketPath, resolve)));
after(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

describe("the client", () => {
  const api = connectApi(socketPath);

  it("sends JSON and reads JSON", async () => {
    const { status, body } = await api.request({ method: "PUT", path: "/a/2001:db8::1", body: { weight: 1 } });
    assert.equal(status, 201);
    assert.deepEqual(body, { method: "PUT", url: "/a/2001:db8::1", type: "application/json", body: '{"weight":1}' });
  });

  it("asks not to replace what exists when it only means to create", async () => {
    const { body } = await api.request({ method: "PUT", path: "/a", body: {}, onlyCreate: true });
    assert.deepEqual(body, { method: "PUT", url: "/a", type: "application/json", ifNoneMatch: "*", body: "{}" });
  });

  it("has no body to show for an empty answer", async () => {
    assert.deepEqual(await api.request({ method: "DELETE", path: "/empty" }), { status: 204, body: undefined });
  });

  for (const path of ["/garbage", "/break"]) {
    it(`does not take ${path} for a director`, async () => {
      await assert.rejects(api.request({ method: "GET", path }), DaemonUnreachable);
    });
  }

  it("hands on a long text as it comes, or the answer that there is instead", async () => {
    const opened = await api.open("/v1/compat/ipvsadm/services");
    assert.ok(!("status" in opened));
    assert.equal(await text(opened), LISTING);
    assert.deepEqual(await api.open("/none"), { status: 404, body: { code: "NOT_FOUND" } });
  });

  it("does not take half a text for the whole", async () => {
    const opened = await api.open("/half");
    assert.ok(!("status" in opened));
    await assert.rejects(text(opened), DaemonUnreachable);
  });

  it("says by errno why nobody answers", async () => {
    const nowhere = connectApi(join(folder, "nowhere"));
    await assert.rejects(nowhere.request({ method: "GET", path: "/" }), { code: "ENOENT" });
  });
});

describe("the command", () => {
  const run = (file: string, argv: readonly string[], socket: string) =>
    new Promise<{ code: unknown; stdout: string; stderr: string }>((resolve) => {
      const env = { ...process.env, XDIRECTOR_SOCKET: socket };
      execFile(process.execPath, [file, ...argv], { env }, (error, stdout, stderr) =>
        resolve({ code: error?.code ?? 0, stdout, stderr }),
      );
    });

  it("asks the director on XDIRECTOR_SOCKET", async () => {
    assert.deepEqual(await run(XVSADM, ["-Ln"], socketPath), { code: 0, stdout: LISTING, stderr: "" });
  });

  it("knows hosts and ports by the machine's names", async () => {
    assert.match((await run(XVSADM, [], socketPath)).stdout, /^TCP {2}localhost:http rr$/m);
  });

  it("ends with 255 and names the socket when there is no director", async () => {
    const path = join(folder, "nowhere");
    const stderr = `xvsadm: no director answers on ${path} (ENOENT); start it with: xdirector run -i IFACE\n`;
    assert.deepEqual(await run(XVSADM, ["-Ln"], path), { code: 255, stdout: "", stderr });
  });

  it("says that its output could not be written", async () => {
    const full = openSync("/dev/full", "w");
    const { status, stderr } = spawnSync(process.execPath, [XVSADM, "-v"], { stdio: ["ignore", full, "pipe"] });
    closeSync(full);
    assert.deepEqual([status, String(stderr)], [255, "xvsadm: cannot write: ENOSPC\n"]);
  });

  it("calls itself what it is called, so that a link named ipvsadm is ipvsadm", async () => {
    const link = join(folder, "ipvsadm");
    symlinkSync(XVSADM, link);
    const tryHelp = (name: string) => `Try \`${name} -h' or '${name} --help' for more information.\n`;
    assert.deepEqual(await run(link, ["-n"], socketPath), { code: 255, stdout: "", stderr: tryHelp("ipvsadm") });
    assert.equal((await run(XVSADM, ["-n"], socketPath)).stderr, tryHelp("xvsadm"));
  });
});
