// SPDX-License-Identifier: MIT
// Persistence in the real program: who stays with which server, and what templates say.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import fc from "fast-check";
import type { Template } from "../../src/dataplane/port.ts";
import { deleteServer, editServer } from "../../src/model/edits.ts";
import type { Netmask, VirtualService } from "../../src/model/service.ts";
import { DEFAULT_SETTINGS } from "../../src/model/settings.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { packet, type TcpFlag } from "../support/packet.ts";
import {
  choices,
  chosen,
  direct,
  FIRST,
  masqueraded,
  RIPS,
  SECOND,
  type Sent,
  serving,
  sticky,
  THIRD,
  tcp,
  templates,
  udp,
} from "../support/sticky-clients.ts";
import { until } from "../support/until.ts";

const web = service(direct(80), { persistence: sticky() });

/** Loading the program takes long: two serve all tests, the second one with three buckets of flows and one of templates. */
let roomy: DataplaneUnderTest;
let narrow: DataplaneUnderTest;
before(async () => {
  roomy = await DataplaneUnderTest.create({}, 512);
  narrow = await DataplaneUnderTest.create({}, 14);
});
after(async () => {
  await roomy.close();
  await narrow.close();
});

function withServices(
  services: readonly VirtualService[],
  body: (dataplane: DataplaneUnderTest) => Promise<void>,
  dataplane = roomy,
): Promise<void> {
  return serving(dataplane, services, body);
}

describe("a client of a persistent service", () => {
  test("stays with its server, whatever turn it is, and others take turns", () =>
    withServices([web], async (dataplane) => {
      const froms = ["10.9.0.1", "10.9.0.1", "10.9.0.2", "10.9.0.1", "10.9.0.3", "10.9.0.2"];
      const packets = froms.map((from, index) => tcp({ from, sourcePort: 1024 + index }));
      assert.deepEqual(await choices(dataplane, packets), [THIRD, THIRD, SECOND, THIRD, FIRST, SECOND]);
    }));

  const masks: readonly (readonly [netmask: Netmask, one: string, another: string, stranger: string])[] = [
    [address("255.255.255.0"), "10.9.0.1", "10.9.0.200", "10.9.1.1"],
    [address("255.0.255.0"), "10.9.7.1", "10.200.7.9", "10.9.8.1"],
    [64, "2001:db8::1", "2001:db8::ffff", "2001:db8:0:1::1"],
    [61, "2001:db8::1", "2001:db8:0:7::1", "2001:db8:0:8::1"],
  ];
  for (const [netmask, one, another, stranger] of masks) {
    test(`is everybody under its netmask: ${netmask}`, () => {
      const six = typeof netmask === "number";
      const vip = address(six ? "2001:db8::1" : "192.0.2.1");
      const servers = six ? ["2001:db8:1::1", "2001:db8:1::2"].map((rip) => server(rip)) : direct(80).slice(0, 2);
      const to = (from: string) => tcp({ from });
      return withServices([service(servers, { vip, persistence: sticky(netmask) })], async (dataplane) => {
        const [a, b, c] = await choices(dataplane, [to(one), to(another), to(stranger)]);
        assert.equal(a, b);
        assert.notEqual(a, c);
      });
    });
  }

  test("stays with a quiesced server, but not with expire_quiescent_template=1", () =>
    withServices([web], async (dataplane) => {
      const { director } = dataplane;
      await dataplane.send(tcp());
      await director.change((state) => editServer(state, web, server(THIRD), { weight: 0 }));
      assert.equal(await chosen(dataplane, tcp({ sourcePort: 1025 })), THIRD);
      const settings = { ...DEFAULT_SETTINGS, expireQuiescentTemplate: 1 } as const;
      await director.change((state) => ({ ...state, settings }));
      assert.notEqual(await chosen(dataplane, tcp({ sourcePort: 1026 })), THIRD);
      const listed = await templates(dataplane);
      assert.deepEqual(listed.map(({ usable }) => usable).sort(), [false, true]);
    }));

  test("gets another server when its own is removed", () =>
    withServices([web], async (dataplane) => {
      await dataplane.send(tcp());
      await dataplane.director.change((state) => deleteServer(state, web, server(THIRD)));
      assert.equal(await chosen(dataplane, tcp({ sourcePort: 1025 })), SECOND);
      assert.equal(await chosen(dataplane, tcp({ sourcePort: 1026 })), SECOND);
    }));

  test("finds its server again when that was away between two of its connections", () =>
    withServices([web], async (dataplane) => {
      await dataplane.send(tcp());
      await dataplane.director.change((state) => ({ ...state, services: [] }));
      await dataplane.director.change((state) => ({ ...state, services: [web] }));
      assert.equal(await chosen(dataplane, tcp({ sourcePort: 1025 })), THIRD);
    }));

  test("keeps a connection's server when a SYN comes on a closed one", () =>
    withServices([web], async (dataplane) => {
      for (const flags of [["syn"], ["ack"], ["rst"]] as const) await dataplane.send(tcp({ flags }));
      await dataplane.send(tcp({ from: "10.9.0.2" }));
      await dataplane.director.change((state) => editServer(state, web, server(THIRD), { weight: 0 }));
      const settings = { ...DEFAULT_SETTINGS, expireQuiescentTemplate: 1 } as const;
      await dataplane.director.change((state) => ({ ...state, settings }));
      assert.equal(await chosen(dataplane, tcp()), THIRD);
    }));
});

describe("a template", () => {
  const dns = service(
    RIPS.map((rip) => server(rip, { port: 53, method: "masquerade" })),
    { protocol: "udp", port: 53, persistence: sticky() },
  );

  test("is NONE, and ASSURED once a connection is established", () =>
    withServices([web], async (dataplane) => {
      await dataplane.send(tcp());
      const [{ expires, server: slot, ...fresh }] = (await templates(dataplane)) as [Template];
      assert.deepEqual(fresh, {
        to: { protocol: "tcp", vip: "192.0.2.1", port: 80 },
        client: "10.9.0.1",
        state: "NONE",
        flows: 1,
        usable: true,
      });
      assert.ok(expires > 295 && expires <= 301);
      assert.equal(dataplane.director.serverAt(slot)?.rip, THIRD);
      await dataplane.send(tcp({ flags: ["ack"] }));
      assert.equal((await templates(dataplane))[0]?.state, "ASSURED");
    }));

  test("is ASSURED over UDP when the server answers", () =>
    withServices([dns], async (dataplane) => {
      await dataplane.send(udp());
      await dataplane.send(udp());
      assert.equal((await templates(dataplane))[0]?.state, "NONE");
      const reply = packet().ethernet().ipv4({ source: THIRD, destination: "10.9.0.1" });
      await dataplane.send(reply.udp({ sourcePort: 53, destinationPort: 1024 }));
      assert.equal((await templates(dataplane))[0]?.state, "ASSURED");
    }));

  test("is counted with its server, for as long as it is there", () =>
    withServices([web], async (dataplane) => {
      for (const from of ["10.9.0.1", "10.9.0.2", "10.9.0.3", "10.9.0.4"]) await dataplane.send(tcp({ from }));
      const [snapshot] = (await dataplane.director.snapshot()).services;
      assert.deepEqual(
        snapshot?.servers.map(({ templates }) => templates),
        [1, 1, 2],
      );
    }));

  test("that finds no room is counted, and its client scheduled anew", () =>
    withServices(
      [web],
      async (dataplane) => {
        for (let client = 0; client < 64; client++) dataplane.push(tcp({ from: `10.9.0.${client}` }));
        const { templates: table } = await dataplane.port.sweep();
        assert.ok(table.lost > 0);
        assert.equal(table.occupied, (await templates(dataplane)).length);
        assert.ok(table.occupied <= table.capacity);
      },
      narrow,
    ));

  test("is told of flows whose time is over when a sweep ends them", () =>
    withServices([service(direct(53), { protocol: "udp", port: 53, persistence: sticky() })], async (dataplane) => {
      const timeouts = { ...DEFAULT_SETTINGS.timeouts, udp: 1 };
      await dataplane.director.change((state) => ({ ...state, settings: { ...DEFAULT_SETTINGS, timeouts } }));
      for (let client = 1; client <= 8; client++) dataplane.push(udp({ from: `10.9.0.${client}` }));
      await until("every flow is over", async () => (await dataplane.port.sweep()).occupied === 0);
      const controlled = (await templates(dataplane)).map(({ flows }) => flows);
      assert.deepEqual(controlled, new Array(8).fill(0));
    }));

  test("knows exactly the flows that it controls, however they end", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ client: fc.nat(1), sourcePort: fc.nat(30), flag: fc.nat(3), over: fc.nat(2) }), {
          maxLength: 80,
        }),
        async (events) => {
          const flags: readonly TcpFlag[][] = [["syn"], ["ack"], ["fin", "ack"], ["rst"]];
          const https = service(masqueraded(443), { port: 443, persistence: sticky() });
          await withServices(
            [web, https, dns],
            async (dataplane) => {
              for (const { client, sourcePort, flag, over } of events) {
                const from = `10.9.0.${client}`;
                const sent = { from, sourcePort: 1024 + sourcePort, flags: flags[flag] ?? [] };
                dataplane.push(over === 2 ? udp(sent) : tcp({ ...sent, port: over === 0 ? 80 : 443 }));
              }
              const { flows } = await dataplane.port.flows(0, 1000);
              const controlled = (await templates(dataplane)).reduce((sum, { flows: count }) => sum + count, 0);
              assert.equal(controlled, flows.length);
            },
            narrow,
          );
        },
      ),
      { numRuns: 20 },
    ));
});

describe("a service of port 0", () => {
  const any = service(masqueraded(0), { port: 0, persistence: sticky() });

  test("takes every port of its VIP that no other service has, with one server for a client", () =>
    withServices([any, service([server("10.1.0.9", { port: 8080 })], { port: 8080 })], async (dataplane) => {
      const packets = [80, 443, 8080, 21].map((port, index) => tcp({ port, sourcePort: 1024 + index }));
      assert.deepEqual(await choices(dataplane, packets), [THIRD, THIRD, "10.1.0.9", THIRD]);
      assert.equal(await chosen(dataplane, udp({ port: 80 })), "no-service");
    }));

  test("leaves the port as it is, both ways", () =>
    withServices([any], async (dataplane) => {
      const { bytes } = await dataplane.send(tcp({ port: 443 }));
      assert.equal(new DataView(bytes.buffer, bytes.byteOffset).getUint16(14 + 20 + 2), 443);
      const reply = packet().ethernet().ipv4({ source: THIRD, destination: "10.9.0.1" });
      const back = await dataplane.send(reply.tcp({ sourcePort: 443, destinationPort: 1024, flags: ["syn", "ack"] }));
      assert.equal(back.verdict, "reply-masquerade");
      assert.equal(new DataView(back.bytes.buffer, back.bytes.byteOffset).getUint16(14 + 20), 443);
      const { flows } = await dataplane.port.flows(0, 10);
      assert.deepEqual(
        flows.map(({ vport, rport }) => [vport, rport]),
        [[443, 443]],
      );
    }));
});

describe("an FTP service", () => {
  const ftp = service(masqueraded(21), { port: 21, persistence: sticky() });
  const rows: readonly (readonly [what: string, sent: Sent, takes: boolean])[] = [
    ["control", { port: 21 }, true],
    ["data at port 20", { port: 20 }, true],
    ["passive data", { port: 40_000 }, true],
    ["a privileged port", { port: 80 }, false],
    ["from port 20", { port: 21, sourcePort: 20 }, false],
  ];
  for (const [what, sent, takes] of rows) {
    test(`${takes ? "takes" : "leaves alone"}: ${what}`, () =>
      withServices([ftp], async (dataplane) => {
        assert.equal(await chosen(dataplane, tcp({ from: "10.9.0.2", port: 21 })), THIRD);
        const verdict = await chosen(
          dataplane,
          tcp({ from: "10.9.0.2", ...sent, sourcePort: sent.sourcePort ?? 2000 }),
        );
        assert.equal(RIPS.includes(verdict), takes, verdict);
        if (takes) assert.equal(verdict, THIRD);
      }));
  }

  test("that is not persistent takes its own port only", () =>
    withServices([service(masqueraded(21), { port: 21 })], async (dataplane) => {
      assert.equal(await chosen(dataplane, tcp({ port: 21 })), THIRD);
      assert.equal(await chosen(dataplane, tcp({ port: 40_000 })), "no-service");
    }));

  test("without servers answers for its own port only", () =>
    withServices([service([], { port: 21, persistence: sticky() })], async (dataplane) => {
      assert.equal(await chosen(dataplane, tcp({ port: 21 })), "answered-no-server");
      assert.equal(await chosen(dataplane, tcp({ port: 40_000 })), "no-service");
    }));
});
