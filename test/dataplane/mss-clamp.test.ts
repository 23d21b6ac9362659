// SPDX-License-Identifier: MIT
// The MSS clamp: what SYN packets announce is lowered on the way to the server and back, checksum and all.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { Method, VirtualService } from "../../src/model/service.ts";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { address, server, service } from "../support/memory-director.ts";
import { decode, layerOf, type Packet, packet, type TcpFlag } from "../support/packet.ts";

const RIP = "10.1.0.1";
const RIP6 = "2001:db8:1::1";
const CIP = "10.1.2.3";
const CIP6 = "2001:db8:c::3";
const VIP6 = "2001:db8::1";
const CLAMP = 1360;

const one = (port: number, method: Method, more: Partial<VirtualService> = {}) =>
  service([server(RIP, { port, method })], { port, mssClamp: CLAMP, ...more } as Partial<VirtualService>);
const services = [
  one(80, "direct"),
  one(81, "tunnel"),
  one(82, "masquerade"),
  service([server(RIP, { port: 83 })], { port: 83 }),
  service([server(RIP6, { port: 84, method: "masquerade" })], {
    vip: address(VIP6),
    port: 84,
    mssClamp: CLAMP,
  } as Partial<VirtualService>),
];

let dataplane: DataplaneUnderTest;
before(async () => {
  dataplane = await DataplaneUnderTest.onAStick({ services });
});
after(() => dataplane.close());

const mss = (bytes: number) => [2, 4, bytes >> 8, bytes & 0xff];
const NOTHING = 1;
const SACK_PERMITTED = [4, 2];
const TIMESTAMPS = [8, 10, 1, 2, 3, 4, 5, 6, 7, 8];
const SYN: readonly TcpFlag[] = ["syn"];

interface Sent {
  readonly port?: number;
  readonly cport?: number;
  readonly flags?: readonly TcpFlag[];
}

function toVip(options: readonly number[], { port = 80, cport = 1000, flags = SYN }: Sent = {}): Packet {
  const tcp = { sourcePort: cport, destinationPort: port, flags, options: Uint8Array.from(options) };
  return packet().ethernet().ipv4({ source: CIP, dontFragment: true }).tcp(tcp);
}

/** The innermost TCP header's options, the checksum being right. */
async function optionsAfter(sent: Packet): Promise<number[]> {
  const { action, bytes } = await dataplane.send(sent);
  assert.equal(action, "tx");
  const tcp = layerOf(decode(bytes), "tcp");
  assert.ok(tcp.checksumValid);
  return [...tcp.options];
}

describe("the largest MSS that the server is told", () => {
  const rows: readonly { what: string; given: number[]; told: number[]; sent?: Sent }[] = [
    { what: "is the clamp", given: mss(1460), told: mss(CLAMP) },
    { what: "is the client's where that is smaller", given: mss(1300), told: mss(1300) },
    { what: "is the client's where that is just as large", given: mss(CLAMP), told: mss(CLAMP) },
    {
      what: "may stand behind other options",
      given: [...SACK_PERMITTED, ...TIMESTAMPS, ...mss(9000)],
      told: [...SACK_PERMITTED, ...TIMESTAMPS, ...mss(CLAMP)],
    },
    {
      what: "may stand at an odd place",
      given: [NOTHING, ...mss(1460), NOTHING, NOTHING, NOTHING],
      told: [NOTHING, ...mss(CLAMP), NOTHING, NOTHING, NOTHING],
    },
    {
      what: "may be the last of forty bytes",
      given: [...new Array<number>(36).fill(NOTHING), ...mss(1460)],
      told: [...new Array<number>(36).fill(NOTHING), ...mss(CLAMP)],
    },
    { what: "is lowered in a tunnel", given: mss(1460), told: mss(CLAMP), sent: { port: 81 } },
    { what: "is lowered by masquerading, too", given: mss(1460), told: mss(CLAMP), sent: { port: 82 } },
    { what: "is left alone where the service does not ask", given: mss(1460), told: mss(1460), sent: { port: 83 } },
  ];
  for (const [index, { what, given, told, sent }] of rows.entries()) {
    test(what, async () => {
      assert.deepEqual(await optionsAfter(toVip(given, { cport: 1000 + index, ...sent })), told);
    });
  }

  test("is lowered in every SYN of a connection", async () => {
    for (let n = 0; n < 3; n++) assert.deepEqual(await optionsAfter(toVip(mss(1460), { cport: 1100 })), mss(CLAMP));
  });
});

describe("what is not an MSS to be lowered stays as it is", () => {
  const rows: readonly { what: string; given: number[]; flags?: readonly TcpFlag[] }[] = [
    { what: "no options", given: [] },
    { what: "in a packet that is no SYN", given: mss(1460), flags: ["ack"] },
    { what: "behind the end of options", given: [0, 0, 0, 0, ...mss(1460)] },
    { what: "behind an option of no length", given: [99, 0, 0, 0, ...mss(1460)] },
    { what: "behind an option longer than the header", given: [99, 60, 0, 0, ...mss(1460)] },
    { what: "an option of its kind with another length", given: [2, 6, 5, 180, 0, 0, 1, 1] },
    { what: "cut off at the end of the header", given: [1, 1, 2, 4] },
  ];
  for (const [index, { what, given, flags = SYN }] of rows.entries()) {
    test(what, async () => {
      await optionsAfter(toVip([], { cport: 1200 + index }));
      assert.deepEqual(await optionsAfter(toVip(given, { cport: 1200 + index, flags })), given);
    });
  }
});

test("a masqueraded server's answer tells the client no more either, in both families", async () => {
  const options = Uint8Array.from(mss(1460));
  const answer = { flags: ["syn", "ack"] as const, options };
  await optionsAfter(toVip(mss(1460), { port: 82, cport: 1300 }));
  const reply = packet().ethernet().ipv4({ source: RIP, destination: CIP });
  const told = await optionsAfter(reply.tcp({ sourcePort: 82, destinationPort: 1300, ...answer }));
  assert.deepEqual(told, mss(CLAMP));

  const ports = { sourcePort: 1301, destinationPort: 84 };
  const six = packet()
    .ethernet()
    .ipv6({ source: CIP6, destination: VIP6 })
    .tcp({ ...ports, options });
  assert.deepEqual(await optionsAfter(six), mss(CLAMP));
  const reply6 = packet().ethernet().ipv6({ source: RIP6, destination: CIP6 });
  const told6 = await optionsAfter(reply6.tcp({ sourcePort: 84, destinationPort: 1301, ...answer }));
  assert.deepEqual(told6, mss(CLAMP));
});

test("it ends when the service no longer asks for it", async () => {
  const before = dataplane.director.desired;
  await dataplane.director.change((state) => ({
    ...state,
    services: state.services.map(({ mssClamp: _, ...others }) => others as VirtualService),
  }));
  assert.deepEqual(await optionsAfter(toVip(mss(1460), { cport: 1400 })), mss(1460));
  await dataplane.director.change(() => before);
  assert.deepEqual(await optionsAfter(toVip(mss(1460), { cport: 1400 })), mss(CLAMP));
});
