// SPDX-License-Identifier: MIT
// A scenario and what the kernel did with it -> a vector. Pure.

import { decode } from "../support/packet.ts";
import type { Fate, FrameOut, Step, Vector, WireName } from "../vectors/format.ts";
import { freeFields, normalForm } from "../vectors/normal-form.ts";
import type { Scenario } from "./cases/scenario.ts";
import { configurationOf, type FrameSeen, hex, type IpvsStep } from "./guest-run.ts";

export function toVector(scenario: Scenario, seen: readonly IpvsStep[]): Vector {
  const { name, needs, inAnyOrder } = scenario;
  const steps = scenario.steps.map((given, index): Step => {
    const { what } = given;
    const step = seen[index];
    if (!step) throw new Error(`${name}: nothing is known of "${what}"`);
    if (!("packet" in given)) return { ...given, flows: step.flows };
    const { via, packet } = given;
    const fate = fateOf(via, step, packet.bytes());
    const leaves = fate === "forwarded" || fate === "answered";
    const out = leaves && { out: withoutChoices(step.out, packet.bytes()) };
    return { what, via, frame: hex(packet.bytes()), fate, ...out, flows: step.flows };
  });
  const optional = { ...(needs && { needs }), ...(inAnyOrder && { inAnyOrder }) };
  return { name, ...optional, configuration: configurationOf(scenario), steps };
}

function fateOf(via: WireName, { out, delivered, held, routed, handled }: IpvsStep, sent: Uint8Array): Fate {
  // What masqueraded servers that are gone still say is rewritten, but not counted.
  const isOnlyRouted = routed > 0 && handled === 0 && out.every(({ frame }) => hasSameSource(frame, sent));
  if (delivered > 0 || (held > 0 && out.length === 0) || isOnlyRouted) return "stack";
  if (out.length === 0) return "dropped";
  return out.every((frame) => frame.via === via) ? "answered" : "forwarded";
}

function hasSameSource(frame: string, sent: Uint8Array): boolean {
  const source = (bytes: Uint8Array) =>
    decode(bytes).layers.flatMap((layer) => ("source" in layer ? layer.source : []))[1];
  return source(Buffer.from(frame, "hex")) === source(sent);
}

/** Frames in their normal form, with the fields that the kernel chose. */
export function withoutChoices(frames: readonly FrameSeen[], caused: Uint8Array): FrameOut[] {
  return frames.map(({ via, frame }) => {
    const bytes = Buffer.from(frame, "hex");
    const free = freeFields(bytes, caused);
    return { via, frame: hex(normalForm(bytes, free)), ...(free.length > 0 && { free }) };
  });
}
