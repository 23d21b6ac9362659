// SPDX-License-Identifier: MIT
// VLAN tags: a forwarded frame leaves in the VLAN of its way, whatever it came in; so do replies and answers.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { NextHop } from "../../src/model/next-hop.ts";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import { type Packet, packet } from "../support/packet.ts";

const CIP = "10.1.2.3";
const VIP = "192.0.2.1";
const CLIENT = { source: "02:00:00:00:00:0c", destination: "02:00:00:00:00:01" };
const SERVER = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };

/** Where the server of each port is found. */
const WAYS: readonly { readonly port: number; readonly hop: Partial<NextHop> }[] = [
  { port: 80, hop: { ifindex: INGRESS } },
  { port: 81, hop: { ifindex: INGRESS, vlan: 7 } },
  { port: 82, hop: { ifindex: INGRESS, vlan: 0 } },
  { port: 83, hop: {} },
  { port: 84, hop: { vlan: 7 } },
  { port: 85, hop: { vlan: 0 } },
];
const METHODS = ["direct", "tunnel", "masquerade"] as const;

const ripOf = (method: number, port: number) => `10.1.${method}.${port}`;
const portOf = (method: number, port: number) => port + 100 * method;
const services: VirtualService[] = METHODS.flatMap((method, index) =>
  WAYS.map(({ port }) =>
    service([server(ripOf(index, port), { port: portOf(index, port), method })], { port: portOf(index, port) }),
  ),
);

let dataplane: DataplaneUnderTest;
before(async () => {
  dataplane = await DataplaneUnderTest.create({ services });
  for (const [index] of METHODS.entries()) {
    for (const { port, hop } of WAYS) {
      dataplane.nextHops.overrides.set(address(ripOf(index, port)), { ...ONE_HOP, ...hop } as NextHop);
    }
  }
  await dataplane.director.refresh();
});
after(() => dataplane.close());

type Tags = (frame: Packet) => Packet;
const CAME = {
  untagged: (frame) => frame,
  "with its tag": (frame) => frame.vlan({ id: 7 }),
  "with another tag": (frame) => frame.vlan({ id: 9, priority: 3 }),
  "with two tags": (frame) => frame.vlan({ protocol: 0x88a8, id: 7 }).vlan({ id: 8 }),
} as const satisfies Record<string, Tags>;
const tag7: Tags = (frame) => frame.vlan({ id: 7 });
const none: Tags = (frame) => frame;

const LEAVES: readonly { readonly what: string; readonly port: number; readonly leaves: (came: Tags) => Tags }[] = [
  { what: "on the same interface without VLANs, as it came", port: 80, leaves: (came) => came },
  { what: "in VLAN 7 of the same interface", port: 81, leaves: () => tag7 },
  { what: "without a tag on the same interface, which has VLANs", port: 82, leaves: () => none },
  { what: "without a tag on another interface", port: 83, leaves: () => none },
  { what: "in VLAN 7 of another interface", port: 84, leaves: () => tag7 },
  { what: "without a tag on another interface that has VLANs", port: 85, leaves: () => none },
];

for (const [index, method] of METHODS.entries()) {
  describe(`${method}: a frame leaves`, () => {
    for (const { what, port, leaves } of LEAVES) {
      for (const [row, [how, came]] of Object.entries(CAME).entries()) {
        test(`${what}, having come ${how}`, async () => {
          const destinationPort = portOf(index, port);
          const ip = { source: CIP, destination: VIP, dontFragment: true };
          const tcp = { sourcePort: 1000 + row, destinationPort };
          const { action, bytes } = await dataplane.send(came(packet().ethernet(CLIENT)).ipv4(ip).tcp(tcp));
          const out = leaves(came)(packet().ethernet(SERVER));
          const rip = ripOf(index, port);
          const packets = {
            direct: out.ipv4({ ...ip, ttl: 63 }),
            tunnel: out
              .ipv4({ source: ONE_HOP.dip, destination: rip, ttl: 63, dontFragment: true })
              .ipv4({ ...ip, ttl: 63 }),
            masquerade: out.ipv4({ ...ip, destination: rip, ttl: 63 }),
          };
          assert.deepEqual(bytes, packets[method].tcp(tcp).bytes());
          assert.equal(action, port < 83 ? "tx" : "redirect");
        });
      }
    }
  });
}

describe("a masqueraded server's reply goes back to the VLAN its client came in", () => {
  const cameBack: readonly {
    readonly what: string;
    readonly client: Tags;
    readonly reply: Tags;
    readonly out: Tags;
  }[] = [
    { what: "untagged from a tagged server", client: none, reply: tag7, out: none },
    { what: "tagged from an untagged server", client: tag7, reply: none, out: tag7 },
    { what: "from one VLAN to the other", client: tag7, reply: (frame) => frame.vlan({ id: 9 }), out: tag7 },
    { what: "within a VLAN", client: tag7, reply: tag7, out: tag7 },
  ];
  for (const [row, { what, client, reply, out }] of cameBack.entries()) {
    test(what, async () => {
      const ports = { sourcePort: 2000 + row, destinationPort: 280 };
      await dataplane.send(client(packet().ethernet(CLIENT)).ipv4({ source: CIP, destination: VIP }).tcp(ports));
      const back = { sourcePort: 280, destinationPort: 2000 + row, flags: ["syn", "ack"] as const };
      const fromServer = packet().ethernet({ source: SERVER.destination, destination: SERVER.source });
      const sent = reply(fromServer)
        .ipv4({ source: ripOf(2, 80), destination: CIP })
        .tcp(back);
      const { verdict, bytes } = await dataplane.send(sent);
      const toClient = out(packet().ethernet({ source: CLIENT.destination, destination: CLIENT.source }));
      assert.equal(verdict, "reply-masquerade");
      assert.deepEqual(bytes, toClient.ipv4({ source: VIP, destination: CIP, ttl: 63 }).tcp(back).bytes());
    });
  }
});
