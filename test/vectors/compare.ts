// SPDX-License-Identifier: MIT
// Whether what came out is what a vector says, with a failure that shows headers and not only bytes.

import assert from "node:assert/strict";
import { decode } from "../support/packet.ts";
import type { FrameOut, FreeField, WireName } from "./format.ts";
import { normalForm } from "./normal-form.ts";

export interface Frame {
  readonly frame: string;
  /** Absent where an implementation was not attached to wires. */
  readonly via?: WireName;
}

/** Byte for byte but for the fields that are free; the MAC addresses tell the wire where `via` is absent. */
export function assertSameFrames(actual: readonly Frame[], expected: readonly FrameOut[], what: string): void {
  const normal = actual.map((each, index) => ({
    ...(each.via && { via: each.via }),
    frame: normalHex(each, expected[index]?.free ?? []),
  }));
  const wanted = expected.map(({ via, frame }, index) => ({ ...(normal[index]?.via && { via }), frame }));
  assert.deepEqual(normal.map(readable), wanted.map(readable), what);
  assert.deepEqual(normal, wanted, what);
}

/** The same for frames that may have come in another order: `free` is what is free in any of them. */
export function assertSameFramesInAnyOrder(
  actual: readonly Frame[],
  expected: readonly FrameOut[],
  what: string,
): void {
  const free = [...new Set(expected.flatMap((each) => each.free ?? []))];
  const sorted = <Each extends Frame>(frames: readonly Each[]) =>
    frames.toSorted((one, other) => (normalHex(one, free) < normalHex(other, free) ? -1 : 1));
  assertSameFrames(sorted(actual), sorted(expected), what);
}

function normalHex({ frame }: Frame, free: readonly FreeField[]): string {
  return Buffer.from(normalForm(Buffer.from(frame, "hex"), free)).toString("hex");
}

function readable({ via, frame }: Frame) {
  return { via, ...decode(Buffer.from(frame, "hex")) };
}
