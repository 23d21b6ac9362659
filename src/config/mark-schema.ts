// SPDX-License-Identifier: MIT
// The schema of marks in documents. Data only.

import Type from "typebox";
import Format from "typebox/format";
import { parsePrefix } from "../model/prefix.ts";
import { MARK_MAX, PROTOCOLS } from "../model/service.ts";
import { parseRange } from "./marks.ts";

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

const MarkMatchSchema = Type.Object(
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
