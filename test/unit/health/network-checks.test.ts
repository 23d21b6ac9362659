// SPDX-License-Identifier: MIT
// TCP, UDP, DNS, SMTP and PING checks against real servers on loopback.

import assert from "node:assert/strict";
import { createSocket, type RemoteInfo, type Socket } from "node:dgram";
import { EventEmitter, getEventListeners, once } from "node:events";
import { describe, test } from "node:test";
import { decode, encode } from "dns-packet";
import { SMTPServer, type SMTPServerSession } from "smtp-server";
import type { Outcome, Subject } from "../../../src/health/checkers/checker.ts";
import { checkDns } from "../../../src/health/checkers/dns.ts";
import { type PeriodicCheck, performCheck } from "../../../src/health/checkers/perform.ts";
import { checkPing } from "../../../src/health/checkers/ping.ts";
import { checkSmtp } from "../../../src/health/checkers/smtp.ts";
import { checkTcp } from "../../../src/health/checkers/tcp.ts";
import { checkUdp } from "../../../src/health/checkers/udp.ts";
import type { UdpCheck } from "../../../src/model/check.ts";
import { address } from "../../support/memory-director.ts";
import { until } from "../../support/until.ts";
import {
  closedPort,
  dnsCheck,
  httpCheck,
  LOOPBACK,
  listening,
  smtpCheck,
  subjectAt,
  tcpCheck,
  trickle,
  udpCheck,
} from "./checks.ts";

function assertFailed(outcome: Outcome, reason: RegExp): void {
  assert.ok(!outcome.ok, "the check failed");
  assert.match(outcome.reason, reason);
}

/** A UDP server that answers what `answer` returns. */
async function withUdp<T>(
  answer: (received: Buffer, from: RemoteInfo) => Buffer | undefined,
  use: (port: number) => Promise<T>,
): Promise<T> {
  const socket: Socket = createSocket("udp4");
  socket.on("message", (received, from) => {
    const reply = answer(received, from);
    if (reply) socket.send(reply, from.port, from.address);
  });
  socket.bind(0, "127.0.0.1");
  await once(socket, "listening");
  try {
    return await use(socket.address().port);
  } finally {
    socket.close();
  }
}

describe("TCP_CHECK", () => {
  test("succeeds when the server accepts, and closes the connection", async () => {
    let closed: Promise<unknown> = Promise.resolve();
    using server = await listening((socket) => {
      closed = once(socket.resume(), "close");
    });
    assert.deepEqual(await checkTcp(tcpCheck(), subjectAt(server.port)), { ok: true });
    await closed;
  });

  test("fails when nobody listens", async () => {
    assertFailed(await checkTcp(tcpCheck(), subjectAt(await closedPort())), /ECONNREFUSED 127\.0\.0\.1/);
  });

  test("fails when nothing answers within connect_timeout", async () => {
    // TEST-NET-1 (RFC 5737): no route answers for it, at best there is none at all.
    const check = tcpCheck({ connectIp: address("192.0.2.99"), connectTimeout: 50 });
    assertFailed(await checkTcp(check, subjectAt(80)), /timeout|UNREACH/);
  });

  test("goes to connect_ip and connect_port, from bindto", async () => {
    let from: string | undefined;
    using server = await listening((socket) => {
      from = socket.remoteAddress;
    });
    const place = { connectIp: address("127.0.0.1"), connectPort: server.port, bindTo: address("127.0.0.9") };
    assert.deepEqual(await checkTcp(tcpCheck(place), { rip: address("192.0.2.1"), port: 1 }), { ok: true });
    assert.equal(from, "127.0.0.9");
  });
});

describe("UDP_CHECK", () => {
  const silent = () => undefined;
  const quick = { connectTimeout: 50 };
  const replies: readonly [
    name: string,
    check: Partial<UdpCheck>,
    reply: string | undefined,
    expected: RegExp | "ok",
  ][] = [
    ["takes silence for life", quick, undefined, "ok"],
    ["does not take silence for a required reply", { ...quick, requireReply: true }, undefined, /no reply/],
    ["takes any reply when none is described", { requireReply: true }, "00", "ok"],
    ["compares the reply, x being any nibble", { requireReply: true, reply: "a1xx3x" }, "a1ff30aa", "ok"],
    ["refuses another reply", { requireReply: true, reply: "a1xx3x" }, "a1ff40", /another reply/],
    ["refuses a reply shorter than described", { requireReply: true, reply: "a1xx" }, "a1", /another reply/],
    ["refuses a reply that is too short", { requireReply: true, minReplyLength: 4 }, "010203", /3 bytes/],
    ["refuses a reply that is too long", { requireReply: true, maxReplyLength: 2 }, "010203", /3 bytes/],
  ];
  for (const [name, check, reply, expected] of replies) {
    test(name, async () => {
      const answer = reply === undefined ? silent : () => Buffer.from(reply, "hex");
      const outcome = await withUdp(answer, (port) => checkUdp(udpCheck(check), subjectAt(port)));
      if (expected === "ok") assert.deepEqual(outcome, { ok: true });
      else assertFailed(outcome, expected);
    });
  }

  test("sends the payload", async () => {
    const seen: string[] = [];
    const record = (received: Buffer) => {
      seen.push(received.toString("hex"));
      return received;
    };
    const check = udpCheck({ payload: "c0ffee", requireReply: true, reply: "c0ffee" });
    assert.deepEqual(await withUdp(record, (port) => checkUdp(check, subjectAt(port))), { ok: true });
    assert.deepEqual(seen, ["c0ffee"]);
  });

  test("fails on an ICMP error", async () => {
    const port = await withUdp(silent, async (free) => free);
    assertFailed(await checkUdp(udpCheck(), subjectAt(port)), /ECONNREFUSED/);
  });

  test("comes from bindto and bind_port", async () => {
    let from: RemoteInfo | undefined;
    const remember = (received: Buffer, sender: RemoteInfo) => {
      from = sender;
      return received;
    };
    const bindPort = await withUdp(silent, async (free) => free);
    const check = udpCheck({ requireReply: true, bindTo: address("127.0.0.9"), bindPort });
    assert.deepEqual(await withUdp(remember, (port) => checkUdp(check, subjectAt(port))), { ok: true });
    assert.deepEqual([from?.address, from?.port], ["127.0.0.9", bindPort]);
  });
});

describe("DNS_CHECK", () => {
  const answering =
    (rcode: number, change: (id: number) => number = (id) => id) =>
    (query: Buffer) => {
      const { id = 0, questions = [] } = decode(query);
      return encode({ type: "response", id: change(id), flags: rcode, questions });
    };

  test("asks for the name and type it is told to", async () => {
    let question: unknown;
    const remember = (query: Buffer) => {
      question = decode(query).questions?.[0];
      return answering(0)(query);
    };
    const check = dnsCheck({ queryType: "AAAA", name: "www.example.com" });
    assert.deepEqual(await withUdp(remember, (port) => checkDns(check, subjectAt(port))), { ok: true });
    assert.deepEqual(question, { type: "AAAA", name: "www.example.com", class: "IN" });
  });

  test("does not look at what is answered, which may be cut off or unknown", async () => {
    const cut = (query: Buffer) => {
      const answer = answering(0)(query);
      answer.writeUInt16BE(9, 6);
      return answer;
    };
    assert.deepEqual(await withUdp(cut, (port) => checkDns(dnsCheck(), subjectAt(port))), { ok: true });
  });

  test("fails on an rcode", async () => {
    const outcome = await withUdp(answering(2), (port) => checkDns(dnsCheck(), subjectAt(port)));
    assertFailed(outcome, /rcode 2/);
  });

  test("passes over answers to other queries, queries and garbage", async () => {
    const quick = dnsCheck({ connectTimeout: 50 });
    const answers = [answering(0, (id) => id ^ 1), (query: Buffer) => query, () => Buffer.from("garbage")];
    for (const answer of answers) {
      assertFailed(await withUdp(answer, (port) => checkDns(quick, subjectAt(port))), /no answer/);
    }
  });
});

describe("SMTP_CHECK", () => {
  test("succeeds with a real SMTP server, which hears the helo name", async () => {
    const closed = new EventEmitter<{ session: [SMTPServerSession] }>();
    const server = new SMTPServer({
      hideSTARTTLS: true,
      disableReverseLookup: true,
      onClose: (session) => closed.emit("session", session),
    });
    const session = once(closed, "session");
    const listener = server.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as { port: number };
    assert.deepEqual(await checkSmtp(smtpCheck(), subjectAt(port)), { ok: true });
    const [{ hostNameAppearsAs }] = (await session) as [SMTPServerSession];
    await new Promise<void>((resolve) => server.close(resolve));
    assert.equal(hostNameAppearsAs, "smtpchecker.keepalived.org");
  });

  for (const [name, greeting] of [
    ["a refusing greeting", "554 no service\r\n"],
    ["a server that speaks something else", "SSH-2.0-OpenSSH\r\n"],
  ] as const) {
    test(`fails with ${name}`, async () => {
      using server = await listening((socket) => socket.end(greeting));
      assertFailed(await checkSmtp(smtpCheck(), subjectAt(server.port)), /./);
    });
  }

  test("fails with a server that closes without a word", async () => {
    using server = await listening((socket) => socket.end());
    assertFailed(await checkSmtp(smtpCheck(), subjectAt(server.port)), /closed/i);
  });

  test("fails with a server that never ends its answer", async () => {
    const ended = new EventEmitter();
    using server = await listening((socket) => {
      socket.write("220 hello\r\n250-");
      trickle(socket);
      socket.on("close", () => ended.emit("close"));
    });
    const closed = once(ended, "close");
    assertFailed(await checkSmtp(smtpCheck({ connectTimeout: 100 }), subjectAt(server.port)), /timeout/);
    await closed;
  });

  test("fails with a server that says nothing", async () => {
    using server = await listening(() => {});
    assertFailed(await checkSmtp(smtpCheck({ connectTimeout: 50 }), subjectAt(server.port)), /greeting|timeout/i);
  });
});

describe("PING_CHECK", () => {
  const ping = (text: string, connectTimeout: number) => {
    const check = { ...tcpCheck({ connectTimeout }), type: "ping" } as const;
    return checkPing(check, { rip: address(text), port: 0 });
  };

  test("succeeds when the server answers", async () => {
    assert.deepEqual(await ping("127.0.0.1", 2_000), { ok: true });
    assert.deepEqual(await ping("::1", 2_000), { ok: true });
  });

  test("fails when nothing answers", async () => {
    assertFailed(await ping("192.0.2.99", 100), /./);
  });
});

describe("any check", () => {
  const run = async (check: PeriodicCheck, subject: Subject, signal = new AbortController().signal) => {
    return (await performCheck({ check, subject, scripts: { security: false }, url: 0 }, signal)).outcome;
  };
  const ping = { ...tcpCheck({ connectTimeout: 60_000, connectIp: address("192.0.2.99") }), type: "ping" } as const;

  for (const check of [tcpCheck(), udpCheck(), dnsCheck(), smtpCheck(), httpCheck([{}])]) {
    test(`fails where there is no port to check: ${check.type}`, async () => {
      assertFailed(await run(check, subjectAt(0)), /no port/);
    });
  }

  const patient = { connectTimeout: 60_000 };
  for (const check of [udpCheck(patient), dnsCheck(patient), smtpCheck(patient), httpCheck([{}], patient), ping]) {
    test(`ends at once when it is given up: ${check.type}`, async () => {
      using server = await listening(() => {});
      using datagrams = Object.assign(createSocket("udp4"), { [Symbol.dispose]: () => datagrams.close() });
      datagrams.bind(server.port, "127.0.0.1");
      await once(datagrams, "listening");
      const controller = new AbortController();
      const outcome = run(check, subjectAt(server.port), controller.signal);
      setTimeout(() => controller.abort(), 50);
      assertFailed(await outcome, /given up|abort|Network is unreachable/i);
    });
  }

  for (const check of [tcpCheck(), udpCheck(), dnsCheck(), smtpCheck(), httpCheck([{}]), ping]) {
    test(`leaves nothing behind that waits for its end: ${check.type}`, async () => {
      using server = await listening((socket) => socket.end("220 hello\r\n"));
      const { signal } = new AbortController();
      await run({ ...check, connectIp: LOOPBACK, connectTimeout: 50 }, subjectAt(server.port), signal);
      await until("nobody listens", () => getEventListeners(signal, "abort").length === 0);
    });
  }
});
