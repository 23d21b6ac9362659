// SPDX-License-Identifier: MIT
// Random valid health: checks of every type, quorum, sorry server, scripts, global settings.

import fc from "fast-check";
import { type Check, DNS_TYPES, HTTP_PROTOCOLS, type HttpUrl, REGEX_OPTIONS } from "../../../src/model/check.ts";
import type { HealthSettings, ServerHealth, ServiceHealth } from "../../../src/model/health.ts";
import type { Script } from "../../../src/model/script.ts";
import { ipv4Address, plainRecord, port } from "./arbitrary-state.ts";

/** Documents have seconds: a whole number of ms survives. */
const ms = fc.integer({ min: 1, max: 100_000_000 });
const msOrNone = fc.integer({ min: 0, max: 100_000_000 });
const word = fc.stringMatching(/^[a-z][a-z0-9._-]{0,9}$/);
const argument = fc.oneof(word, fc.string({ unit: fc.constantFrom(..."ab '\"\\$#!~@\t\n1{}") }));
const path = word.map((name) => `/${name}`);
const onOff = fc.boolean();

const script: fc.Arbitrary<Script> = fc
  .tuple(
    path,
    fc.array(argument, { maxLength: 3 }),
    fc.option(word, { nil: undefined }),
    fc.option(word, { nil: undefined }),
  )
  .map(([program, args, user, group]) => ({
    argv: [program, ...args.filter((each) => each !== "")],
    ...(user !== undefined && { user, ...(group !== undefined && { group }) }),
  }));

const timing = { delayLoop: ms, retry: fc.nat(9), delayBeforeRetry: ms, warmup: msOrNone, alpha: onOff };
const endpoint = optional({
  connectIp: ipv4Address,
  connectPort: port,
  bindTo: ipv4Address,
  bindPort: port,
  bindInterface: word,
  mark: port,
});
const network = fc
  .tuple(plainRecord({ ...timing, connectTimeout: ms, logAllFailures: onOff }), endpoint)
  .map(([required, given]) => ({ ...required, ...given }));

const range = fc
  .tuple(fc.integer({ min: 100, max: 599 }), fc.integer({ min: 100, max: 599 }))
  .map(([a, b]) => ({ from: Math.min(a, b), to: Math.max(a, b) }));
const regex = plainRecord({
  pattern: fc.constantFrom("ok", "^o.k$", "a {2,3}b", "[0-9]+\\.x"),
  options: fc.subarray([...REGEX_OPTIONS]),
  mustNotMatch: onOff,
  minOffset: fc.nat(99),
  maxOffset: fc.nat(99),
});
const digest = fc.stringMatching(/^[0-9a-f]{32}$/);
const url: fc.Arbitrary<HttpUrl> = fc
  .tuple(path, fc.array(range, { minLength: 1, maxLength: 3 }), optional({ digest, virtualHost: word, regex }))
  .map(([at, statusCodes, given]) => ({ path: at, statusCodes, ...given }));

const nibbles = fc.stringMatching(/^([0-9a-f]{2}){1,4}$/);

const check: fc.Arbitrary<Check> = fc.oneof(
  network.map((each): Check => ({ ...each, type: "tcp" })),
  network.map((each): Check => ({ ...each, type: "ping" })),
  fc
    .tuple(
      network,
      plainRecord({
        type: fc.constantFrom("http" as const, "https" as const),
        httpProtocol: fc.constantFrom(...HTTP_PROTOCOLS),
        sni: onOff,
        fastRecovery: onOff,
        urls: fc.array(url, { minLength: 1, maxLength: 2 }),
        virtualHost: word,
      }),
    )
    .map(([each, own]) => ({ ...each, ...own })),
  fc.tuple(network, word).map(([each, heloName]): Check => ({ ...each, type: "smtp", heloName })),
  fc
    .tuple(network, fc.constantFrom(...DNS_TYPES), word)
    .map(([each, queryType, name]): Check => ({ ...each, type: "dns", queryType, name })),
  fc
    .tuple(network, onOff, nibbles, fc.nat(50), optional({ payload: nibbles }))
    .map(([each, requireReply, reply, minReplyLength, given]): Check => {
      const lengths = { minReplyLength, maxReplyLength: minReplyLength + 9 };
      return { ...each, type: "udp", requireReply, ...lengths, ...(requireReply && { reply }), ...given };
    }),
  plainRecord({ ...timing, type: fc.constant("misc" as const), script, timeout: ms, dynamicWeight: onOff }),
  word.map((name): Check => ({ type: "file", name, path: `/${name}`, weight: 3, reverse: true })),
  fc.tuple(word, onOff).map(([name, alpha]): Check => ({ type: "bfd", name, alpha })),
);

export const serverHealth: fc.Arbitrary<ServerHealth> = fc
  .tuple(
    plainRecord({ checks: fc.array(check, { maxLength: 3 }), inhibitOnFailure: onOff, smtpAlert: onOff }),
    optional({ notifyUp: script, notifyDown: script }),
  )
  .map(([required, given]) => ({ ...required, ...given }));

/** Without a sorry server, which must suit the service. Every check must have a virtual host of its own. */
export const serviceHealth: fc.Arbitrary<ServiceHealth> = fc
  .tuple(
    plainRecord({
      alpha: onOff,
      omega: fc.constant(false),
      haSuspend: fc.constant(false),
      smtpAlert: onOff,
      probe: fc.constant("server" as const),
      udpRebalance: fc.constant(true),
    }),
    optional({ quorumUp: script, quorumDown: script, virtualHost: word }),
    fc.tuple(
      plainRecord({ delayLoop: ms, connectTimeout: ms }),
      optional({ retry: fc.integer({ min: 1, max: 9 }), delayBeforeRetry: ms, warmup: msOrNone }),
    ),
  )
  .map(([required, given, [times, more]]) => ({
    ...required,
    ...given,
    timing: { ...times, ...more },
    quorum: 1,
    hysteresis: 0,
  }));

export const healthSettings: fc.Arbitrary<HealthSettings> = fc
  .tuple(
    plainRecord({ noCheckerEmails: onOff, scriptSecurity: onOff, rsInitNotifies: onOff }),
    optional({
      routerId: word,
      scriptUser: plainRecord({ user: word }),
      lvsNotifyFifo: plainRecord({ path, script }),
      notifyFifo: plainRecord({ path }),
      tls: plainRecord({ ca: path }),
      mail: plainRecord({
        server: ipv4Address,
        port,
        connectTimeout: ms,
        to: fc.array(word, { minLength: 1, maxLength: 3 }),
      }),
    }),
  )
  .map(([required, given]) => ({ ...required, ...given }));

/** Any of the fields. */
function optional<T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<Partial<T>> {
  return fc.record(model, { requiredKeys: [], noNullPrototype: true }) as fc.Arbitrary<Partial<T>>;
}
