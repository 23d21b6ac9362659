// SPDX-License-Identifier: MIT
// `lvs_method NAT | DR | TUN [type ipip | gue port N | gre] [nocsum | csum | remcsum]`, in a virtual server,
// a real server and for a sorry server.

import { IPIP, type Method, type Tunnel } from "../../model/service.ts";
import type { Statement } from "./tree.ts";
import { PORT, readChoice, readInteger } from "./values.ts";
import type { Context } from "./walk.ts";
import type { Word } from "./words.ts";

export interface Forwarding {
  readonly method: Method;
  readonly tunnel?: Tunnel;
}

const METHODS = { NAT: "masquerade", DR: "direct", TUN: "tunnel" } as const;
const TYPES = ["ipip", "gue", "gre"] as const;
const CHECKSUMS = ["nocsum", "csum", "remcsum"];

/** Undefined, and reported, when the words make no sense. */
export function readForwarding({ args }: Statement, context: Context): Forwarding | undefined {
  const [word, ...options] = args as [Word, ...Word[]];
  const name = readChoice(word, ["NAT", "DR", "TUN"], context);
  if (name === undefined) return undefined;
  if (name === "TUN") return readTunnel(options, context);
  const [extra] = options;
  if (extra) return refuse(extra, `${name} takes no options`, context);
  return { method: METHODS[name] };
}

function readTunnel(words: readonly Word[], context: Context): Forwarding | undefined {
  const rest = [...words];
  const tunnel = { ...IPIP } as { -readonly [K in keyof Tunnel]: Tunnel[K] };
  for (let word = rest.shift(); word; word = rest.shift()) {
    const value = rest[0];
    if (word.value === "type" && value) {
      const type = readChoice(value, TYPES, context);
      if (type === undefined) return undefined;
      tunnel.type = type;
      rest.shift();
    } else if (word.value === "port" && value) {
      const port = readInteger(value, PORT, context);
      if (port === undefined) return undefined;
      tunnel.port = port;
      rest.shift();
    } else if (CHECKSUMS.includes(word.value)) {
      delete tunnel.remoteChecksum;
      if (word.value === "remcsum") tunnel.remoteChecksum = true;
      tunnel.checksum = word.value === "csum";
    } else {
      return refuse(word, `'${word.value}' is no tunnel option`, context);
    }
  }
  if ((tunnel.type === "gue") !== tunnel.port > 0) {
    const [first = words[0]] = words;
    return refuse(first as Word, "gue takes a port, the other types do not", context);
  }
  return { method: "tunnel", ...(tunnel.type !== "ipip" && { tunnel }) };
}

function refuse(word: Word, message: string, { diagnostics }: Context): undefined {
  diagnostics.error(word, message);
  return undefined;
}
