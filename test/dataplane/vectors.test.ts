// SPDX-License-Identifier: MIT
// The vectors, which say what the kernel's IPVS does, through the real program by test run.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { parseDocument } from "../../src/config/parse-document.ts";
import type { Flow } from "../../src/dataplane/port.ts";
import { type Address, familyOf } from "../../src/model/address.ts";
import type { NextHop } from "../../src/model/next-hop.ts";
import { EMPTY_STATE, endpoint } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { address } from "../support/memory-director.ts";
import { decode } from "../support/packet.ts";
import { assertSameFrames, assertSameFramesInAnyOrder, type Frame } from "../vectors/compare.ts";
import { type Feature, missingFeatures, NEEDS_ROUTES } from "../vectors/features.ts";
import {
  type ChangeStep,
  type Fate,
  isPacketStep,
  type LabDescription,
  type PacketStep,
  readLab,
  readVectors,
  type Vector,
  type Vlan,
  type WaitStep,
} from "../vectors/format.ts";

const lab = readLab();
const MAX_FLOWS = 4096;
const ACTIONS: Readonly<Record<Fate, readonly string[]>> = {
  forwarded: ["tx", "redirect"],
  answered: ["tx", "redirect"],
  stack: ["pass"],
  dropped: ["drop"],
};

for (const [file, { source, vectors }] of readVectors()) {
  describe(`${file}, as ${source}`, () => {
    let dataplane: DataplaneUnderTest;
    before(async () => {
      dataplane = await DataplaneUnderTest.create({});
      for (const [ip, hop] of nextHops(lab)) dataplane.nextHops.overrides.set(ip, hop);
    });
    after(() => dataplane.close());

    for (const vector of vectors) {
      if (missingHere(vector).length === 0) test(vector.name, () => follow(dataplane, vector));
    }
  });
}

test("vectors that are not compared are listed", (t) => {
  const all = [...readVectors().values()].flatMap(({ vectors }) => vectors);
  const waiting = all.filter((vector) => missingHere(vector).length > 0);
  for (const vector of waiting) t.diagnostic(`not compared: ${vector.name} (${missingHere(vector).join(", ")})`);
  assert.ok(waiting.length < all.length);
});

function missingHere({ needs = [] }: Vector): readonly Feature[] {
  return [...missingFeatures(needs), ...needs.filter((feature) => NEEDS_ROUTES.includes(feature))];
}

/** The vectors of a file share a data plane, but no client. */
async function follow(dataplane: DataplaneUnderTest, vector: Vector): Promise<void> {
  const { name, configuration, steps, inAnyOrder } = vector;
  await dataplane.director.change(() => EMPTY_STATE);
  await dataplane.director.change(() => parseDocument(configuration));
  const flows = () => flowsOf(dataplane, clientsOf(vector));
  const sequence: Frame[] = [];
  for (const step of steps) {
    if (!isPacketStep(step)) {
      await pass(dataplane, step);
      assert.deepEqual(await flows(), step.flows, step.what);
      continue;
    }
    const { action, bytes } = dataplane.push(Buffer.from(step.frame, "hex"));
    const out = ACTIONS.forwarded.includes(action) ? [{ frame: Buffer.from(bytes).toString("hex") }] : [];
    sequence.push(...out);
    if (!inAnyOrder) assertStep({ step, action, bytes, out, flows: await flows() });
  }
  if (!inAnyOrder) return;
  assertSameFramesInAnyOrder(
    sequence,
    steps.flatMap((step) => (isPacketStep(step) ? (step.out ?? []) : [])),
    name,
  );
  assert.deepEqual(await flows(), steps.at(-1)?.flows);
}

/** What happens between packets. */
async function pass({ director, port }: DataplaneUnderTest, step: ChangeStep | WaitStep): Promise<void> {
  if ("wait" in step) await setTimeout(step.wait * 1000);
  else await director.change(() => parseDocument(step.change));
  await port.sweep();
}

interface Observation {
  readonly step: PacketStep;
  readonly action: string;
  readonly bytes: Uint8Array;
  readonly out: readonly Frame[];
  readonly flows: readonly string[];
}

function assertStep({ step, action, bytes, out, flows }: Observation): void {
  const { what, frame, fate } = step;
  assert.ok(ACTIONS[fate].includes(action), `${what}: ${fate} expected, not ${action}`);
  if (fate === "stack") assert.equal(Buffer.from(bytes).toString("hex"), frame, what);
  assertSameFrames(out, step.out ?? [], what);
  assert.deepEqual(flows, step.flows, what);
}

function clientsOf({ steps }: Vector): ReadonlySet<string> {
  const sent = steps.filter(isPacketStep).filter(({ via }) => via === "clients");
  const frames = sent.map(({ frame }) => decode(Buffer.from(frame, "hex")));
  return new Set(frames.flatMap(({ layers: [, ip] }) => (ip && "source" in ip ? [ip.source] : [])));
}

async function flowsOf({ port, director }: DataplaneUnderTest, clients: ReadonlySet<string>): Promise<string[]> {
  const { flows } = await port.flows(0, MAX_FLOWS);
  const theirs = flows.filter(({ cip }) => clients.has(cip));
  return theirs.map((flow) => `${describeFlow(flow)} ${serverName(flow)} ${flow.state}`).sort();

  function serverName({ server: slot, rport }: Flow): string {
    const server = director.serverAt(slot);
    return server ? endpoint(server.rip, rport ?? server.port) : "-";
  }
}

function describeFlow({ protocol, cip, cport, vip, vport }: Flow): string {
  return `${protocol} ${endpoint(cip, cport)} ${endpoint(vip, vport)}`;
}

/** What the director of the lab would find in its route and neighbour tables. */
function* nextHops({ mtu, wires }: LabDescription): Generator<[Address, NextHop]> {
  for (const { mac, addresses, gateway, routes, neighbours, vlans } of Object.values(wires)) {
    const own = addresses.map((each) => address(each.split("/")[0] ?? ""));
    const to = (ip: Address, destinationMac: string, pathMtu = mtu): [Address, NextHop] => {
      const dip = own.find((each) => familyOf(each) === familyOf(ip)) ?? ip;
      return [ip, { kind: "resolved", ifindex: INGRESS, mtu: pathMtu, sourceMac: mac, destinationMac, dip }];
    };
    for (const ip of own) yield [ip, { kind: "local" }];
    for (const neighbour of neighbours) {
      for (const text of neighbour.addresses) yield to(address(text), neighbour.mac);
    }
    yield* vlans.flatMap((vlan) => [...inVlan(vlan, { mac, mtu })]);
    // The servers behind a route are host 11 of its network.
    for (const route of routes) yield to(address(hostEleven(route.to)), gateway.mac, route.mtu);
  }
}

function* inVlan(
  { id, addresses, neighbours }: Vlan,
  { mac, mtu }: { readonly mac: string; readonly mtu: number },
): Generator<[Address, NextHop]> {
  const own = addresses.map((each) => address(each.split("/")[0] ?? ""));
  for (const { mac: destinationMac, addresses: theirs } of neighbours) {
    for (const ip of theirs.map(address)) {
      const dip = own.find((each) => familyOf(each) === familyOf(ip)) ?? ip;
      yield [ip, { kind: "resolved", ifindex: INGRESS, vlan: id, mtu, sourceMac: mac, destinationMac, dip }];
    }
  }
}

function hostEleven(network: string): string {
  const prefix = network.split("/")[0] ?? "";
  return prefix.includes(":") ? `${prefix}11` : prefix.replace(/0$/, "11");
}
