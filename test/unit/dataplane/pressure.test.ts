// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { defencesFor } from "../../../src/dataplane/pressure.ts";
import { DEFAULT_SETTINGS, type Settings } from "../../../src/model/settings.ts";

/** 96 bytes a flow: 1,024 pages are 43,690 flows. */
const LARGE = 1 << 20;
const SMALL = 4096;

describe("against load", () => {
  const rows: readonly {
    what: string;
    settings?: Partial<Settings>;
    room?: number;
    left: number;
    dropRate: number;
    sheds: boolean;
  }[] = [
    { what: "nothing is done unless it is asked for", left: 0, dropRate: 0, sheds: false },
    {
      what: "3 is always, at the rate that is set",
      settings: { dropPacket: 3, dropEntry: 3, amDroprate: 7 },
      left: LARGE,
      dropRate: 7,
      sheds: true,
    },
    {
      what: "1 does nothing while there is room",
      settings: { dropPacket: 1, dropEntry: 1 },
      left: 43_700,
      dropRate: 0,
      sheds: false,
    },
    {
      what: "1 begins when less than amemthresh is left, gently",
      settings: { dropPacket: 1, dropEntry: 1 },
      left: 43_000,
      dropRate: 63,
      sheds: true,
    },
    {
      what: "2 is the same; half of it left is every second flow",
      settings: { dropPacket: 2, dropEntry: 2 },
      left: 21_846,
      dropRate: 2,
      sheds: true,
    },
    {
      what: "with nothing left every new flow is dropped",
      settings: { dropPacket: 1 },
      left: 0,
      dropRate: 1,
      sheds: false,
    },
    {
      what: "amemthresh may be less",
      settings: { dropPacket: 1, amemthresh: 10 },
      left: 43_000,
      dropRate: 0,
      sheds: false,
    },
    {
      what: "a table smaller than amemthresh is short when a sixteenth is left",
      settings: { dropPacket: 1, dropEntry: 1 },
      room: SMALL,
      left: 128,
      dropRate: 2,
      sheds: true,
    },
    {
      what: "but not before",
      settings: { dropPacket: 1, dropEntry: 1 },
      room: SMALL,
      left: 257,
      dropRate: 0,
      sheds: false,
    },
    {
      what: "more flows than it is meant for are none left",
      settings: { dropPacket: 1 },
      room: SMALL,
      left: -10,
      dropRate: 1,
      sheds: false,
    },
  ];
  for (const { what, settings, room = LARGE, left, dropRate, sheds } of rows) {
    it(what, () => {
      const found = defencesFor({ ...DEFAULT_SETTINGS, ...settings }, { occupied: room - left, room });
      assert.deepEqual(found, { dropRate, sheds });
    });
  }
});
