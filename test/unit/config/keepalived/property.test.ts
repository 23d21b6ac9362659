// SPDX-License-Identifier: MIT
// What holds for every state and every text: printing and reading are inverses; garbage is answered with
// places in the file, never with an exception.

import assert from "node:assert/strict";
import { test } from "node:test";
import fc from "fast-check";
import { toDocument } from "../../../../src/config/document.ts";
import { looksLikeKeepalived } from "../../../../src/config/keepalived/detect.ts";
import { printKeepalived } from "../../../../src/config/keepalived/print.ts";
import { parseDocument } from "../../../../src/config/parse-document.ts";
import { type DesiredState, isMark, type RealServer, type VirtualService } from "../../../../src/model/service.ts";
import { DEFAULT_SETTINGS } from "../../../../src/model/settings.ts";
import { healthSettings, serverHealth, serviceHealth } from "../arbitrary-health.ts";
import { arbitraryState } from "../arbitrary-state.ts";
import { goldens, read } from "./golden.ts";

/** States as a keepalived.conf can describe them: servers everywhere, no sysctls, no ports that cannot be mapped. */
const watchedState: fc.Arbitrary<DesiredState> = fc
  .tuple(
    arbitraryState,
    fc.array(serviceHealth, { minLength: 6, maxLength: 6 }),
    fc.array(serverHealth, { minLength: 24, maxLength: 24 }),
    healthSettings,
  )
  .map(([state, services, servers, health]) => ({
    services: state.services
      .filter((service) => service.servers.length > 0)
      .map((service, index) =>
        watched(service, services[index] as (typeof services)[number], servers.slice(index * 4)),
      ),
    settings: { ...DEFAULT_SETTINGS, timeouts: state.settings.timeouts },
    health,
  }));

type Health = NonNullable<VirtualService["health"]>;

function watched(
  { mssClamp: _mss, mhTableSize: _size, slowStart: _seconds, ...service }: VirtualService,
  health: Health,
  servers: readonly NonNullable<RealServer["health"]>[],
): VirtualService {
  return {
    ...service,
    health,
    servers: service.servers.map((server, index) => ({
      ...server,
      ...(isMark(service) && server.method !== "masquerade" && { port: 0 }),
      health: servers[index] as NonNullable<RealServer["health"]>,
    })),
  };
}

test("a printed state is read back as it was, with nothing to complain about", () => {
  fc.assert(
    fc.property(watchedState, (state) => {
      const text = printKeepalived(state);
      const { state: again, diagnostics } = read(text);
      assert.deepEqual(
        diagnostics.filter(({ severity }) => severity === "error" || severity === "warning"),
        [],
      );
      assert.deepEqual(again, state);
    }),
  );
});

test("a native document with health is read back as it was", () => {
  fc.assert(
    fc.property(watchedState, (state) => {
      assert.deepEqual(parseDocument(JSON.parse(JSON.stringify(toDocument(state)))), state);
    }),
  );
});

test("any text is either accepted or answered with places in it", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string({ unit: "binary" }), lines(), mutatedGolden()), (text) => {
      const rows = text.split("\n");
      looksLikeKeepalived(text);
      for (const { file, line, column, message } of read(text).diagnostics) {
        assert.equal(file, "keepalived.conf");
        assert.ok(line >= 1 && line <= rows.length, `line ${line} of ${rows.length}`);
        assert.ok(column >= 1 && column <= (rows[line - 1] as string).length + 1, `column ${column}`);
        assert.ok(message.length > 0);
      }
    }),
    { numRuns: 500 },
  );
});

/** Words of the language in no order. */
function lines(): fc.Arbitrary<string> {
  const words = fc.constantFrom(
    ..."{ } \" ' \\ # ! $A $A= $ {A} {_RANDOM} @host @^host ~SEQ(A,3) ~LST(A,1,2) $A=\\".split(" "),
    `\${A}`,
    `\${_RANDOM 1}`,
    "\n",
    "virtual_server",
    "real_server",
    "192.0.2.1",
    "80",
    "global_defs",
    "HTTP_GET",
    "url",
    "path",
    "/",
    "include x",
    "vrrp_instance",
    "fwmark",
    "group",
    "virtual_server_group",
    "10.0.0.1-9",
    "lvs_method",
    "TUN",
    "type",
    "weight",
    "track_file",
  );
  return fc.array(fc.oneof(words, words, fc.string()), { maxLength: 60 }).map((parts) => parts.join(" "));
}

/** A golden file with a piece taken out or doubled. */
function mutatedGolden(): fc.Arbitrary<string> {
  return fc
    .tuple(fc.constantFrom(...goldens().map(({ input }) => input)), fc.nat(), fc.nat(200), fc.boolean())
    .map(([text, at, length, isDoubled]) => {
      const start = at % text.length;
      const piece = text.slice(start, start + length);
      return text.slice(0, start) + (isDoubled ? piece + piece : "") + text.slice(start + length);
    });
}

const UNSAID: readonly [field: string, change: (state: DesiredState) => DesiredState][] = [
  ["settings.sloppyTcp", (state) => ({ ...state, settings: { ...state.settings, sloppyTcp: 1 } })],
  ["marks", (state) => ({ ...state, marks: [] })],
  [
    "services[0].slowStart",
    (state) => ({ ...state, services: state.services.map((each) => ({ ...each, slowStart: 9 })) }),
  ],
];

for (const [field, change] of UNSAID) {
  test(`${field} is refused rather than left out, as keepalived.conf has no word for it`, () => {
    const { state } = read(
      "virtual_server 192.0.2.1 80 {\n lvs_sched rr\n lvs_method DR\n protocol TCP\n real_server 10.0.0.1 {\n }\n}\n",
    );
    assert.throws(() => printKeepalived(change(state)), {
      code: "UNSUPPORTED",
      message: `keepalived.conf cannot say ${field}`,
    });
  });
}
