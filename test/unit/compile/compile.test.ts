// SPDX-License-Identifier: MIT
// Desired state -> image -> operations, as text: what an operator sees with `xdirector dump`.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import fc from "fast-check";
import { compile, reclaim } from "../../../src/compile/compile.ts";
import { applyOps, diff } from "../../../src/compile/diff.ts";
import { dump } from "../../../src/compile/dump.ts";
import { type DataplaneImage, EMPTY_IMAGE } from "../../../src/compile/image.ts";
import type { NextHop } from "../../../src/model/next-hop.ts";
import { EMPTY_STATE, type RealServer, type VirtualService } from "../../../src/model/service.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../../src/model/settings.ts";
import { address, ONE_HOP, server, service } from "../../support/memory-director.ts";

const HOP = "via 2 02:00:00:00:00:01 > 02:00:00:00:00:02 dip 10.0.0.1 mtu 1500";
const FIRST = "10.1.0.1";
const SECOND = "10.1.0.2";

const COMPILE_NOTHING = { nextHops: new Map(), interfaces: new Map(), position: () => ({ position: 0, used: false }) };

function compiled(services: readonly VirtualService[], held: DataplaneImage = EMPTY_IMAGE, used = false) {
  const addresses = services.flatMap(({ servers }) => servers.map(({ rip }) => rip));
  const nextHops = new Map(addresses.map((rip) => [rip, ONE_HOP]));
  return compile({
    ...COMPILE_NOTHING,
    desired: { ...EMPTY_STATE, services },
    nextHops,
    held,
    position: () => ({ position: 0, used }),
  });
}

describe("compile", () => {
  test("refuses more services and servers than the data plane has places for, and says how many those are", () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => server(`10.${index >> 16}.${(index >> 8) & 255}.${index & 255}`));
    const services = Array.from({ length: 16_385 }, (_, index) => service([], { port: index + 1 }));
    assert.equal(compiled(services.slice(1)).services.size, 16_384);
    assert.throws(() => compiled(services), /no room for more than 16384 virtual services/);
    assert.throws(() => compiled([service(many(131_073))]), /no room for more than 131072 real servers/);
  });

  const both = compiled([service([server(FIRST, { weight: 2 }), server(SECOND, { method: "tunnel" })])]);

  test("serves the newest server first", () => {
    assert.deepEqual(dump(both), [
      "service 0 tcp 192.0.2.1:80 rr",
      "table 0 next 0 of [1 0]",
      `server 0 of 0 ${FIRST}:80 direct weight 2 ${HOP}`,
      `server 1 of 0 ${SECOND}:80 tunnel weight 1 ${HOP}`,
    ]);
  });

  test("keeps ids and slots when services and servers before them go", () => {
    const other = service([server(FIRST)], { port: 443 });
    const held = compiled([service([server(FIRST)]), other]);
    const wanted = reclaim(compiled([other], held), () => false);
    assert.deepEqual(dump(wanted), [
      "service 1 tcp 192.0.2.1:443 rr",
      "table 1 next 0 of [1]",
      `server 1 of 1 ${FIRST}:80 direct weight 1 ${HOP}`,
    ]);
  });

  test("keeps a removed server's slot while flows name it, and gives it back when the server returns", () => {
    const one = compiled([service([server(FIRST)])], both);
    assert.equal(one.servers.get(1)?.method, "none");
    assert.deepEqual(one.tables.get(0)?.slots, [0]);
    assert.equal(
      reclaim(one, () => true),
      one,
    );
    const again = compiled([service([server(FIRST), server(SECOND)])], one);
    assert.deepEqual(again.tables.get(0)?.slots, [1, 0]);
  });

  test("keeps a removed service known until its last server is forgotten", () => {
    const gone = compiled([], both);
    assert.match(dump(gone).join("\n"), /^service 0 tcp 192.0.2.1:80 rr removed\n/);
    assert.equal(gone.tables.size, 0);
    assert.deepEqual(dump(reclaim(gone, () => false)), []);
    assert.equal(
      compiled([service([])], gone)
        .services.values()
        .next().value?.id,
      0,
    );
  });

  test("leaves a server without next hop unresolved instead of out of the rotation", () => {
    const image = compile({
      desired: { ...EMPTY_STATE, services: [service([server(FIRST)])] },
      ...COMPILE_NOTHING,
      held: EMPTY_IMAGE,
    });
    assert.equal(image.servers.get(0)?.nextHop.kind, "unresolved");
    assert.deepEqual(image.tables.get(0)?.slots, [0]);
  });
});

function withSettings(settings: Settings, held: DataplaneImage = EMPTY_IMAGE): DataplaneImage {
  const desired = { services: [service([server(FIRST)])], settings };
  return compile({ ...COMPILE_NOTHING, desired, held });
}

describe("settings", () => {
  const { timeouts } = DEFAULT_SETTINGS;

  test("come before everything else, and only when they changed", () => {
    const settings: Settings = { ...DEFAULT_SETTINGS, secureTcp: 3 };
    const held = withSettings(settings);
    assert.deepEqual(diff(EMPTY_IMAGE, held)[0], { op: "put-settings", settings });
    const same = { ...settings, timeouts: { ...timeouts } };
    assert.deepEqual(diff(held, withSettings(same, held)), []);
    const udp = { ...settings, timeouts: { ...timeouts, udp: 30 } };
    assert.deepEqual(diff(held, withSettings(udp, held)), [{ op: "put-settings", settings: udp }]);
  });

  test("are what they were told to be, and outlive reclaiming", () => {
    const wanted = withSettings({ ...DEFAULT_SETTINGS, pmtuDisc: 0 });
    const applied = applyOps(EMPTY_IMAGE, diff(EMPTY_IMAGE, wanted));
    assert.deepEqual(applied.settings, wanted.settings);
    const gone = compile({ ...COMPILE_NOTHING, desired: { services: [], settings: wanted.settings }, held: applied });
    assert.deepEqual(reclaim(gone, () => false).settings, wanted.settings);
  });

  test("are shown where they are not IPVS's defaults", () => {
    assert.doesNotMatch(dump(withSettings(DEFAULT_SETTINGS)).join("\n"), /settings/);
    const settings: Settings = {
      ...DEFAULT_SETTINGS,
      pmtuDisc: 0,
      connReuseMode: 2,
      timeouts: { ...timeouts, tcp: 60 },
    };
    assert.equal(dump(withSettings(settings))[0], "settings connReuseMode=2 pmtuDisc=0 timeouts.tcp=60");
  });
});

test("a tunnel is shown unless it is plain IPIP", () => {
  const gue = { type: "gue", port: 6080, checksum: true } as const;
  const gre = { type: "gre", port: 0, checksum: false } as const;
  const tunnels = [gue, gre, undefined].map((tunnel, index) =>
    server(`10.1.0.${index}`, { method: "tunnel", ...(tunnel && { tunnel }) }),
  );
  const lines = dump(compiled([service(tunnels)])).filter((line) => line.startsWith("server"));
  assert.deepEqual(
    lines.map((line) => /80 (.*) weight/.exec(line)?.[1]),
    ["tunnel gue 6080 checksum", "tunnel gre", "tunnel"],
  );
});

describe("diff", () => {
  test("writes servers before tables before services, and takes them away in the opposite order", () => {
    const held = compiled([service([server(FIRST)])]);
    const add = diff(EMPTY_IMAGE, held).map(({ op }) => op);
    assert.deepEqual(add, ["put-server", "put-table", "put-service"]);
    const remove = diff(held, EMPTY_IMAGE).map(({ op }) => op);
    assert.deepEqual(remove, ["delete-service", "delete-table", "delete-server"]);
  });

  test("says nothing when nothing changed", () => {
    const held = compiled([service([server(FIRST)])]);
    assert.deepEqual(diff(held, compiled([service([server(FIRST)])], held)), []);
  });

  test("a weight change of rr touches the server, and the table only when it becomes or leaves 0", () => {
    const held = compiled([service([server(FIRST)])]);
    const heavier = diff(held, compiled([service([server(FIRST, { weight: 5 })])], held));
    assert.deepEqual(heavier.map(({ op }) => op).includes("put-server"), true);
    const quiesced = diff(held, compiled([service([server(FIRST, { weight: 0 })])], held));
    assert.deepEqual(
      quiesced.find(({ op }) => op === "put-table"),
      { op: "put-table", service: 0, slots: [], position: 0, used: false },
    );
  });

  describe("wrr, two turns on, begins its pass anew as in the kernel", () => {
    const heavy = server(FIRST, { weight: 2 });
    const quiesced = server("10.1.0.3", { weight: 0 });
    const next = (servers: readonly RealServer[], nextHop: NextHop = ONE_HOP, held: DataplaneImage = EMPTY_IMAGE) =>
      compile({
        ...COMPILE_NOTHING,
        desired: { ...EMPTY_STATE, services: [service(servers, { scheduler: "wrr" })] },
        nextHops: new Map(servers.map(({ rip }) => [rip, nextHop])),
        held,
        // the lower level, both servers', has served the first of them
        position: () => ({ position: 2, used: true }),
      });
    const held = next([heavy, server(SECOND), quiesced]);
    const rows: readonly { readonly what: string; readonly servers: readonly RealServer[] }[] = [
      { what: "another upper threshold", servers: [{ ...heavy, upperThreshold: 9 }, server(SECOND), quiesced] },
      { what: "another lower threshold", servers: [{ ...heavy, lowerThreshold: 1 }, server(SECOND), quiesced] },
      { what: "another method", servers: [heavy, server(SECOND, { method: "tunnel" }), quiesced] },
      { what: "one gone that was quiesced", servers: [heavy, server(SECOND)] },
    ];
    for (const { what, servers } of rows) {
      test(what, () => {
        assert.deepEqual(next(servers, ONE_HOP, held).tables.get(0), { slots: [0, 1, 0], position: 1, used: true });
      });
    }

    test("but not when a next hop changes", () => {
      const moved = next([heavy, server(SECOND), quiesced], { ...ONE_HOP, mtu: 1400 }, held);
      assert.deepEqual(moved.tables.get(0), held.tables.get(0));
    });
  });

  const states = fc.array(
    fc.record({
      port: fc.integer({ min: 1, max: 3 }),
      scheduler: fc.constantFrom("rr" as const, "wrr" as const),
      servers: fc.uniqueArray(fc.record({ host: fc.integer({ min: 1, max: 4 }), weight: fc.nat({ max: 3 }) }), {
        selector: ({ host }) => host,
        maxLength: 4,
      }),
    }),
    { maxLength: 4 },
  );

  test("applying the difference between any two states yields the second", () => {
    fc.assert(
      fc.property(states, states, fc.boolean(), (first, second, used) => {
        const held = compiled(first.filter(firstOfItsPort).map(toService));
        const wanted = compiled(second.filter(firstOfItsPort).map(toService), held, used);
        const applied = applyOps(held, diff(held, wanted));
        assert.deepEqual(dump(applied), dump(wanted));
        assert.deepEqual(applied.services, wanted.services);
      }),
    );
  });
});

interface ServiceRow {
  readonly port: number;
  readonly scheduler: "rr" | "wrr";
  readonly servers: readonly { readonly host: number; readonly weight: number }[];
}

function toService({ port, scheduler, servers }: ServiceRow): VirtualService {
  const vip = address("192.0.2.1");
  return {
    protocol: "tcp",
    vip,
    port,
    scheduler,
    servers: servers.map((row) => server(`10.1.0.${row.host}`, { ...row, port })),
  };
}

function firstOfItsPort({ port }: ServiceRow, index: number, rows: readonly ServiceRow[]): boolean {
  return rows.findIndex((row) => row.port === port) === index;
}
