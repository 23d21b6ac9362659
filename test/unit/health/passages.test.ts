// SPDX-License-Identifier: MIT
// How a check of a VIP goes about it, by what it is told of the way there.

import assert from "node:assert/strict";
import { createSocket } from "node:dgram";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, test } from "node:test";
import { type PeriodicCheck, performCheck } from "../../../src/health/checkers/perform.ts";
import { runCheck } from "../../../src/health/checkers/run-check.ts";
import type { Address } from "../../../src/model/address.ts";
import type { Passage, ProbeAim, ProbeTarget } from "../../../src/model/probe.ts";
import { IPIP } from "../../../src/model/service.ts";
import { address } from "../../support/memory-director.ts";
import { httpCheck, LOOPBACK, listening, smtpCheck, tcpCheck, udpCheck } from "./checks.ts";

const NOWHERE = address("192.0.2.9");
const MARKED: Passage = { kind: "marked", mark: 0x78640000, source: LOOPBACK, obstacle: () => undefined };

/** What all runs have alike. */
function run() {
  return { scripts: { security: false }, url: 0, signal: new AbortController().signal, perform: performCheck };
}

async function probe(check: PeriodicCheck, port: number, passage: Passage, rip = LOOPBACK) {
  const aim: ProbeAim = { vip: LOOPBACK, rip, method: "direct", tunnel: IPIP };
  const subject = { rip, port, aim };
  return (await runCheck({ ...run(), check, subject, passageTo: () => passage }))?.outcome;
}

describe("a check of a VIP", () => {
  test("connects to the server from the given address, by a socket with a mark", async () => {
    const peers: unknown[] = [];
    using server = await listening((socket) => peers.push(socket.remoteAddress));
    assert.deepEqual(await probe(tcpCheck(), server.port, { ...MARKED, source: address("127.0.0.5") }), { ok: true });
    assert.deepEqual(peers, ["127.0.0.5"]);
  });

  test("does so by HTTP, SMTP and UDP", async () => {
    const web = createServer((_request, response) => response.end("hello")).listen(0, "127.0.0.1");
    await once(web, "listening");
    const { port } = web.address() as AddressInfo;
    assert.deepEqual(await probe(httpCheck([{}]), port, MARKED), { ok: true, note: "HTTP status code" });
    web.close();

    using mail = await listening((socket) => {
      socket.write("220 here\r\n");
      socket.on("data", () => socket.write("250 fine\r\n"));
    });
    assert.deepEqual(await probe(smtpCheck(), mail.port, MARKED), { ok: true });

    const udp = createSocket("udp4").bind(0, "127.0.0.1");
    udp.on("message", (message, from) => udp.send(message, from.port, from.address));
    await once(udp, "listening");
    assert.deepEqual(await probe(udpCheck({ requireReply: true }), udp.address().port, MARKED), { ok: true });
    udp.close();
  });

  test("connects to the VIP where the director is the server", async () => {
    using server = await listening(() => {});
    assert.deepEqual(await probe(tcpCheck(), server.port, { kind: "local" }, NOWHERE), { ok: true });
  });

  test("tries the address that it names, where that is not the service's own", async () => {
    using server = await listening(() => {});
    const [vip, targets]: [Address, ProbeTarget[]] = [address("192.0.2.7"), []];
    const aim: ProbeAim = { vip: undefined, rip: LOOPBACK, method: "direct", tunnel: IPIP };
    const passageTo = (target: ProbeTarget) => {
      targets.push(target);
      return MARKED;
    };
    const subject = { rip: LOOPBACK, port: 0, aim };
    const check = tcpCheck({ connectIp: vip, connectPort: server.port });
    assert.deepEqual((await runCheck({ ...run(), check, subject, passageTo }))?.outcome, { ok: true });
    assert.deepEqual(targets, [{ ...aim, vip }]);
  });

  test("fails with the reason why there is no way", async () => {
    const reason = "no answer from 10.0.0.11 on eth0";
    assert.deepEqual(await probe(tcpCheck(), 80, { kind: "blocked", reason }), { ok: false, reason });
  });

  test("fails, whatever it found, when somebody has meddled with the way meanwhile", async () => {
    using server = await listening(() => {});
    const found: unknown[] = [];
    const obstacle = (outcome: object) => {
      found.push(outcome);
      return "taken off";
    };
    const outcome = await probe(tcpCheck(), server.port, { ...MARKED, obstacle });
    assert.deepEqual([outcome, found], [{ ok: false, reason: "taken off" }, [{ ok: true }]]);
  });

  for (const check of [tcpCheck(), httpCheck([{}]), smtpCheck(), udpCheck({ requireReply: true })]) {
    test(`fails, and harms nothing, when it is to come from another machine's address: ${check.type}`, async () => {
      const outcome = await probe(check, 80, { ...MARKED, source: NOWHERE });
      assert.ok(
        outcome?.ok === false && /EADDRNOTAVAIL|assign requested address/.test(outcome.reason),
        JSON.stringify(outcome),
      );
    });
  }
});
