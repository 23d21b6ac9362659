// SPDX-License-Identifier: MIT
// dh, sh and mh in the real program: the servers that the kernel chose in every recorded case, and those that the
// reference chooses for a million clients.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import type { MaglevSize } from "../../src/model/maglev.ts";
import { EMPTY_STATE, type RealServer } from "../../src/model/service.ts";
import { Chooser } from "../support/chooser.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { type ReferenceServer, referenceMh, referenceSh } from "../support/hash-reference.ts";
import { address, ONE_HOP, server, service } from "../support/memory-director.ts";
import {
  edited,
  type RecordedCase,
  readCases,
  recordedPacket,
  recordedState,
  withServer,
} from "../support/scheduler-recordings.ts";

/** The last part of a server's address, read as hexadecimal digits, is the last byte of its MAC address. */
function giveMacs(dataplane: DataplaneUnderTest, rips: readonly string[]): void {
  for (const rip of rips) {
    const destinationMac = `02:00:00:00:01:${rip.split(/[.:]/).at(-1)}`;
    dataplane.nextHops.overrides.set(address(rip), { ...ONE_HOP, ifindex: INGRESS, destinationMac });
  }
}

/** That byte of the server a frame was sent to; an answer goes to a MAC address of another kind. */
function serverOf({ action, bytes }: ReturnType<DataplaneUnderTest["push"]>): number | undefined {
  return action === "tx" && bytes[4] === 1 ? bytes[5] : undefined;
}

describe("hashing schedulers choose the server that the kernel chose", () => {
  let dataplane: DataplaneUnderTest;
  before(async () => {
    dataplane = await DataplaneUnderTest.create({});
    giveMacs(dataplane, RECORDED_SERVERS);
  });
  after(() => dataplane.close());

  for (const group of ["dh", "sh", "mh"]) {
    for (const recorded of readCases(group)) {
      test(recorded.name, () => replay(dataplane, recorded));
    }
  }
});

const RECORDED_SERVERS = ["10.1.0.1", "2001:db8:1::1"].flatMap((prefix) => [1, 2, 3, 4].map((n) => `${prefix}${n}`));

async function replay(dataplane: DataplaneUnderTest, recorded: RecordedCase): Promise<void> {
  const { servers, events } = recorded;
  await dataplane.director.change(() => recordedState(recorded));
  for (const server of servers) await dataplane.director.change((state) => withServer(state, server));
  for (const event of events) {
    if (event.op === "ipvsadm") {
      await dataplane.director.change((state) => edited(state, event.cmd));
    } else if (event.op === "connect" || event.op === "packet") {
      const chosen = serverOf(dataplane.push(recordedPacket(recorded, event, "syn")));
      assert.equal(chosen === undefined ? null : `rs${chosen & 0xf}`, event.server, `connection ${event.n}`);
    }
  }
}

/** `enum scheduler` */
const NUMBERS = { sh: 9, mh: 10 } as const;

interface Comparison {
  readonly scheduler: keyof typeof NUMBERS;
  readonly fallback: boolean;
  /** Buckets of mh. */
  readonly size: MaglevSize;
  readonly clients: number;
}

const COMPARISONS: readonly Comparison[] = [
  { scheduler: "sh", fallback: true, size: 4093, clients: 1_000_000 },
  { scheduler: "mh", fallback: true, size: 4093, clients: 1_000_000 },
  { scheduler: "sh", fallback: false, size: 4093, clients: 100_000 },
  { scheduler: "mh", fallback: false, size: 251, clients: 100_000 },
  { scheduler: "mh", fallback: true, size: 131_071, clients: 100_000 },
];

describe("hashing schedulers choose what the reference chooses", () => {
  let dataplane: DataplaneUnderTest;
  let chooser: Chooser;
  before(async () => {
    dataplane = await DataplaneUnderTest.create({});
    chooser = new Chooser(dataplane.loaded.maps);
  });
  after(async () => {
    chooser[Symbol.dispose]();
    await dataplane.close();
  });

  for (const comparison of COMPARISONS) {
    const { scheduler, fallback, size, clients } = comparison;
    const name = `${scheduler}${scheduler === "mh" ? ` of ${size} buckets` : ""}${fallback ? " with fallback" : ""}`;
    test(`${name}, for ${clients} clients`, () => compare(dataplane, chooser, comparison));
  }
});

/** Weights 0 to 6; every third server is quiesced after it was added. */
async function compare(dataplane: DataplaneUnderTest, chooser: Chooser, comparison: Comparison): Promise<void> {
  const { scheduler, fallback, size, clients } = comparison;
  const { director } = dataplane;
  const servers = Array.from({ length: 40 }, (_, at) => server(`10.1.0.${at + 10}`, { weight: (at * 5) % 7 }));
  const isQuiesced = (at: number) => at % 3 === 0;
  const web = service(servers, { scheduler, mhTableSize: size });
  await director.change(() => ({ ...EMPTY_STATE, services: [web] }));
  const quieter = servers.map((each, at) => (isQuiesced(at) ? { ...each, weight: 0 } : each));
  await director.change((state) => ({ ...state, services: [{ ...web, servers: quieter }] }));

  const values = Uint32Array.from({ length: clients }, (_, client) => Math.imul(client, 0x9e3779b1));
  const [entry] = [...director.held.services.values()];
  const asked = { service: entry?.id ?? 0, scheduler: NUMBERS[scheduler], fallsBack: fallback ? 1 : 0 };
  const slots = chooser.choose(asked, values);
  const reference = (scheduler === "sh" ? referenceSh : referenceMh)({
    servers: servers.map((each, at) => referenceServer(each, isQuiesced(at) ? 0 : each.weight)).reverse(),
    fallback,
    size,
  });
  const chosen = new Map([...director.held.servers].map(([slot, { rip }]) => [slot, Number(rip.split(".")[3])]));
  const wrong = values.findIndex((value, client) => chosen.get(slots[client] as number) !== reference(value));
  assert.equal(wrong, -1, `client ${values[wrong]}`);
}

function referenceServer({ rip, port, weight: lastWeight }: RealServer, weight: number): ReferenceServer {
  const [a = 0, b = 0, c = 0, d = 0] = rip.split(".").map(Number);
  return { name: d, address: ((a << 24) | (b << 16) | (c << 8) | d) >>> 0, port, weight, lastWeight };
}
