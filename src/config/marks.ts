// SPDX-License-Identifier: MIT
// Marks in documents: their schema, and between it and the model. Pure.

import Type from "typebox";
import Format from "typebox/format";
import type { Mark, MarkMatch, PortRange } from "../model/marks.ts";
import { type Prefix, parsePrefix } from "../model/prefix.ts";
import { MARK_MAX, PROTOCOLS } from "../model/service.ts";

Format.Set("network", (text) => parsePrefix(text) !== undefined);
Format.Set("ports", (text) => parseRange(text) !== undefined);

const CLOSED = { additionalProperties: false } as const;

export const MarkNumberSchema = Type.Integer({ minimum: 1, maximum: MARK_MAX });

const PortsSchema = Type.Unsafe<number | string>({
  type: ["integer", "string"],
  minimum: 1,
  maximum: 65535,
  format: "ports",
  description: "a port, or `8000-8099`",
});

export const MarkMatchSchema = Type.Object(
  {
    destination: Type.String({ format: "network", description: "`10.0.0.0/8`, `2001:db8::/32` or an address" }),
    protocol: Type.Optional(Type.Enum(PROTOCOLS)),
    ports: Type.Optional(Type.Immutable(Type.Array(PortsSchema, { minItems: 1, description: "any of them" }))),
    interface: Type.Optional(
      Type.String({ minLength: 1, description: "by which the packet comes; xdirector must be attached to it" }),
    ),
  },
  { ...CLOSED, description: "packets that match all of it; what is left out matches anything" },
);

export const MatchesSchema = Type.Immutable(
  Type.Array(MarkMatchSchema, {
    minItems: 1,
    description: "any of them; of all marks' matches, that of the longest prefix wins, then the most specific one",
  }),
);

export const MarkDocumentSchema = Type.Object({ mark: MarkNumberSchema, match: MatchesSchema }, CLOSED);

export type MarkMatchDocument = Type.Static<typeof MarkMatchSchema>;
export type MarkDocument = Type.Static<typeof MarkDocumentSchema>;

export function toMark({ mark, match }: MarkDocument): Mark {
  return { mark, match: match.map(toMatch) };
}

/** Inverse of {@link toMark}. */
export function toMarkDocument({ mark, match }: Mark): MarkDocument {
  return { mark, match: match.map(toMatchDocument) };
}

function toMatch({ destination, protocol, ports, interface: name }: MarkMatchDocument): MarkMatch {
  return {
    destination: parsePrefix(destination) as Prefix,
    ...(protocol && { protocol }),
    ...(ports && {
      ports: ports.map((port) =>
        typeof port === "number" ? { first: port, last: port } : (parseRange(port) as PortRange),
      ),
    }),
    ...(name !== undefined && { interface: name }),
  };
}

function toMatchDocument({ ports, ...others }: MarkMatch): MarkMatchDocument {
  return { ...others, ...(ports && { ports: ports.map(toPorts) }) };
}

function toPorts({ first, last }: PortRange): number | string {
  return first === last ? first : `${first}-${last}`;
}

/** Undefined when `text` is none. */
function parseRange(text: string): PortRange | undefined {
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const range = { first: Number(from), last: Number(to) };
  return range.first >= 1 && range.first <= range.last && range.last <= 65535 ? range : undefined;
}
