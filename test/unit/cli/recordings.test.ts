// SPDX-License-Identifier: MIT
// Replays the recordings of ipvsadm in order against an API in memory: same output, same errors, same exit codes.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Outcome } from "../../../src/cli/ipvsadm/intent.ts";
import { address, server, service } from "../../support/memory-director.ts";
import { QuietApi, readText } from "./quiet-api.ts";
import { expandNumbers, type Recording, readRecordings } from "./recordings.ts";
import { answer, makeWorld } from "./world.ts";

/** Every command of a folder is replayed: same stdout, stderr and exit code, but for these. */
interface Scenario {
  readonly folder: string;
  /** Not replayed: no plain ipvsadm command, or of another kernel's doing. */
  readonly left: string;
  /** What had been set up before the recording began. */
  seed(api: QuietApi): void;
  /** What happened before a step without any command. */
  readonly before: Readonly<Record<string, (api: QuietApi) => void>>;
}

const SCENARIOS: readonly Scenario[] = [
  {
    folder: "cli-empty",
    left: "013 015 018",
    seed: () => undefined,
    before: {},
  },
  {
    folder: "cli-errors",
    left: "017", // the recorded kernel lacked the module of twos
    seed: (api) =>
      api.seed(service([], { vip: address("10.0.0.100"), scheduler: "wlc" }), [
        server("10.0.0.11", { method: "masquerade" }),
      ]),
    before: {},
  },
  {
    folder: "cli-services",
    left: "",
    seed: () => undefined,
    before: {},
  },
  {
    folder: "cli-tunnels",
    left: "",
    seed: () => undefined,
    before: {
      // Connections that had been opened and closed in between.
      "017": ({ director }) => {
        director.counted.set("10.20.0.11:80", { inactive: 8 });
        director.counted.set("10.20.0.12:80", { inactive: 4 });
        director.counted.set("10.30.0.13:80", { inactive: 4 });
      },
    },
  },
  {
    folder: "cli-daemon-timeouts",
    left: "",
    seed: () => undefined,
    before: {},
  },
];

const numbersOf = (ranges: string) => (ranges === "" ? [] : expandNumbers(ranges));

for (const scenario of SCENARIOS) {
  describe(`recordings of ${scenario.folder}`, () => {
    const left = numbersOf(scenario.left);
    const api = new QuietApi();
    const world = makeWorld(api);
    scenario.seed(api);

    const replay = async ({ argv, command, number, stdout, stderr, rc }: Recording) => {
      scenario.before[number]?.(api);
      const outcome = argv ? await answer(argv, world) : await runShell(command, api);
      assert.deepEqual(outcome, { rc, stdout, stderr });
    };

    for (const recording of readRecordings(scenario.folder)) {
      const { command } = recording;
      if (left.includes(recording.number)) continue;
      it(`${recording.name}: ${command}`, () => replay(recording));
    }
  });
}

/** What else was recorded: proc files, and one round trip of saved rules. */
async function runShell(command: string, api: QuietApi): Promise<Outcome> {
  const [, proc] = /^cat \/proc\/net\/(\w+)$/.exec(command) ?? [];
  if (proc !== undefined) return { rc: 0, stdout: await readText(api, `/v1/compat/proc/net/${proc}`), stderr: "" };
  const save = () => answer(["-Sn"], makeWorld(api));
  const first = await save();
  await answer(["-C"], makeWorld(api));
  const restored = await answer(["-R"], makeWorld(api, first.stdout));
  const isSame = (await save()).stdout === first.stdout;
  return { rc: 0, stdout: `restore exit ${restored.rc}\n${isSame ? "same\n" : ""}`, stderr: restored.stderr };
}
