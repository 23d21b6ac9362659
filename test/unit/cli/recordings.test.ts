// SPDX-License-Identifier: MIT
// Replays the recordings of ipvsadm in order against an API in memory: same output, same errors, same exit codes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runIpvsadm } from "../../../src/cli/ipvsadm/run.ts";
import { FakeApi, type ServerSettings } from "./fake-api.ts";
import { expandNumbers, type Recording, readRecordings } from "./recordings.ts";
import { makeWorld } from "./world.ts";

interface Scenario {
  readonly folder: string;
  /** Same stdout, stderr and exit code. */
  readonly replayed: string;
  /** Asks for what is not available yet, and is told so. */
  readonly refused: string;
  /** Legal, but follows steps that were refused, or is no plain ipvsadm command. */
  readonly left: string;
  /** What had been set up before the recording began. */
  seed(api: FakeApi): void;
  /** What refused steps would have left behind for later ones. */
  readonly effects: Readonly<Record<string, (api: FakeApi) => void>>;
}

const WEB = "/v1/services/tcp/10.0.0.100/80";

function server(rip: string, port: number, settings: Partial<ServerSettings> = {}) {
  return { rip, port, method: "masquerade", weight: 1, ...settings } as const;
}

const SCENARIOS: readonly Scenario[] = [
  {
    folder: "cli-empty",
    replayed: "001-004 009 016",
    refused: "005-008 010 017",
    left: "011-015 018",
    seed: () => undefined,
    effects: {},
  },
  {
    folder: "cli-errors",
    replayed: "001-012 015-017 021-029 032-035 040-055",
    refused: "013-014 018-020 030-031 036-039",
    left: "",
    seed: (api) => api.seed(WEB, "wlc", [server("10.0.0.11", 80)]),
    effects: {},
  },
  {
    folder: "cli-services",
    replayed: "001-015 021 031-040 044 047-050 062 064 067 075 077 079-081 086-087 089 091-092",
    refused: "016-020 022-030 041-043 045-046 054 056-060 063 065-066 070-072 076 078 082 084-085 088",
    left: "051-053 055 061 068-069 073-074 083 090",
    seed: () => undefined,
    effects: {
      "041": (api) => api.seed(WEB, "wlc", [server("10.0.0.18", 80, { method: "direct" })]),
    },
  },
  {
    folder: "cli-tunnels",
    replayed: "001-005 017-021",
    refused: "016 022",
    left: "",
    seed: () => undefined,
    effects: {
      // Connections that had been opened and closed in between.
      "016": ({ services }) => {
        for (const [index, inactive] of [8, 4, 4].entries())
          Object.assign(services[0]?.servers[index] ?? {}, { inactive });
      },
    },
  },
  {
    folder: "cli-daemon-timeouts",
    replayed: "001-011 022-023",
    refused: "012-021 024-026",
    left: "",
    seed: () => undefined,
    effects: {},
  },
];

const numbersOf = (ranges: string) => (ranges === "" ? [] : expandNumbers(ranges));

for (const scenario of SCENARIOS) {
  describe(`recordings of ${scenario.folder}`, () => {
    const recordings = readRecordings(scenario.folder);
    const [replayed, refused, left] = [scenario.replayed, scenario.refused, scenario.left].map(numbersOf);
    const api = new FakeApi();
    const world = makeWorld(api);
    scenario.seed(api);

    it("has every case in exactly one list", () => {
      const listed = [...(replayed ?? []), ...(refused ?? []), ...(left ?? [])].sort();
      assert.deepEqual(
        listed,
        recordings.map(({ number }) => number),
      );
    });

    const replay = async ({ argv = [], stdout, stderr, rc }: Recording) =>
      assert.deepEqual(await runIpvsadm(argv, world), { rc, stdout, stderr });

    const refuse = async ({ argv = [], number }: Recording) => {
      const before = structuredClone(api.services);
      const outcome = await runIpvsadm(argv, world);
      assert.equal(outcome.rc, 2);
      assert.match(outcome.stderr, /^xvsadm: [\w -]+ is not available yet\n$/);
      assert.deepEqual(api.services, before);
      scenario.effects[number]?.(api);
    };

    for (const recording of recordings) {
      const command = `ipvsadm ${recording.argv?.join(" ")}`;
      if (replayed?.includes(recording.number)) {
        it(`${recording.name}: ${command}`, () => replay(recording));
      } else if (refused?.includes(recording.number)) {
        it(`${recording.name} is refused for now: ${command}`, () => refuse(recording));
      }
    }
  });
}
