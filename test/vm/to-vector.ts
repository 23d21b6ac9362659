// SPDX-License-Identifier: MIT
// A scenario and what the kernel did with it -> a vector. Pure.

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
    const fate = fateOf(via, step);
    const leaves = fate === "forwarded" || fate === "answered";
    const out = leaves && { out: withoutChoices(step.out, packet.bytes()) };
    return { what, via, frame: hex(packet.bytes()), fate, ...out, flows: step.flows };
  });
  const optional = { ...(needs && { needs }), ...(inAnyOrder && { inAnyOrder }) };
  return { name, ...optional, configuration: configurationOf(scenario), steps };
}

function fateOf(via: WireName, { out, delivered, held, routed, handled }: IpvsStep): Fate {
  if (delivered > 0 || (held > 0 && out.length === 0) || (routed > 0 && handled === 0)) return "stack";
  if (out.length === 0) return "dropped";
  return out.every((frame) => frame.via === via) ? "answered" : "forwarded";
}

/** Frames in their normal form, with the fields that the kernel chose. */
export function withoutChoices(frames: readonly FrameSeen[], caused: Uint8Array): FrameOut[] {
  return frames.map(({ via, frame }) => {
    const bytes = Buffer.from(frame, "hex");
    const free = freeFields(bytes, caused);
    return { via, frame: hex(normalForm(bytes, free)), ...(free.length > 0 && { free }) };
  });
}
