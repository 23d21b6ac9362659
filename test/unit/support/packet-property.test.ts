// SPDX-License-Identifier: MIT
// decode(build(x)) = x for any stack of layers, and decode() survives any bytes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import type { FieldsByLayer, LayerName } from "../../support/packet/layers.ts";
import { decode, type LayerInput, Packet, TCP_FLAGS } from "../../support/packet.ts";

const bits = (width: number) => fc.nat({ max: 2 ** width - 1 });
const bytes = (unit: number, max: number, rest = 0) =>
  fc.nat({ max }).chain((count) => fc.uint8Array({ minLength: rest + count * unit, maxLength: rest + count * unit }));
const mac = fc
  .uint8Array({ minLength: 6, maxLength: 6 })
  .map((raw) => Array.from(raw, (byte) => byte.toString(16).padStart(2, "0")).join(":"));
const ipv4 = fc.ipV4();
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map((raw) => ({ raw }));
const port = bits(16).filter((value) => value !== 6080);

/** Canonical text of 16 bytes through the platform, not through the code under test. */
const canonical = ({ raw }: { raw: Uint8Array }): string => {
  const words = Array.from({ length: 8 }, (_, index) =>
    (((raw[index * 2] ?? 0) << 8) | (raw[index * 2 + 1] ?? 0)).toString(16),
  );
  return new URL(`http://[${words.join(":")}]/`).hostname.slice(1, -1);
};

const link = fc.record({ destination: mac, source: mac });
const tag = fc.record({
  protocol: fc.constantFrom(0x8100, 0x88a8),
  id: bits(12),
  priority: bits(3),
  dropEligible: fc.boolean(),
});
const ip4 = fc.record({
  tos: bits(8),
  id: bits(16),
  dontFragment: fc.boolean(),
  moreFragments: fc.boolean(),
  ttl: bits(8),
  source: ipv4,
  destination: ipv4,
  options: bytes(4, 10),
});
const ip6 = fc.record({
  trafficClass: bits(8),
  flowLabel: bits(20),
  hopLimit: bits(8),
  source: ipv6.map(canonical),
  destination: ipv6.map(canonical),
});
const tcp = fc.record({
  sourcePort: port,
  destinationPort: port,
  sequence: bits(32),
  acknowledgement: bits(32),
  flags: fc.subarray([...TCP_FLAGS]),
  window: bits(16),
  urgent: bits(16),
  options: bytes(4, 10),
});
const udp = fc.record({ sourcePort: port, destinationPort: port });
const icmp = fc.record({ type: bits(8), code: bits(8), rest: bits(32) });
const extension = fc.record({ protocol: fc.constantFrom(0, 43, 60), body: bytes(8, 3, 6) });
const gre = fc.record({
  key: fc.option(bits(32), { nil: undefined }),
  sequence: fc.option(bits(32), { nil: undefined }),
});
const gue = fc.record({ control: fc.constant(false), flags: bits(16), extensions: bytes(4, 5) });

const layer = <Name extends LayerName>(name: Name, fields: fc.Arbitrary<Partial<FieldsByLayer[Name]>>) =>
  fields.map((values) => [{ layer: name, fields: values } as LayerInput]);
const chain = (...parts: readonly fc.Arbitrary<readonly LayerInput[]>[]) =>
  fc.tuple(...parts).map((lists) => lists.flat());

const links = chain(
  layer("ethernet", link),
  fc.array(tag, { maxLength: 2 }).map((tags) => tags.map((fields): LayerInput => ({ layer: "vlan", fields }))),
);
const network = fc.oneof(
  layer("ipv4", ip4),
  chain(layer("ipv6", ip6), fc.oneof(fc.constant([]), layer("extension", extension))),
);
const tunnel = fc.oneof(
  fc.constant([]),
  network,
  chain(network, layer("gre", gre)),
  chain(network, layer("udp", fc.record({ sourcePort: port })), layer("gue", gue)),
);
const transport = fc.oneof(layer("tcp", tcp), layer("udp", udp), layer("icmp", icmp), layer("icmpv6", icmp));
const stack = chain(links, tunnel, network, transport);

describe("packet properties", () => {
  it("decoding what was built yields every field that was given, and the payload", () => {
    fc.assert(
      fc.property(stack, fc.uint8Array({ maxLength: 64 }), (layers, payload) => {
        const decoded = decode(new Packet(layers, payload).bytes());
        assert.deepEqual(
          decoded.layers.map((each) => each.layer),
          layers.map((each) => each.layer),
        );
        for (const [index, { fields }] of layers.entries()) {
          const got: Record<string, unknown> = { ...decoded.layers[index] };
          for (const [name, value] of Object.entries(fields)) assert.deepEqual(got[name], value, name);
          assert.notEqual(got["checksumValid"], false);
        }
        assert.deepEqual(decoded.payload, payload);
        assert.equal(decoded.trailer.length, 0);
      }),
      { numRuns: 500 },
    );
  });

  it("building what was decoded yields the same bytes", () => {
    fc.assert(
      fc.property(stack, fc.uint8Array({ maxLength: 64 }), (layers, payload) => {
        const first = new Packet(layers, payload).bytes();
        const decoded = decode(first);
        const again = decoded.layers.map(({ layer: name, ...fields }) => ({ layer: name, fields }) as LayerInput);
        assert.deepEqual(new Packet(again, decoded.payload).bytes(), first);
      }),
    );
  });

  it("decodes any bytes without an error and loses none", () => {
    const start = fc.constantFrom<LayerName>("ethernet", "ipv4", "ipv6", "gre", "gue", "tcp");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), start, (raw, first) => {
        const decoded = decode(raw, first);
        assert.ok(decoded.payload.length + decoded.trailer.length <= raw.length);
      }),
      { numRuns: 1000 },
    );
  });

  it("decodes every truncation and every damaged copy of a packet without an error", () => {
    fc.assert(
      fc.property(stack, fc.nat(), fc.nat(), bits(8), (layers, cut, at, value) => {
        const whole = new Packet(layers).bytes();
        const damaged = new Packet(layers)
          .mutate((raw) => {
            raw[at % whole.length] = value;
          })
          .truncate(cut % (whole.length + 1))
          .bytes();
        assert.equal(damaged.length, cut % (whole.length + 1));
        assert.ok(decode(damaged).layers.length <= layers.length + 20);
      }),
    );
  });
});
