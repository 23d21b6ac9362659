// SPDX-License-Identifier: MIT
// One-packet scheduling in the real program: every datagram is by itself.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { DataplaneUnderTest } from "../support/dataplane.ts";
import { service } from "../support/memory-director.ts";
import {
  choices,
  connectionsOf,
  direct,
  FIRST,
  masqueraded,
  SECOND,
  serving,
  sticky,
  THIRD,
  templates,
  udp,
} from "../support/sticky-clients.ts";

let dataplane: DataplaneUnderTest;
before(async () => {
  dataplane = await DataplaneUnderTest.create({}, 512);
});
after(() => dataplane.close());

describe("one-packet scheduling", () => {
  const each = { protocol: "udp", port: 53, onePacket: true } as const;

  for (const [method, servers] of [
    ["direct", direct(53)],
    ["masquerade", masqueraded(53)],
  ] as const) {
    test(`chooses a server for every datagram and tracks no flow: ${method}`, () =>
      serving(dataplane, [service(servers, each)], async () => {
        const before = await connectionsOf(dataplane);
        assert.deepEqual(await choices(dataplane, [udp(), udp(), udp(), udp()]), [THIRD, SECOND, FIRST, THIRD]);
        assert.equal((await dataplane.port.sweep()).occupied, 0);
        assert.equal(await connectionsOf(dataplane), before + 4);
      }));
  }

  test("follows templates where the service is persistent", () =>
    serving(dataplane, [service(direct(53), { ...each, persistence: sticky() })], async () => {
      const sent = ["10.9.0.1", "10.9.0.2", "10.9.0.1"].map((from) => udp({ from }));
      assert.deepEqual(await choices(dataplane, sent), [THIRD, SECOND, THIRD]);
      assert.deepEqual(
        (await templates(dataplane)).map(({ flows }) => flows),
        [0, 0],
      );
    }));
});
