// SPDX-License-Identifier: MIT

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fc from "fast-check";
import { toDocument } from "../../../src/config/document.ts";
import { parseDocument } from "../../../src/config/parse-document.ts";
import { describeService, IPIP } from "../../../src/model/service.ts";
import { DEFAULT_SETTINGS } from "../../../src/model/settings.ts";
import { vipOf } from "../../support/memory-director.ts";
import { arbitraryState } from "./arbitrary-state.ts";

const SERVICE = { protocol: "tcp", vip: "192.0.2.1", port: 80, scheduler: "rr" };
const SERVER = { rip: "10.0.0.1", method: "direct" };

function withServer(server: object): object {
  return { services: [{ ...SERVICE, servers: [{ ...SERVER, ...server }] }] };
}

describe("the native document", () => {
  it("fills in what is left out", () => {
    assert.deepEqual(parseDocument({ services: [SERVICE, { ...SERVICE, port: 81, servers: [SERVER] }] }), {
      services: [
        { ...SERVICE, servers: [] },
        { ...SERVICE, port: 81, servers: [{ ...SERVER, port: 81, weight: 1 }] },
      ],
      settings: DEFAULT_SETTINGS,
    });
  });

  it("fills in settings one by one", () => {
    const { settings } = parseDocument({ services: [], settings: { sloppy_tcp: 1, timeouts: { tcpfin: 5 } } });
    const timeouts = { ...DEFAULT_SETTINGS.timeouts, tcpFin: 5 };
    assert.deepEqual(settings, { ...DEFAULT_SETTINGS, sloppyTcp: 1, timeouts });
  });

  it("calls settings by the names of IPVS's sysctls", () => {
    assert.deepEqual(toDocument(parseDocument({ services: [] })).settings, {
      conn_reuse_mode: 1,
      expire_nodest_conn: 0,
      expire_quiescent_template: 0,
      sloppy_tcp: 0,
      sloppy_sctp: 0,
      nat_icmp_send: 0,
      pmtu_disc: 1,
      secure_tcp: 0,
      drop_entry: 0,
      drop_packet: 0,
      am_droprate: 10,
      amemthresh: 1024,
      lblc_expiration: 86_400,
      lblcr_expiration: 86_400,
      timeouts: { tcp: 900, tcpfin: 120, udp: 300 },
    });
  });

  const TUNNELS: readonly [given: object, printed: object | undefined][] = [
    [{ type: "ipip" }, undefined],
    [
      { type: "gue", port: 6080 },
      { type: "gue", port: 6080, checksum: false },
    ],
    [
      { type: "gue", port: 1, checksum: true },
      { type: "gue", port: 1, checksum: true },
    ],
    [
      { type: "gue", port: 1, remoteChecksum: true },
      { type: "gue", port: 1, checksum: false, remoteChecksum: true },
    ],
    [{ type: "gre" }, { type: "gre", checksum: false }],
    [
      { type: "gre", checksum: true },
      { type: "gre", checksum: true },
    ],
  ];
  for (const [given, printed] of TUNNELS) {
    it(`prints the tunnel ${JSON.stringify(given)} as ${JSON.stringify(printed)}`, () => {
      const state = parseDocument(withServer({ method: "tunnel", tunnel: given }));
      assert.deepEqual(state.services[0]?.servers[0]?.tunnel, { ...IPIP, ...given });
      assert.deepEqual(toDocument(state).services[0]?.servers[0]?.tunnel, printed);
    });
  }

  it("names a service by a mark, of IPv4 unless it says otherwise, with servers on ports of their own", () => {
    const servers = [SERVER, { ...SERVER, port: 8080 }];
    const [first, second] = parseDocument({
      services: [
        { mark: 7, scheduler: "rr", servers },
        { mark: 7, family: "ipv6", scheduler: "rr" },
      ],
    }).services;
    assert.deepEqual([first?.servers[0]?.port, first?.servers[1]?.port], [0, 8080]);
    assert.deepEqual(second, { mark: 7, family: "ipv6", scheduler: "rr", servers: [] });
    assert.deepEqual(first && describeService(first), "fwm 7");
  });

  it("gives scheduler flags the names that ipvsadm prints, whatever they were called", () => {
    const flags = (scheduler: string, ...schedulerFlags: string[]) => {
      const state = parseDocument({ services: [{ ...SERVICE, scheduler, schedulerFlags }] });
      return toDocument(state).services[0]?.schedulerFlags;
    };
    assert.deepEqual(flags("sh", "sh-port", "flag-1", "flag-2"), ["sh-fallback", "sh-port"]);
    assert.deepEqual(flags("mh", "flag-3", "flag-2"), ["mh-port", "flag-3"]);
    assert.deepEqual(flags("rr", "flag-2"), ["flag-2"]);
    assert.equal(flags("rr"), undefined);
  });

  it("makes addresses canonical", () => {
    const servers = [{ ...SERVER, rip: "2001:0DB8::0:2" }];
    const services = [
      { ...SERVICE, vip: "2001:db8:0:0::1", servers },
      { ...SERVICE, vip: "::ffff:192.0.2.9" },
    ];
    const [first, second] = parseDocument({ services }).services;
    assert.equal(first && vipOf(first), "2001:db8::1");
    assert.equal(first?.servers[0]?.rip, "2001:db8::2");
    assert.equal(second && vipOf(second), "192.0.2.9");
  });

  it("does not change the value it reads", () => {
    const value = Object.freeze({ services: Object.freeze([Object.freeze({ ...SERVICE })]) });
    parseDocument(value);
    assert.deepEqual(value, { services: [SERVICE] });
  });

  it("reads back every state it writes", () => {
    fc.assert(
      fc.property(arbitraryState, (state) => {
        assert.deepEqual(parseDocument(JSON.parse(JSON.stringify(toDocument(state)))), state);
      }),
    );
  });
});
