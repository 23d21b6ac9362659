// SPDX-License-Identifier: MIT
// Notification pipes, scripts and mail, each with the real thing at the other end.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, test } from "node:test";
import { SMTPServer } from "smtp-server";
import type { HealthEvent, Notice } from "../../../src/health/events.ts";
import { Notifier } from "../../../src/health/notifier.ts";
import { DEFAULT_HEALTH_SETTINGS, type HealthSettings } from "../../../src/model/health.ts";
import { until } from "../../support/until.ts";
import { listening } from "./checks.ts";

const folder = mkdtempSync(join(tmpdir(), "xd-notifier-"));
after(() => rmSync(folder, { recursive: true }));

const settings: HealthSettings = { ...DEFAULT_HEALTH_SETTINGS, scriptUser: { user: "root" } };

function event(notice: Notice): HealthEvent {
  return { kind: "server", service: "[192.0.2.1]:tcp:80", server: "[10.0.0.1]:tcp:80", message: "", notice };
}

function line(text: string): HealthEvent {
  return event({ line: text });
}

function read(path: string): string {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

describe("a notification pipe", () => {
  test("is made, gets one line an event in order, and goes with the director", async () => {
    const path = join(folder, "made");
    const notifier = new Notifier(() => {});
    notifier.configure({ ...settings, lvsNotifyFifo: { path } });
    notifier.tell([line("RS a UP"), line("VS b UP")]);
    await until("the pipe is there", () => existsSync(path));
    const reader = spawn("/bin/cat", [path]);
    const output: string[] = [];
    reader.stdout.setEncoding("utf8").on("data", (text: string) => output.push(text));
    notifier.tell([line("VS b DOWN")]);
    await until("everything is read", () => output.join("") === "RS a UP\nVS b UP\nVS b DOWN\n");
    const ended = once(reader, "exit");
    await notifier.close();
    await ended;
    assert.ok(!existsSync(path));
  });

  test("that was there is used and stays", async () => {
    const path = join(folder, "found");
    execFileSync("mkfifo", [path]);
    const notifier = new Notifier(() => {});
    notifier.configure({ ...settings, notifyFifo: { path } });
    await notifier.close();
    assert.ok(existsSync(path));
  });

  test("that nobody reads loses lines and holds up nobody", async () => {
    const reports: string[] = [];
    const notifier = new Notifier((message) => reports.push(message));
    const path = join(folder, "unread");
    notifier.configure({ ...settings, lvsNotifyFifo: { path } });
    for (let n = 0; n < 2_000; n++) notifier.tell([line("x".repeat(100))]);
    await notifier.close();
    assert.deepEqual(reports.length, 1);
    assert.match(reports[0] ?? "", /unread loses lines: EAGAIN/);
  });

  test("cannot be something else", async () => {
    const path = join(folder, "file");
    writeFileSync(path, "precious");
    const reports: string[] = [];
    const notifier = new Notifier((message) => reports.push(message));
    notifier.configure({ ...settings, lvsNotifyFifo: { path } });
    notifier.tell([line("RS a UP")]);
    await notifier.close();
    assert.match(reports[0] ?? "", /something else of that name/);
    assert.equal(read(path), "precious");
  });

  test("starts its script with its path, and ends it", async () => {
    const [path, seen] = [join(folder, "scripted"), join(folder, "seen")];
    const notifier = new Notifier(() => {});
    const script = { argv: ["/bin/sh", "-c", `exec /bin/cat "$0" > ${seen}`] };
    notifier.configure({ ...settings, lvsNotifyFifo: { path, script } });
    notifier.tell([line("RS a DOWN")]);
    await until("the script has read", () => read(seen) === "RS a DOWN\n");
    await notifier.close();
    await until(
      "it has ended",
      () => execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).includes(path) === false,
    );
  });

  test("whose director ends at once leaves no script behind", async () => {
    const path = join(folder, "short");
    const notifier = new Notifier(() => {});
    const script = { argv: ["/bin/sh", "-c", 'sleep 600 # "$0"'], user: "nobody" };
    notifier.configure({ ...settings, lvsNotifyFifo: { path, script } });
    await notifier.close();
    await until("nobody runs", () => !execFileSync("ps", ["-eo", "args"], { encoding: "utf8" }).includes(path));
  });

  test("is there for its next script when it gets another one", async () => {
    const [path, seen] = [join(folder, "rescripted"), join(folder, "seen-again")];
    const reports: string[] = [];
    const notifier = new Notifier((message) => reports.push(message));
    notifier.configure({ ...settings, lvsNotifyFifo: { path } });
    await until("the pipe is there", () => existsSync(path));
    const script = { argv: ["/bin/sh", "-c", `exec /bin/cat "$0" > ${seen}`] };
    notifier.configure({ ...settings, lvsNotifyFifo: { path, script } });
    notifier.tell([line("RS a DOWN")]);
    await until("the script has read", () => read(seen) === "RS a DOWN\n");
    await notifier.close();
    assert.deepEqual(reports, []);
  });

  test("stays open when the settings are read again", async () => {
    const path = join(folder, "kept");
    const notifier = new Notifier(() => {});
    notifier.configure({ ...settings, lvsNotifyFifo: { path } });
    await until("the pipe is there", () => existsSync(path));
    notifier.configure({ ...settings, lvsNotifyFifo: { path } });
    assert.ok(existsSync(path));
    notifier.configure(settings);
    await until("the pipe is gone", () => !existsSync(path));
    await notifier.close();
  });
});

describe("a notify script", () => {
  test("about one server runs after the one before it has ended", async () => {
    const file = join(folder, "order");
    const notifier = new Notifier(() => {});
    notifier.configure(settings);
    const script = (name: string, pause: number) => {
      return event({ script: { argv: ["/bin/sh", "-c", `sleep ${pause}; echo ${name} >> ${file}`] } });
    };
    notifier.tell([script("down", 0.3), script("up", 0)]);
    await notifier.close();
    assert.equal(read(file), "down\nup\n");
  });

  test("about a server that flaps is run for the latest state, and those in between are counted", async () => {
    const file = join(folder, "flaps");
    const [gate, reports] = [join(folder, "gate"), [] as string[]];
    const notifier = new Notifier((message) => reports.push(message));
    notifier.configure(settings);
    const script = (name: string) =>
      event({
        script: { argv: ["/bin/sh", "-c", `echo ${name} >> ${file}; until [ -e ${gate} ]; do sleep 0.05; done`] },
      });
    notifier.tell([script("first")]);
    await until("the first one runs", () => read(file) === "first\n");
    for (let flap = 0; flap < 100; flap++) notifier.tell([script("down"), script("up")]);
    notifier.tell([script("last")]);
    writeFileSync(gate, "");
    await notifier.close();
    assert.equal(read(file), "first\nlast\n");
    assert.deepEqual(reports, [
      "scripts about [192.0.2.1]:tcp:80 [10.0.0.1]:tcp:80 cannot keep up: /bin/sh is run for the latest state, 200 earlier calls skipped",
    ]);
  });

  test("about another server does not wait", async () => {
    const [file, gate] = [join(folder, "others"), join(folder, "others-gate")];
    const notifier = new Notifier(() => {});
    notifier.configure(settings);
    const argv = ["/bin/sh", "-c", `until [ -e ${gate} ]; do sleep 0.05; done`];
    notifier.tell([event({ script: { argv } })]);
    notifier.tell([{ ...event({ script: { argv: ["/bin/sh", "-c", `echo other > ${file}`] } }), server: "other" }]);
    await until("the other script runs", () => read(file) === "other\n");
    writeFileSync(gate, "");
    await notifier.close();
  });

  test("that cannot run is reported", async () => {
    const reports: string[] = [];
    const notifier = new Notifier((message) => reports.push(message));
    notifier.configure(settings);
    const file = join(folder, "not-executable");
    writeFileSync(file, "");
    chmodSync(file, 0o600);
    notifier.tell([event({ script: { argv: [file] } })]);
    await notifier.close();
    assert.match(reports[0] ?? "", /not-executable not run: spawn .*EACCES/);
  });
});

describe("mail", () => {
  const mail = {
    subject: "[LB1] Realserver [10.0.0.1]:tcp:80 of virtual server [192.0.2.1]:tcp:80 - DOWN",
    body: "=> TCP CHECK failed on service <=",
  };

  test("reaches the SMTP server with sender, recipients, subject and body", async () => {
    const received: { from: string | false; to: string[]; text: string }[] = [];
    const server = new SMTPServer({
      authOptional: true,
      hideSTARTTLS: true,
      disableReverseLookup: true,
      onData(stream, { envelope }, done) {
        const chunks: Buffer[] = [];
        stream.on("data", (chunk: Buffer) => chunks.push(chunk));
        stream.on("end", () => {
          const from = envelope.mailFrom ? envelope.mailFrom.address : false;
          const to = envelope.rcptTo.map(({ address }) => address);
          received.push({ from, to, text: Buffer.concat(chunks).toString() });
          done();
        });
      },
    });
    const listener = server.listen(0, "127.0.0.1");
    await once(listener, "listening");
    const { port } = listener.address() as AddressInfo;
    const notifier = new Notifier((message) => assert.fail(message));
    const to = ["ops@example.com", "noc@example.com"];
    notifier.configure({
      ...settings,
      mail: { server: "127.0.0.1", port, connectTimeout: 5_000, helo: "lb1", from: "lb1@example.com", to },
    });
    notifier.tell([event({ mail }), event({ mail: { ...mail, body: "=> TCP CHECK succeed on service <=" } })]);
    await notifier.close();
    await new Promise<void>((resolve) => server.close(resolve));
    assert.deepEqual(
      received.map(({ from, to }) => ({ from, to })),
      [
        { from: "lb1@example.com", to },
        { from: "lb1@example.com", to },
      ],
    );
    const [first = "", second = ""] = received.map(({ text }) => text.replaceAll("\r\n ", " "));
    assert.ok(first.includes(`Subject: ${mail.subject}\r\n`), first);
    assert.ok(first.includes(`\r\n\r\n${mail.body}\r\n`), first);
    assert.ok(second.includes("TCP CHECK succeed"), second);
  });

  test("comes from keepalived at this host unless somebody else is named", async () => {
    const commands: string[] = [];
    using server = await listening((socket) => {
      socket.write("220 hello\r\n");
      socket.setEncoding("utf8").on("data", (text: string) => {
        commands.push(text);
        socket.write(text.startsWith("DATA") ? "354 go on\r\n" : "250 fine\r\n");
      });
    });
    const notifier = new Notifier((message) => assert.fail(message));
    const to = ["ops@example.com"];
    notifier.configure({ ...settings, mail: { server: "127.0.0.1", port: server.port, connectTimeout: 5_000, to } });
    notifier.tell([event({ mail })]);
    await notifier.close();
    assert.ok(commands.includes(`MAIL FROM:<keepalived@${hostname()}>\r\n`), JSON.stringify(commands));
  });

  test("and scripts that hang do not keep the director from its end", async () => {
    using server = await listening(() => {});
    const reports: string[] = [];
    const notifier = new Notifier((message) => reports.push(message));
    const to = ["ops@example.com"];
    notifier.configure({ ...settings, mail: { server: "127.0.0.1", port: server.port, connectTimeout: 60_000, to } });
    const script = { argv: ["/bin/sleep", "600"] };
    notifier.tell([event({ mail, script }), event({ mail, script })]);
    await notifier.close();
    assert.deepEqual(reports, [
      "2 mails not sent: the director ends",
      "script /bin/sleep killed: the director ends",
      "script /bin/sleep not run: given up",
    ]);
  });

  test("that cannot be sent is reported, and lost", async () => {
    const reports: string[] = [];
    const notifier = new Notifier((message) => reports.push(message));
    notifier.configure({
      ...settings,
      mail: { server: "127.0.0.1", port: 1, connectTimeout: 500, from: "a@example.com", to: ["b@example.com"] },
    });
    notifier.tell([event({ mail })]);
    await notifier.close();
    assert.match(reports[0] ?? "", /mail not sent: \[LB1\].*ECONNREFUSED/);
  });

  test("is not sent without a server", async () => {
    const notifier = new Notifier((message) => assert.fail(message));
    notifier.configure(settings);
    notifier.tell([event({ mail })]);
    await notifier.close();
  });
});
