// SPDX-License-Identifier: MIT
// Whether what came out is what a vector says, with a failure that shows headers and not only bytes.

import assert from "node:assert/strict";
import { decode } from "../support/packet.ts";
import type { FrameOut, WireName } from "./format.ts";
import { normalForm } from "./normal-form.ts";

export interface Frame {
  readonly frame: string;
  /** Absent where an implementation was not attached to wires. */
  readonly via?: WireName;
}

/** Byte for byte but for the fields that are free; the MAC addresses tell the wire where `via` is absent. */
export function assertSameFrames(actual: readonly Frame[], expected: readonly FrameOut[], what: string): void {
  const normal = actual.map(({ via, frame }, index) => ({
    ...(via && { via }),
    frame: Buffer.from(normalForm(Buffer.from(frame, "hex"), expected[index]?.free ?? [])).toString("hex"),
  }));
  const wanted = expected.map(({ via, frame }, index) => ({ ...(normal[index]?.via && { via }), frame }));
  assert.deepEqual(normal.map(readable), wanted.map(readable), what);
  assert.deepEqual(normal, wanted, what);
}

function readable({ via, frame }: Frame) {
  return { via, ...decode(Buffer.from(frame, "hex")) };
}
