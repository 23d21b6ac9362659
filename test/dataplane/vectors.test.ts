// SPDX-License-Identifier: MIT
// The vectors, which say what the kernel's IPVS does, through the real program by test run.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { parseDocument } from "../../src/config/document.ts";
import type { Flow } from "../../src/dataplane/port.ts";
import { type Address, familyOf } from "../../src/model/address.ts";
import type { NextHop } from "../../src/model/next-hop.ts";
import { endpoint } from "../../src/model/service.ts";
import { DataplaneUnderTest, INGRESS } from "../support/dataplane.ts";
import { address } from "../support/memory-director.ts";
import { assertSameFrames, type Frame } from "../vectors/compare.ts";
import { missingFeatures } from "../vectors/features.ts";
import { type Fate, type LabDescription, readLab, readVectors, type Step, type Vector } from "../vectors/format.ts";

const lab = readLab();
const ACTIONS: Readonly<Record<Fate, readonly string[]>> = {
  forwarded: ["tx", "redirect"],
  answered: ["tx", "redirect"],
  stack: ["pass"],
  dropped: ["drop"],
};

for (const [file, { source, vectors }] of readVectors()) {
  describe(`${file}, as ${source}`, () => {
    for (const vector of vectors) {
      if (missingFeatures(vector.needs).length === 0) test(vector.name, () => follow(vector));
    }
  });
}

test("vectors that are not compared are listed", (t) => {
  const all = [...readVectors().values()].flatMap(({ vectors }) => vectors);
  const waiting = all.filter(({ needs }) => missingFeatures(needs).length > 0);
  for (const { name, needs } of waiting) t.diagnostic(`not compared: ${name} (${missingFeatures(needs).join(", ")})`);
  assert.ok(waiting.length < all.length);
});

async function follow({ name, configuration, steps, asOneSequence }: Vector): Promise<void> {
  const dataplane = await DataplaneUnderTest.create({});
  try {
    for (const [ip, hop] of nextHops(lab)) dataplane.nextHops.overrides.set(ip, hop);
    await dataplane.director.change(() => parseDocument(configuration));
    const sequence: Frame[] = [];
    for (const step of steps) {
      const { action, bytes } = dataplane.push(Buffer.from(step.frame, "hex"));
      const out = ACTIONS.forwarded.includes(action) ? [{ frame: Buffer.from(bytes).toString("hex") }] : [];
      sequence.push(...out);
      if (!asOneSequence) await assertStep({ dataplane, step, action, bytes, out });
    }
    if (!asOneSequence) return;
    assertSameFrames(sequence, steps.flatMap(({ out = [] }) => out), name);
    assert.deepEqual(await flowsOf(dataplane), steps.at(-1)?.flows);
  } finally {
    await dataplane.close();
  }
}

interface Observation {
  readonly dataplane: DataplaneUnderTest;
  readonly step: Step;
  readonly action: string;
  readonly bytes: Uint8Array;
  readonly out: readonly Frame[];
}

async function assertStep({ dataplane, step, action, bytes, out }: Observation): Promise<void> {
  const { what, frame, fate, flows } = step;
  assert.ok(ACTIONS[fate].includes(action), `${what}: ${fate} expected, not ${action}`);
  if (fate === "stack") assert.equal(Buffer.from(bytes).toString("hex"), frame, what);
  assertSameFrames(out, step.out ?? [], what);
  assert.deepEqual(await flowsOf(dataplane), flows, what);
}

async function flowsOf({ port, director }: DataplaneUnderTest): Promise<string[]> {
  const { flows } = await port.flows(0, 1000);
  return flows.map((flow) => `${describeFlow(flow)} ${serverName(flow)} ${flow.state}`).sort();

  function serverName({ server: slot }: Flow): string {
    const server = director.serverAt(slot);
    return server ? endpoint(server.rip, server.port) : "-";
  }
}

function describeFlow({ protocol, cip, cport, vip, vport }: Flow): string {
  return `${protocol} ${endpoint(cip, cport)} ${endpoint(vip, vport)}`;
}

/** What the director of the lab would find in its route and neighbour tables. */
function* nextHops({ mtu, wires }: LabDescription): Generator<[Address, NextHop]> {
  for (const { mac, addresses, gateway, routes, neighbours } of Object.values(wires)) {
    const own = addresses.map((each) => address(each.split("/")[0] ?? ""));
    const to = (ip: Address, destinationMac: string, pathMtu = mtu): [Address, NextHop] => {
      const dip = own.find((each) => familyOf(each) === familyOf(ip)) ?? ip;
      return [ip, { kind: "resolved", ifindex: INGRESS, mtu: pathMtu, sourceMac: mac, destinationMac, dip }];
    };
    for (const ip of own) yield [ip, { kind: "local" }];
    for (const neighbour of neighbours) {
      for (const text of neighbour.addresses) yield to(address(text), neighbour.mac);
    }
    // The servers behind a route are host 11 of its network.
    for (const route of routes) yield to(address(hostEleven(route.to)), gateway.mac, route.mtu);
  }
}

function hostEleven(network: string): string {
  const prefix = network.split("/")[0] ?? "";
  return prefix.includes(":") ? `${prefix}11` : prefix.replace(/0$/, "11");
}
