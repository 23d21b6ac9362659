// SPDX-License-Identifier: MIT
// `addresses`: VIPs that the director owns itself, in documents and beside keepalived's.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { toDocument } from "../../../src/config/document.ts";
import { inherit } from "../../../src/config/keepalived/inherit.ts";
import { parseDocument } from "../../../src/config/parse-document.ts";
import { ownedVips } from "../../../src/model/owned-addresses.ts";

const SERVICES = [
  { protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr" },
  { protocol: "tcp", vip: "192.0.2.1", port: 443, scheduler: "rr" },
  { protocol: "udp", vip: "2001:db8::1", port: 53, scheduler: "rr" },
  { mark: 7, scheduler: "rr" },
];

describe("addresses that the director owns", () => {
  const written: readonly unknown[] = [
    "managed",
    { interface: "eth1" },
    { interface: "eth0", refresh: 60 },
    { refresh: 0.5 },
  ];
  for (const addresses of written) {
    test(`are written as they were read: ${JSON.stringify(addresses)}`, () => {
      assert.deepEqual(toDocument(parseDocument({ services: [], addresses })).addresses, addresses);
    });
  }

  test("are the VIPs of all services, each once; without the word for it, none", () => {
    const vips = (document: object) => [...ownedVips(parseDocument({ services: SERVICES, ...document }))];
    assert.deepEqual(vips({ addresses: "managed" }), ["192.0.2.1", "2001:db8::1"]);
    assert.deepEqual(vips({}), []);
  });

  for (const addresses of ["none", { interface: "" }, { refresh: -1 }, { other: 1 }, null]) {
    test(`are refused when they are ${JSON.stringify(addresses)}`, () => {
      assert.throws(() => parseDocument({ services: [], addresses }), /addresses/);
    });
  }

  test("are refused where keepalived owns addresses", () => {
    assert.throws(() => parseDocument({ services: [], addresses: "managed", vrrp: "vrrp_instance A {}" }), {
      message: "with vrrp, addresses are keepalived's: they cannot be managed by the director as well",
    });
  });

  test("stay the director's when a keepalived.conf is read, unless it has VRRP", () => {
    const before = parseDocument({ services: SERVICES, addresses: "managed" });
    const wanted = parseDocument({ services: [] });
    assert.deepEqual(inherit(wanted, before).addresses, before.addresses);
    assert.equal(inherit({ ...wanted, vrrp: "vrrp_instance A {}" }, before).addresses, undefined);
  });
});
