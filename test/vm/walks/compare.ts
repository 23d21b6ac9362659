// SPDX-License-Identifier: MIT
// Whether both directors did the same on a walk, one subject at a time.

import assert from "node:assert/strict";
import { decode } from "../../support/packet.ts";
import { assertSameFrames } from "../../vectors/compare.ts";
import type { FrameSeen, WalkSeen } from "../guest-run.ts";
import { withoutChoices } from "../to-vector.ts";
import type { Subject, Walk } from "./walk.ts";

/** @throws AssertionError at the first step that differs */
export function assertSameWalk({ steps }: Walk, subject: Subject, ours: WalkSeen, theirs: WalkSeen): void {
  for (const [index, step] of steps.entries()) {
    const [our, their] = [ours[index], theirs[index]];
    const when = `${subject.name}: step ${index + 1} of ${steps.length}`;
    assert.ok(our && their, when);
    if ("burst" in step) {
      const [sample] = step.burst;
      const [seen, wanted] = [framesOf(subject, our), framesOf(subject, their)];
      assert.deepEqual(seen.map(wayOf), wanted.map(wayOf), when);
      assertSameFrames(seen, withoutChoices(wanted, sample?.packet.bytes() ?? new Uint8Array()), when);
    }
    if ("look" in step) assert.deepEqual(connectionsOf(subject, our), connectionsOf(subject, their), when);
  }
}

/** Counts of active and inactive connections. In which order services are listed is up to the kernel's secret. */
export function assertSameCounts({ steps }: Walk, ours: WalkSeen, theirs: WalkSeen): void {
  for (const [index, step] of steps.entries()) {
    if ("look" in step) assert.deepEqual(servicesOf(ours[index]), servicesOf(theirs[index]), `step ${index + 1}`);
  }
}

function framesOf({ clients }: Subject, seen: WalkSeen[number]): readonly FrameSeen[] {
  const out = "out" in seen ? seen.out : [];
  return out.filter((frame) => addressesOf(frame).some((address) => address.startsWith(clients)));
}

/** Every subject asks for all of them. */
const addresses = new WeakMap<FrameSeen, readonly string[]>();

function addressesOf(seen: FrameSeen): readonly string[] {
  const known = addresses.get(seen);
  if (known) return known;
  const found = layers(seen.frame).flatMap((layer) =>
    layer.layer === "ipv4" || layer.layer === "ipv6" ? [layer.source, layer.destination] : [],
  );
  addresses.set(seen, found);
  return found;
}

/** In one line. */
function wayOf({ via, frame }: FrameSeen): string {
  const ends = layers(frame).flatMap((layer) => {
    if (layer.layer === "ethernet") return [`to ${layer.destination}`];
    if (layer.layer === "ipv4" || layer.layer === "ipv6") return [`${layer.source} > ${layer.destination}`];
    if (layer.layer === "tcp" || layer.layer === "udp") return [`${layer.sourcePort} > ${layer.destinationPort}`];
    return [layer.layer];
  });
  return [via, ...ends].join(", ");
}

function layers(frame: string) {
  return decode(Buffer.from(frame, "hex")).layers;
}

/** States of SCTP that end after four seconds: one director may be looked at before, the other one after. */
const SHORT_LIVED = /^sctp .* (INIT1|REJECTED)$/;

function connectionsOf({ clients }: Subject, seen: WalkSeen[number]): readonly string[] {
  const connections = "connections" in seen ? seen.connections : [];
  const own = connections.filter((line) => line.split(" ")[1]?.replace("[", "").startsWith(clients));
  return own.filter((line) => !SHORT_LIVED.test(line));
}

/** Each with its servers. */
function servicesOf(seen: WalkSeen[number] | undefined): string[] {
  const lines = seen && "services" in seen ? seen.services : [];
  const starts = lines.flatMap((line, index) => (line.startsWith(" ") ? [] : [index]));
  const services = starts.map((start, index) => lines.slice(start, starts[index + 1]));
  return services
    .map((service) => (service[0]?.startsWith("SCTP") ? service.map(withoutInactive) : service).join("\n"))
    .sort();
}

/** Short-lived associations are among them. */
function withoutInactive(line: string): string {
  return line.replace(/^( .*) \d+$/, "$1");
}
