// SPDX-License-Identifier: MIT
// The shapes of checks, as documents: those of model/check.ts, with times in seconds and with most fields
// left to their defaults. Shapes only.

import Type from "typebox";
import { DNS_TYPES, HTTP_PROTOCOLS, REGEX_OPTIONS } from "../model/check.ts";

export const CLOSED = { additionalProperties: false } as const;
const LONGEST = 31 * 86_400;
export const UINT32_MAX = 2 ** 32 - 1;

export const Flag = (description: string) =>
  Type.Optional(Type.Boolean({ description: `${description}; false when left out` }));
export const Seconds = (description: string) =>
  Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: LONGEST, description: `seconds ${description}` }));
export const Text = (description?: string) =>
  Type.Optional(Type.String({ minLength: 1, ...(description && { description }) }));
const Ip = (description: string) => Type.Optional(Type.String({ format: "ip", description }));
export const Port = (description: string) => Type.Optional(Type.Integer({ minimum: 1, maximum: 65535, description }));
export const Count = (maximum: number, description: string) =>
  Type.Optional(Type.Integer({ minimum: 0, maximum, description }));

export const ScriptSchema = Type.Object(
  {
    argv: Type.Immutable(
      Type.Array(Type.String(), { minItems: 1, description: "program and arguments; no shell is involved" }),
    ),
    user: Text("who runs it"),
    group: Text(),
  },
  CLOSED,
);

export const TIMING = {
  delayLoop: Seconds("from a success to the next run; 60 when left out"),
  retry: Count(UINT32_MAX, "failures in a row that do not count yet; 1 when left out, dns: 3, misc: 0"),
  delayBeforeRetry: Seconds("from such a failure to the next run; 1 when left out, http and https: 3, dns: delayLoop"),
  warmup: Type.Optional(
    Type.Number({ minimum: 0, maximum: LONGEST, description: "seconds within which the first run comes; delayLoop" }),
  ),
};
export const ALPHA = { alpha: Flag("down until the first success") };
const NETWORK = {
  ...TIMING,
  ...ALPHA,
  connectTimeout: Seconds("to connect, and to wait for each step of an answer; 5 when left out"),
  connectIp: Ip("the server's when left out"),
  connectPort: Port("the server's when left out"),
  bindTo: Ip("source address"),
  bindPort: Port("source port"),
  bindInterface: Text("interface to leave by"),
  mark: Type.Optional(Type.Integer({ minimum: 1, maximum: UINT32_MAX, description: "SO_MARK of the socket" })),
  logAllFailures: Flag("every failure is logged"),
};

const UrlSchema = Type.Object(
  {
    path: Type.String({ minLength: 1 }),
    digest: Type.Optional(
      Type.String({ pattern: "^[0-9a-f]{32}$", description: "MD5 of the body, as genhash prints" }),
    ),
    statusCodes: Type.Optional(
      Type.Immutable(
        Type.Array(
          Type.Unsafe<number | string>({
            anyOf: [
              { type: "integer", minimum: 100, maximum: 599 },
              { type: "string", pattern: "^[1-5]\\d\\d-[1-5]\\d\\d$" },
            ],
          }),
          { minItems: 1, description: "codes, and ranges like 200-299; that when left out" },
        ),
      ),
    ),
    virtualHost: Text("Host header"),
    regex: Type.Optional(
      Type.Object(
        {
          pattern: Type.String({ minLength: 1 }),
          options: Type.Optional(Type.Immutable(Type.Array(Type.Enum(REGEX_OPTIONS)))),
          mustNotMatch: Flag("success when it is not found"),
          minOffset: Count(UINT32_MAX, "of the match, in bytes"),
          maxOffset: Count(UINT32_MAX, "of the match, in bytes; 0 for none"),
        },
        { ...CLOSED, description: "what the body must contain" },
      ),
    ),
  },
  CLOSED,
);

function check<Name extends string, Properties extends Type.TProperties>(type: Name, properties: Properties) {
  return Type.Object({ type: Type.Literal(type), ...properties }, CLOSED);
}

function http<Name extends "http" | "https">(type: Name) {
  return check(type, {
    ...NETWORK,
    httpProtocol: Type.Optional(Type.Enum(HTTP_PROTOCOLS, { description: "1.0 when left out; 1.0C closes" })),
    virtualHost: Text("Host header; the service's when left out"),
    sni: Flag("the virtual host is sent as TLS server name"),
    fastRecovery: Flag("after a failure, no delay between urls"),
    urls: Type.Immutable(Type.Array(UrlSchema, { minItems: 1, description: "one is tried per run, in turn" })),
  });
}

const CHECKS = [
  check("tcp", NETWORK),
  check("ping", NETWORK),
  http("http"),
  http("https"),
  check("smtp", { ...NETWORK, heloName: Text() }),
  check("dns", { ...NETWORK, queryType: Type.Optional(Type.Enum(DNS_TYPES)), name: Text() }),
  check("udp", {
    ...NETWORK,
    payload: Type.Optional(Type.String({ pattern: "^([0-9a-f]{2})+$", description: "hex digits" })),
    requireReply: Flag("an answer must come; otherwise no ICMP error is a success"),
    reply: Type.Optional(
      Type.String({ pattern: "^[0-9a-fx]+$", description: "hex digits, x for any: how the answer begins" }),
    ),
    minReplyLength: Count(65535, "bytes"),
    maxReplyLength: Count(65535, "bytes; 255 when left out"),
  }),
  check("misc", {
    ...TIMING,
    ...ALPHA,
    script: ScriptSchema,
    timeout: Seconds("until it is ended; delayLoop when left out"),
    dynamicWeight: Flag("exit status 2..255 sets the weight to status - 2"),
  }),
  check("file", {
    name: Type.String({ minLength: 1, description: "in logs" }),
    path: Type.String({ minLength: 1 }),
    weight: Type.Optional(
      Type.Integer({
        minimum: -(2 ** 31) + 1,
        maximum: 2 ** 31 - 1,
        description: "times the file's number; 0: it decides",
      }),
    ),
    reverse: Flag("the other way round"),
    init: Type.Optional(Type.Object({ value: Type.Integer(), overwrite: Type.Boolean() }, CLOSED)),
  }),
  check("bfd", { name: Type.String({ minLength: 1 }), ...ALPHA }),
] as const;

type OneOf<Schemas extends readonly Type.TSchema[]> = Type.Static<Schemas[number]>;

/** Chosen by `type` rather than tried in turn: what is wrong is said about the one that was meant. */
export const CheckSchema = Type.Unsafe<OneOf<typeof CHECKS>>({
  type: "object",
  required: ["type"],
  properties: { type: Type.Enum(CHECKS.map(({ properties }) => properties.type.const)) },
  allOf: CHECKS.map((schema) => {
    const { const: type } = schema.properties.type;
    // "if" and "then" would do, but TypeBox does not say what is wrong within them.
    return { anyOf: [{ not: { required: ["type"], properties: { type: { const: type } } } }, schema] };
  }),
});

export type UrlDocument = Type.Static<typeof UrlSchema>;
export type CheckDocument = Type.Static<typeof CheckSchema>;
