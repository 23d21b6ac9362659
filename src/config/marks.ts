// SPDX-License-Identifier: MIT
// Between marks in documents and the model. Pure.

import type { Mark, MarkMatch, PortRange } from "../model/marks.ts";
import { type Prefix, parsePrefix } from "../model/prefix.ts";
import type { MarkDocument, MarkMatchDocument } from "./mark-schema.ts";

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

/** `8000-8099`; undefined when `text` is none. */
export function parseRange(text: string): PortRange | undefined {
  const [, from, to] = /^(\d{1,5})-(\d{1,5})$/.exec(text) ?? [];
  const range = { first: Number(from), last: Number(to) };
  return range.first >= 1 && range.first <= range.last && range.last <= 65535 ? range : undefined;
}
