// SPDX-License-Identifier: MIT
// ICMP errors that quote a packet of a flow follow that flow, rewritten inside and outside where it is masqueraded.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { decode, type Packet, packet } from "../support/packet.ts";

const RIP = "10.1.0.1";
const RIP6 = "2001:db8:1::1";
const CIP = "10.1.2.3";
const CIP6 = "2001:db8:c::3";
const VIP = "192.0.2.1";
const VIP6 = "2001:db8::1";
const ROUTER = "203.0.113.9";
const ROUTER6 = "2001:db8:f::9";

const services: VirtualService[] = [
  service([server(RIP)]),
  service([server(RIP, { port: 8081, method: "masquerade" })], { port: 81 }),
  service([server(RIP, { port: 82, method: "tunnel" })], { port: 82 }),
  service([server(RIP6, { port: 8081, method: "masquerade" })], { vip: address(VIP6), port: 81 }),
];

let dataplane: DataplaneUnderTest;
before(async () => {
  dataplane = await DataplaneUnderTest.onAStick({ services });
});
after(() => dataplane.close());

const FROM_OUTSIDE = { source: "02:00:00:00:00:0c", destination: "02:00:00:00:00:01" };
const TO_SERVER = { source: "02:00:00:00:00:01", destination: "02:00:00:00:00:02" };
const FROM_SERVER = { source: TO_SERVER.destination, destination: TO_SERVER.source };
const TO_CLIENT = { source: FROM_OUTSIDE.destination, destination: FROM_OUTSIDE.source };

const outside = packet().ethernet(FROM_OUTSIDE);
const inside = packet().ethernet(FROM_SERVER);
const toServer = packet().ethernet(TO_SERVER);
const toClient = packet().ethernet(TO_CLIENT);
const ports = (sourcePort: number, destinationPort: number) => ({ sourcePort, destinationPort });

/** What an error quotes of a packet: its IP header and eight bytes of what follows, or all of it. */
function quote(quoted: Packet, l4Bytes = 8): Uint8Array {
  const bytes = quoted.bytes();
  const header = decode(bytes, "ipv4").layers[0];
  const length = bytes[0] !== undefined && bytes[0] >> 4 === 6 ? 40 : (header as { headerLength: number }).headerLength;
  return bytes.slice(0, length + l4Bytes);
}

const NEEDED = { type: 3, code: 4, rest: 1400 };
const TOO_BIG = { type: 2, code: 0, rest: 1400 };

async function opened(destinationPort: number, sourcePort: number): Promise<void> {
  await dataplane.send(outside.ipv4({ source: CIP, destination: VIP }).tcp(ports(sourcePort, destinationPort)));
}

describe("an error about what the server sent goes to that server", () => {
  const fromVip = (port: number, cport: number) =>
    packet()
      .ipv4({ source: VIP, destination: CIP, dontFragment: true })
      .tcp({ ...ports(port, cport), flags: ["ack"] });
  const error = outside.ipv4({ source: ROUTER, destination: VIP });

  test("directly routed: as it is", async () => {
    await opened(80, 5001);
    const { verdict, bytes } = await dataplane.send(error.icmp(NEEDED).payload(quote(fromVip(80, 5001))));
    assert.equal(verdict, "forwarded-direct");
    const expected = toServer.ipv4({ source: ROUTER, destination: VIP, ttl: 63 });
    assert.deepEqual(
      bytes,
      expected
        .icmp(NEEDED)
        .payload(quote(fromVip(80, 5001)))
        .bytes(),
    );
  });

  test("tunnelled: in the tunnel", async () => {
    await opened(82, 5002);
    const { verdict } = await dataplane.send(error.icmp(NEEDED).payload(quote(fromVip(82, 5002))));
    assert.equal(verdict, "forwarded-tunnel");
  });

  for (const l4Bytes of [8, 20]) {
    test(`masqueraded: about the packet as the server sent it, ${l4Bytes} bytes quoted`, async () => {
      await opened(81, 5003);
      const { verdict, bytes } = await dataplane.send(error.icmp(NEEDED).payload(quote(fromVip(81, 5003), l4Bytes)));
      assert.equal(verdict, "forwarded-masquerade");
      const sentByServer = packet()
        .ipv4({ source: RIP, destination: CIP, dontFragment: true })
        .tcp({ ...ports(8081, 5003), flags: ["ack"] });
      const shown = quote(sentByServer, l4Bytes);
      // The quoted L4 checksum stays the VIP's: IPVS does not touch it either.
      if (l4Bytes === 20) shown.set(quote(fromVip(81, 5003), 20).slice(36, 38), 36);
      const expected = toServer.ipv4({ source: ROUTER, destination: RIP, ttl: 63 });
      assert.deepEqual(bytes, expected.icmp(NEEDED).payload(shown).bytes());
    });
  }

  test("masqueraded IPv6", async () => {
    await dataplane.send(outside.ipv6({ source: CIP6, destination: VIP6 }).tcp(ports(5004, 81)));
    const quoted = (source: string, port: number) =>
      quote(
        packet()
          .ipv6({ source, destination: CIP6 })
          .tcp({ ...ports(port, 5004), flags: ["ack"] }),
      );
    const { verdict, bytes } = await dataplane.send(
      outside.ipv6({ source: ROUTER6, destination: VIP6 }).icmpv6(TOO_BIG).payload(quoted(VIP6, 81)),
    );
    assert.equal(verdict, "forwarded-masquerade");
    const expected = toServer.ipv6({ source: ROUTER6, destination: RIP6, hopLimit: 63 });
    assert.deepEqual(bytes, expected.icmpv6(TOO_BIG).payload(quoted(RIP6, 8081)).bytes());
  });
});

describe("an error of a masqueraded server goes to the client, from the VIP", () => {
  test("about the packet as the client sent it", async () => {
    await opened(81, 5005);
    const received = packet().ipv4({ source: CIP, destination: RIP, ttl: 63 }).tcp(ports(5005, 8081));
    const unreachable = { type: 3, code: 3, rest: 0 };
    const { verdict, bytes } = await dataplane.send(
      inside.ipv4({ source: RIP, destination: CIP }).icmp(unreachable).payload(quote(received)),
    );
    assert.equal(verdict, "reply-masquerade");
    const sent = packet().ipv4({ source: CIP, destination: VIP, ttl: 63 }).tcp(ports(5005, 81));
    const expected = toClient.ipv4({ source: VIP, destination: CIP, ttl: 63 });
    assert.deepEqual(bytes, expected.icmp(unreachable).payload(quote(sent)).bytes());
  });
});

describe("passed up as they are", () => {
  const quoted = quote(packet().ipv4({ source: VIP, destination: CIP }).tcp(ports(80, 6001)));
  const error = outside.ipv4({ source: ROUTER, destination: VIP });
  const rows: readonly { what: string; sent: Packet }[] = [
    { what: "an error about a flow that nobody knows", sent: error.icmp(NEEDED).payload(quoted) },
    { what: "an error that quotes too little", sent: error.icmp(NEEDED).payload(quoted.slice(0, 22)) },
    { what: "an error that quotes nothing", sent: error.icmp(NEEDED) },
    { what: "an echo request", sent: error.icmp({ type: 8, code: 0 }) },
    { what: "an echo reply", sent: error.icmp({ type: 0, code: 0 }) },
    { what: "a neighbour solicitation", sent: outside.ipv6().icmpv6({ type: 135, code: 0 }).payload(20) },
  ];
  for (const { what, sent } of rows) {
    test(what, async () => {
      const { action, verdict, bytes } = await dataplane.send(sent);
      assert.deepEqual([action, verdict], ["pass", "not-tcp-udp"]);
      assert.deepEqual(bytes, sent.bytes());
    });
  }
});

test("an error whose TTL runs out is dropped, not answered with another error", async () => {
  await opened(80, 5009);
  const quoted = quote(packet().ipv4({ source: VIP, destination: CIP }).tcp(ports(80, 5009)));
  const sent = outside.ipv4({ source: ROUTER, destination: VIP, ttl: 1 }).icmp(NEEDED).payload(quoted);
  const { action, verdict } = await dataplane.send(sent);
  assert.deepEqual([action, verdict], ["drop", "ttl-expired"]);
});
